"""Which digests were sent: noted before and after, so that none is sent twice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from risk_assets.storage.layout import Layout
from risk_assets.storage.lock import writing
from risk_assets.storage.records import append_record, read_history

State = Literal["sending", "sent", "failed"]


@dataclass(frozen=True)
class SentDigest:
    """What became of a recipient's digest of a period (the day that it was due, ISO 8601)."""

    period: str
    recipient: str
    state: State
    at: str


def begin(layout: Layout, period: str, recipient: str, now: datetime) -> bool:
    """Note that a digest is about to be sent, and return whether it may be.

    One that is being sent by another process, or was when its process died, may have arrived, and may not.
    """
    with writing(layout.deployment, "risk digest"):
        lines = read_history(layout.digests, SentDigest)
        last = next(
            (line for line in reversed(lines) if (line.period, line.recipient) == (period, recipient)), None
        )
        if last is not None and last.state != "failed":
            return False
        note(layout, period, recipient, "sending", now)
        return True


def note(layout: Layout, period: str, recipient: str, state: State, now: datetime) -> None:
    """Note what became of a digest."""
    at = now.astimezone(UTC).isoformat(timespec="seconds")
    append_record(layout.digests, SentDigest(period, recipient, state, at))
