"""What serves and why: decisions (the lines of deployments.jsonl), manifests, and what follows from them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Verdict = Literal["promoted", "rejected", "held", "approved", "rolled back"]


@dataclass(frozen=True)
class Decision:
    """What was decided about `version`, and why.

    `at` is ISO 8601 in UTC; `before` and `live` are the versions that served before and after it;
    `figures` are the numbers the reason rests on; `run_id` is the Dagster run, None when decided by hand.
    """

    at: str
    verdict: Verdict
    version: str
    before: str | None
    live: str | None
    reason: str
    model_sha256: str
    data_version: str
    figures: Mapping[str, float] = field(default_factory=dict)
    run_id: str | None = None

    def __post_init__(self) -> None:
        """Refuse figures that JSON cannot hold."""
        for name, figure in self.figures.items():
            if not math.isfinite(figure):
                raise ValueError(f"decision on {self.version}: {name} is {figure}, not a finite number")


@dataclass(frozen=True)
class Manifest:
    """What a version folder holds: files by name with sha256 and bytes, and where the model came from."""

    version: str
    created_at: str
    model_sha256: str
    data_version: str
    parent: str | None
    features: tuple[str, ...]
    libraries: Mapping[str, str]
    files: Mapping[str, tuple[str, int]]


def live_at(decisions: Sequence[Decision], when: datetime) -> str | None:
    """Return the version that served at `when` (aware), or None when nothing did yet.

    >>> decisions = [
    ...     Decision("2026-01-01T00:00:00+00:00", "promoted", "v1", None, "v1", "first", "aa", "d1"),
    ...     Decision("2026-02-01T00:00:00+00:00", "promoted", "v2", "v1", "v2", "better", "bb", "d2"),
    ...     Decision("2026-03-01T00:00:00+00:00", "rolled back", "v1", "v2", "v1", "by hand", "aa", "d1"),
    ... ]
    >>> live_at(decisions, datetime.fromisoformat("2026-02-15T00:00:00+00:00"))
    'v2'
    """
    live = None
    for decision in decisions:
        if datetime.fromisoformat(decision.at) > when:
            break
        live = decision.live
    return live


def ever_live(decisions: Sequence[Decision]) -> frozenset[str]:
    """Return all versions that have served.

    >>> decisions = [
    ...     Decision("2026-01-01T00:00:00+00:00", "promoted", "v1", None, "v1", "first", "aa", "d1"),
    ...     Decision("2026-02-01T00:00:00+00:00", "promoted", "v2", "v1", "v2", "better", "bb", "d2"),
    ...     Decision("2026-03-01T00:00:00+00:00", "rolled back", "v1", "v2", "v1", "by hand", "aa", "d1"),
    ... ]
    >>> sorted(ever_live(decisions))
    ['v1', 'v2']
    """
    return frozenset(decision.live for decision in decisions if decision.live is not None)


def predecessor(decisions: Sequence[Decision], version: str) -> str | None:
    """Return what served before `version` was first put live, so that rolling back twice goes two steps back.

    >>> decisions = [
    ...     Decision("2026-01-01T00:00:00+00:00", "promoted", "v1", None, "v1", "first", "aa", "d1"),
    ...     Decision("2026-02-01T00:00:00+00:00", "promoted", "v2", "v1", "v2", "better", "bb", "d2"),
    ...     Decision("2026-03-01T00:00:00+00:00", "rolled back", "v1", "v2", "v1", "by hand", "aa", "d1"),
    ... ]
    >>> predecessor(decisions, "v2"), predecessor(decisions, "v1")
    ('v1', None)
    """
    for decision in decisions:
        if decision.live == version != decision.before:
            return decision.before
    return None


def last_decision(decisions: Sequence[Decision], version: str) -> Decision | None:
    """Return the latest decision about `version` itself.

    >>> decisions = [
    ...     Decision("2026-01-01T00:00:00+00:00", "promoted", "v1", None, "v1", "first", "aa", "d1"),
    ...     Decision("2026-02-01T00:00:00+00:00", "promoted", "v2", "v1", "v2", "better", "bb", "d2"),
    ...     Decision("2026-03-01T00:00:00+00:00", "rolled back", "v1", "v2", "v1", "by hand", "aa", "d1"),
    ... ]
    >>> last_decision(decisions, "v1").verdict
    'rolled back'
    """
    return next((decision for decision in reversed(decisions) if decision.version == version), None)


def barred_models(decisions: Sequence[Decision]) -> frozenset[tuple[str, str]]:
    """Return (model_sha256, data_version) of models that may not go live by themselves.

    These were rolled away from, are held, or were rejected by hand; approving a version or rolling back to it by
    hand lifts the bar. Other data gives another pair, so the bar ends when the data changes.

    >>> decisions = [
    ...     Decision("2026-01-01T00:00:00+00:00", "promoted", "v1", None, "v1", "first", "aa", "d1"),
    ...     Decision("2026-02-01T00:00:00+00:00", "promoted", "v2", "v1", "v2", "better", "bb", "d2"),
    ...     Decision("2026-03-01T00:00:00+00:00", "rolled back", "v1", "v2", "v1", "by hand", "aa", "d1"),
    ... ]
    >>> barred_models(decisions)
    frozenset({('bb', 'd2')})
    """
    models = {decision.version: (decision.model_sha256, decision.data_version) for decision in decisions}
    barred: set[tuple[str, str]] = set()
    for decision in decisions:
        model = (decision.model_sha256, decision.data_version)
        if decision.verdict == "held" or (decision.verdict == "rejected" and decision.run_id is None):
            barred.add(model)
        elif decision.verdict in {"approved", "rolled back"}:
            if decision.verdict == "rolled back" and decision.before in models:
                barred.add(models[decision.before])
            barred.discard(model)
    return frozenset(barred)


def data_rolled_back(decisions: Sequence[Decision]) -> str | None:
    """Return the data version that a rollback in force turned away from: no model of it goes live by itself.

    A rollback is in force until another version goes live.

    >>> decisions = [
    ...     Decision("2026-01-01T00:00:00+00:00", "promoted", "v1", None, "v1", "first", "aa", "d1"),
    ...     Decision("2026-02-01T00:00:00+00:00", "promoted", "v2", "v1", "v2", "better", "bb", "d2"),
    ...     Decision("2026-03-01T00:00:00+00:00", "rolled back", "v1", "v2", "v1", "by hand", "aa", "d1"),
    ... ]
    >>> data_rolled_back(decisions)
    'd2'
    """
    data = {decision.version: decision.data_version for decision in decisions}
    for decision in reversed(decisions):
        if decision.verdict == "rolled back":
            return data.get(decision.before or "")
        if decision.verdict in {"promoted", "approved"}:
            return None
    return None


def decided_by_hand_since(decisions: Sequence[Decision], trained_at: datetime) -> bool:
    """Whether people chose what serves after a model was trained, and nothing else has gone live since.

    Such a model may not undo their choice; one that is trained later, on other data, may.

    >>> decisions = [
    ...     Decision("2026-01-01T00:00:00+00:00", "promoted", "v1", None, "v1", "first", "aa", "d1"),
    ...     Decision("2026-02-01T00:00:00+00:00", "promoted", "v2", "v1", "v2", "better", "bb", "d2"),
    ...     Decision("2026-03-01T00:00:00+00:00", "rolled back", "v1", "v2", "v1", "by hand", "aa", "d1"),
    ... ]
    >>> decided_by_hand_since(decisions, datetime.fromisoformat("2026-02-15T00:00:00+00:00"))
    True
    """
    for decision in reversed(decisions):
        if decision.verdict in {"rolled back", "approved"}:
            return datetime.fromisoformat(decision.at) >= trained_at
        if decision.verdict == "promoted":
            return False
    return False
