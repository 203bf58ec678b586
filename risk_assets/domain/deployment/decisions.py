"""What serves and why: decisions (the lines of deployments.jsonl), manifests, and what follows from them.

The functions take decisions in the order in which they were made.
"""

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

    >>> first = Decision("2026-09-01T12:00:00Z", "promoted", "v1", None, "v1", "first", "ab", "d1")
    >>> second = Decision("2026-09-02T12:00:00Z", "promoted", "v2", "v1", "v2", "better", "cd", "d2")
    >>> live_at([first, second], datetime.fromisoformat("2026-09-02T11:59:59Z"))
    'v1'
    """
    live = None
    for decision in decisions:
        if datetime.fromisoformat(decision.at) > when:
            break
        live = decision.live
    return live


def ever_live(decisions: Sequence[Decision]) -> frozenset[str]:
    """Return all versions that have served.

    >>> first = Decision("2026-09-01T12:00:00Z", "promoted", "v1", None, "v1", "first", "ab", "d1")
    >>> worse = Decision("2026-09-02T12:00:00Z", "rejected", "v2", "v1", "v1", "worse", "cd", "d2")
    >>> ever_live([first, worse])
    frozenset({'v1'})
    """
    return frozenset(decision.live for decision in decisions if decision.live is not None)


def predecessor(decisions: Sequence[Decision], version: str) -> str | None:
    """Return what served before `version` was first put live, so that rolling back twice moves two versions back.

    >>> first = Decision("2026-09-01T12:00:00Z", "promoted", "v1", None, "v1", "first", "ab", "d1")
    >>> second = Decision("2026-09-02T12:00:00Z", "promoted", "v2", "v1", "v2", "better", "cd", "d2")
    >>> predecessor([first, second], "v2")
    'v1'
    """
    for decision in decisions:
        if decision.live == version != decision.before:
            return decision.before
    return None


def last_decision(decisions: Sequence[Decision], version: str) -> Decision | None:
    """Return the latest decision about `version` itself, None where there is none.

    >>> held = Decision("2026-09-01T12:00:00Z", "held", "v2", "v1", "v1", "a loss", "cd", "d2")
    >>> approved = Decision("2026-09-01T13:00:00Z", "approved", "v2", "v1", "v2", "by hand", "cd", "d2")
    >>> last_decision([held, approved], "v2").verdict
    'approved'
    """
    return next((decision for decision in reversed(decisions) if decision.version == version), None)


def barred_models(decisions: Sequence[Decision]) -> frozenset[tuple[str, str]]:
    """Return (model_sha256, data_version) of models that may not be promoted automatically.

    These were rolled back, are held, or were rejected by hand; approving a version or rolling back to it by hand
    lifts the bar. Other data gives another pair, so the bar ends when the data changes.

    >>> held = Decision("2026-09-01T12:00:00Z", "held", "v2", "v1", "v1", "a loss", "cd", "d2")
    >>> barred_models([held])
    frozenset({('cd', 'd2')})
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
    """Return the data version of the model that was rolled back: no model of it is promoted automatically.

    A rollback is in force until another version is promoted or approved; None where there is none in force.

    >>> second = Decision("2026-09-02T12:00:00Z", "promoted", "v2", "v1", "v2", "better", "cd", "d2")
    >>> back = Decision("2026-09-03T12:00:00Z", "rolled back", "v1", "v2", "v1", "complaints", "ab", "d1")
    >>> data_rolled_back([second, back])
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
    """Whether people chose what serves after a model was trained, and nothing has been promoted since.

    Such a model may not undo their choice; one that is trained later, on other data, may.

    >>> back = Decision("2026-09-03T12:00:00Z", "rolled back", "v1", "v2", "v1", "complaints", "ab", "d1")
    >>> decided_by_hand_since([back], trained_at=datetime.fromisoformat("2026-09-03T11:00:00Z"))
    True
    """
    for decision in reversed(decisions):
        if decision.verdict in {"rolled back", "approved"}:
            return datetime.fromisoformat(decision.at) >= trained_at
        if decision.verdict == "promoted":
            return False
    return False
