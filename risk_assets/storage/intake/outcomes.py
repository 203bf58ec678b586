"""Files of outcomes on disk: read, merged and turned into the times between leavings."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import takewhile
from pathlib import Path

from risk_assets.domain.intake.ingestion import HeldFile, Ingestion
from risk_assets.domain.intake.outcomes import OutcomeFiles, OutcomesAccount
from risk_assets.domain.intake.source_file import SourceFile
from risk_assets.engine.intake.outcomes import count_decided, count_leavings, reached, write_leavings
from risk_assets.engine.session import Session
from risk_assets.storage import atomic
from risk_assets.storage.digest import sha256_of
from risk_assets.storage.intake.outcome_feeds import OutcomeCheck, arrivals, judge_outcomes
from risk_assets.storage.intake.parse_cache import Source, as_they_were
from risk_assets.storage.intake.part_files import rows_of
from risk_assets.storage.intake.parts import Folders, merge
from risk_assets.storage.intake.source_reading import read_sources
from risk_assets.storage.layout import Layout, reading_order


@dataclass(frozen=True)
class ReadOutcomes:
    """Files of outcomes as they were read, the account of them so far, and those that are held back."""

    sources: list[Source]
    account: OutcomesAccount
    held: tuple[HeldFile, ...] = ()


def read_outcomes(
    layout: Layout,
    session: Session,
    given: OutcomeFiles,
    before: Sequence[SourceFile] = (),
    leave_out: Collection[str] = (),
    *,
    check: OutcomeCheck | None = None,
) -> ReadOutcomes:
    """Read the files of outcomes, write their parts and the times between leavings, and return the account.

    `before` is the earlier account of the files; those in `leave_out` count as they were then. With `check`, files
    that look broken are held back. Files of single leavings are not judged, and say nothing of what is known.
    Raises SourceChangedError as `read_sources` does.
    """
    work = layout.ingestion_work / "outcomes"
    folders = Folders(layout.outcomes_parquet, layout.outcomes_parquet)
    with session.new_connection(given.columns) as reader:
        settled = [file for file in layout.outcome_files() if file.name not in leave_out]
        sources = read_sources(reader, settled, layout.outcomes_parsed, work)
        sources += as_they_were(reader, before, leave_out, layout.outcomes_parsed)
        sources.sort(key=lambda source: reading_order(source.name))
        partial = [source for source in sources if given.is_partial(source.name)]
        telling = [source for source in sources if not given.is_partial(source.name)]
        whole, held = judge_outcomes(layout, reader, telling, check) if check else (telling, ())
        going = sorted([*whole, *partial], key=lambda source: reading_order(source.name))
        files = merge(reader, going, folders, work, before)
        parts = {
            layout.outcomes_parquet / file.part: date.fromisoformat(file.arrived) for file in files if file.part
        }
        newest = reached(reader, arrivals(whole))
        certain = reached(reader, arrivals(_before_held(telling, held)))
        counts = count_leavings(reader, parts)
        leavings = _write_leavings(layout, reader, list(parts), work)
    complete = given.rules.complete_until(newest)
    if held:
        complete = min(complete, replace(given.rules, until=None).complete_until(certain))
    account = OutcomesAccount(files, given.rules, newest, complete, leavings, counts)
    return ReadOutcomes(sources, account, held)


def _before_held(sources: Sequence[Source], held: Sequence[HeldFile]) -> list[Source]:
    """Return the files before the first that is held back: what it would tell of later rows is not known."""
    contents = {file.sha256 for file in held}
    return list(takewhile(lambda source: source.sha256 not in contents, sources))


def with_decided(layout: Layout, session: Session, ingestion: Ingestion) -> Ingestion:
    """Return the account of finaldata with the counts of the rows that outcomes decide."""
    account = ingestion.outcomes
    if account is None:
        return ingestion
    counts = count_decided(session, rows_of(layout, ingestion), ingestion.accepted, account.counts)
    return replace(ingestion, positives=counts.positives, outcomes=replace(account, counts=counts))


def _write_leavings(layout: Layout, session: Session, parts: list[Path], work: Path) -> str:
    """Write the times between leavings under a name that tells their content."""
    staged = work / "leavings.parquet"
    write_leavings(session, parts, staged)
    name = f"{sha256_of(staged)[:16]}.parquet"
    layout.leavings.mkdir(parents=True, exist_ok=True)
    atomic.sync(staged)
    staged.replace(layout.leavings / name)
    atomic.sync(layout.leavings)
    return name
