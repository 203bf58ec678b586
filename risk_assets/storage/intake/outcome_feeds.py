"""Files of outcomes that are held back because what they tell looks broken."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path

from risk_assets.domain.columns import Columns
from risk_assets.domain.intake.ingestion import HeldFile
from risk_assets.domain.intake.leavings_profile import LeavingsProfile
from risk_assets.engine.intake.leavings_profile import profile_leavings
from risk_assets.engine.session import Session
from risk_assets.storage.intake.feed_verdicts import MOST_FILES, Judge
from risk_assets.storage.intake.parse_cache import Source
from risk_assets.storage.layout import Layout


@dataclass(frozen=True)
class OutcomeCheck:
    """That files of outcomes are judged, beside these parts of client rows and their columns."""

    rows: tuple[Path, ...]
    columns: Columns
    now: datetime


def judge_outcomes(
    layout: Layout, session: Session, sources: Sequence[Source], check: OutcomeCheck
) -> tuple[list[Source], tuple[HeldFile, ...]]:
    """Return the files of outcomes (in reading order) that go in, and those that are held back, with the reasons.

    A content without a verdict is compared with the files before it that go in, and its verdict is written down.
    """
    judge, going, held = Judge(layout.feed_verdicts, check.now, "outcomes"), list[Source](), list[HeldFile]()
    profiles = _profiles(session, sources, check) if not all(map(judge.knows, sources)) else {}
    before: list[Source] = []
    for source in sources:
        if not source.usable_rows:
            going.append(source)
            continue
        find_faults = partial(_faults, profiles, source, tuple(before), {file.sha256 for file in held})
        found = judge.hold(source, find_faults)
        if found:
            held.append(found)
        else:
            going.append(source)
        before.append(source)
    return going, tuple(held)


def _profiles(session: Session, sources: Sequence[Source], check: OutcomeCheck) -> dict[Path, LeavingsProfile]:
    parts = {source.part: date.fromisoformat(source.arrived) for source in sources if source.usable_rows}
    return dict(zip(parts, profile_leavings(session, parts, check.rows, check.columns), strict=True))


def _faults(
    profiles: Mapping[Path, LeavingsProfile], source: Source, before: Sequence[Source], held: Collection[str]
) -> tuple[str, ...]:
    from risk_assets.domain.intake.leavings_rules import leavings_faults

    known = before[-MOST_FILES:]
    sound = [profiles[file.part] for file in known if file.sha256 not in held]
    others = [profiles[file.part] for file in known if file.sha256 in held]
    return leavings_faults(profiles[source.part], sound, others)
