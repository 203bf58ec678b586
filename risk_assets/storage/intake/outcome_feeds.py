"""Files of outcomes that are held back because what they tell looks broken."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from risk_assets.domain.columns import Columns
from risk_assets.domain.intake.ingestion import HeldFile
from risk_assets.domain.intake.leavings_profile import LeavingsProfile
from risk_assets.domain.intake.outcomes import OutcomeRules
from risk_assets.engine.dataset import Dataset, Outcomes, moment
from risk_assets.engine.intake.leavings_profile import profile_leavings
from risk_assets.engine.intake.outcomes import reached, write_leavings
from risk_assets.engine.select import labelled_query
from risk_assets.engine.session import Session
from risk_assets.engine.sql import quote
from risk_assets.storage.intake.feed_verdicts import MOST_FILES, Judge
from risk_assets.storage.intake.feeds import labelled_risks
from risk_assets.storage.intake.parse_cache import Source
from risk_assets.storage.layout import Layout

if TYPE_CHECKING:
    from risk_assets.domain.intake.label_rules import LabelledRisks
    from risk_assets.domain.model.scorecard import Scorecard

#: Rows on which the live model's ranking is looked at, at most.
MOST_ROWS = 200_000


@dataclass(frozen=True)
class OutcomeCheck:
    """That files of outcomes are judged, beside these parts of client rows and their columns.

    The live model, if there is one, looks at the outcomes of the rows that a file completes by the rules.
    """

    rows: tuple[Path, ...]
    columns: Columns
    rules: OutcomeRules
    now: datetime
    live: Scorecard | None = None


def judge_outcomes(
    layout: Layout, session: Session, sources: Sequence[Source], check: OutcomeCheck
) -> tuple[list[Source], tuple[HeldFile, ...]]:
    """Return the files of outcomes (in reading order) that go in, and those that are held back, with the reasons.

    A content without a verdict is compared with the files before it that go in, and its verdict is written down.
    """
    judge, going, held = Judge(layout.feed_verdicts, check.now, "outcomes"), list[Source](), list[HeldFile]()
    profiles = _profiles(session, sources, check) if not all(map(judge.knows, sources)) else {}
    completed = _Completed(session, check, layout.ingestion_work / "leavings.parquet")
    before: list[Source] = []
    for source in sources:
        if not source.usable_rows:
            going.append(source)
            continue
        find_faults = partial(_faults, profiles, source, tuple(before), {file.sha256 for file in held}, completed)
        found = judge.hold(source, find_faults)
        if found:
            held.append(found)
        else:
            going.append(source)
        before.append(source)
    return going, tuple(held)


def _profiles(session: Session, sources: Sequence[Source], check: OutcomeCheck) -> dict[Path, LeavingsProfile]:
    parts = arrivals(sources)
    return dict(zip(parts, profile_leavings(session, parts, check.rows, check.columns), strict=True))


def _faults(
    profiles: Mapping[Path, LeavingsProfile],
    source: Source,
    before: Sequence[Source],
    held: Collection[str],
    completed: _Completed,
) -> tuple[str, ...]:
    from risk_assets.domain.intake.label_rules import label_faults
    from risk_assets.domain.intake.leavings_rules import leavings_faults

    known = before[-MOST_FILES:]
    sound = [profiles[file.part] for file in known if file.sha256 not in held]
    others = [profiles[file.part] for file in known if file.sha256 in held]
    faults = leavings_faults(profiles[source.part], sound, others)
    rows = completed.by(source, [file for file in before if file.sha256 not in held])
    return faults if rows is None else (*faults, *label_faults(rows))


@dataclass(frozen=True)
class _Completed:
    """The rows whose outcomes a file tells first; the times between leavings are written to `leavings`."""

    session: Session
    check: OutcomeCheck
    leavings: Path

    def by(self, source: Source, before: Sequence[Source]) -> LabelledRisks | None:
        """Return the risks and outcomes of the rows that a file completes after those before it, None for none."""
        live, rules = self.check.live, replace(self.check.rules, until=None)
        if live is None or not before or live.features != self.check.columns.features:
            return None
        earlier = arrivals(before)
        parts = arrivals([*before, source])
        newest = reached(self.session, parts)
        first, last = rules.complete_until(reached(self.session, earlier)), rules.complete_until(newest)
        if not first or last <= first:
            return None
        write_leavings(self.session, list(parts), self.leavings)
        data = Dataset(self.check.rows, Outcomes(self.leavings, last, newest, rules.horizon_days))
        with self.session.new_connection(self.check.columns) as reader:
            as_of = quote(str(self.check.columns.as_of))
            rows = f"SELECT * FROM ({labelled_query(reader, data, 'all')}) WHERE {as_of} > {moment(first)}"
            order = f"ORDER BY {quote(self.check.columns.id)}, {as_of} LIMIT {MOST_ROWS}"
            return labelled_risks(reader, f"{rows} {order}", live)


def arrivals(sources: Iterable[Source]) -> dict[Path, date]:
    """Return the rows of each content with the day on which it last came: files of equal content share them."""
    found: dict[Path, date] = {}
    for source in sources:
        if source.usable_rows:
            arrived = date.fromisoformat(source.arrived)
            found[source.part] = max(arrived, found.get(source.part, arrived))
    return found
