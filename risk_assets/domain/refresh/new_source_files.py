"""Whether the input folder holds something that finaldata does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from risk_assets.domain.refresh.retry import FailedRuns

NAMES_SHOWN = 3


@dataclass(frozen=True)
class FolderFacts:
    """The input folder at one poll, and what finaldata holds of it.

    `settled` maps the files at rest to their content hash, `ingested` the files that finaldata was made from;
    `settling` are files whose size or time still changes; `in_flight` names a run that is ingesting already, and
    `failed` counts the runs that failed on these very files. `held` are files that are held back as suspect.
    """

    settled: Mapping[str, str]
    ingested: Mapping[str, str]
    settling: tuple[str, ...] = ()
    in_flight: str | None = None
    failed: FailedRuns | None = None
    held: tuple[str, ...] = ()


@dataclass(frozen=True)
class ArrivalDecision:
    """Whether to ingest, and why (not)."""

    ingest: bool
    reason: str


def decide_ingest(facts: FolderFacts, now: datetime) -> ArrivalDecision:
    """Decide whether to ingest (`now` is aware): any difference counts.

    While a file that finaldata holds is being rewritten, the decision waits.

    >>> facts = FolderFacts(settled={"a.csv": "1", "b.csv": "2"}, ingested={"a.csv": "1"})
    >>> decide_ingest(facts, datetime.fromisoformat("2026-09-01T12:00Z"))
    ArrivalDecision(ingest=True, reason='1 new (b.csv)')
    >>> facts = FolderFacts(settled={"a.csv": "1", "b.csv": "2"}, ingested=facts.settled, held=("b.csv",))
    >>> decide_ingest(facts, datetime.fromisoformat("2026-09-01T12:00Z")).reason
    'nothing new: 1 files are ingested; held back as suspect: b.csv'
    """
    rewritten = sorted(set(facts.settling) & set(facts.ingested))
    changes = _changes(facts)
    if not changes:
        waiting = f"; still being written: {_names(sorted(facts.settling))}" if facts.settling else ""
        held = f"; held back as suspect: {_names(facts.held)}" if facts.held else ""
        ingested = len(facts.settled) - len(facts.held)
        return ArrivalDecision(ingest=False, reason=f"nothing new: {ingested:,} files are ingested{waiting}{held}")
    if rewritten:
        return ArrivalDecision(ingest=False, reason=f"waiting for {_names(rewritten)} to be written to the end")
    if facts.in_flight:
        return ArrivalDecision(ingest=False, reason=f"{changes}; run {facts.in_flight[:8]} is ingesting already")
    if facts.failed and now < facts.failed.next_try:
        tries = f"{facts.failed.count} run{'s' if facts.failed.count > 1 else ''} failed on these files"
        next_try = f"the next try is at {facts.failed.next_try:%H:%M:%S} UTC"
        return ArrivalDecision(ingest=False, reason=f"{changes}; {tries}, {next_try}")
    return ArrivalDecision(ingest=True, reason=changes)


def _changes(facts: FolderFacts) -> str:
    """Return what differs, as text; files still being written do not count as deleted."""
    new = sorted(set(facts.settled) - set(facts.ingested))
    deleted = sorted(set(facts.ingested) - set(facts.settled) - set(facts.settling))
    changed = sorted(
        name for name in facts.settled if facts.ingested.get(name, facts.settled[name]) != facts.settled[name]
    )
    changed += sorted(set(facts.settling) & set(facts.ingested))
    kinds = (("new", new), ("changed", changed), ("deleted", deleted))
    return "; ".join(f"{len(names):,} {kind} ({_names(names)})" for kind, names in kinds if names)


def _names(names: list[str] | tuple[str, ...]) -> str:
    more = f" and {len(names) - NAMES_SHOWN:,} more" if len(names) > NAMES_SHOWN else ""
    return ", ".join(names[:NAMES_SHOWN]) + more
