"""finaldata on disk: ingested whole or not at all, and read back by its account."""

from __future__ import annotations

import hashlib
import logging
import shutil
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from risk_assets.domain.columns import Columns
from risk_assets.domain.intake.ingestion import HeldFile, Ingestion
from risk_assets.domain.intake.outcomes import OutcomeFiles, OutcomesAccount
from risk_assets.domain.intake.source_file import SourceFile
from risk_assets.domain.intake.teaching import with_waiting
from risk_assets.engine.intake.row_table import add_fingerprints
from risk_assets.engine.session import Session
from risk_assets.storage import atomic
from risk_assets.storage.intake.feeds import judge_feeds
from risk_assets.storage.intake.finaldata_outputs import publish, where_refused
from risk_assets.storage.intake.outcome_feeds import OutcomeCheck
from risk_assets.storage.intake.outcomes import ReadOutcomes, read_outcomes, with_decided
from risk_assets.storage.intake.parse_cache import Source, as_they_were
from risk_assets.storage.intake.parts import Folders, merge
from risk_assets.storage.intake.refusal import IngestionError, refuse_bad
from risk_assets.storage.intake.source_folder import named_in
from risk_assets.storage.intake.source_reading import SourceChangedError, read_sources
from risk_assets.storage.layout import Layout, reading_order
from risk_assets.storage.lock import writing
from risk_assets.storage.records import RecordError, find_record, read_record

if TYPE_CHECKING:
    from risk_assets.domain.model.scorecard import Scorecard

ATTEMPTS = 3
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class FeedCheck:
    """That new files are judged; the live model, if there is one, looks at their outcomes."""

    live: Scorecard | None = None


@dataclass(frozen=True)
class IngestionRules:
    """How the input folder becomes finaldata.

    Above `max_bad_share` of refused rows, or of files refused whole, nothing is ingested. `write_csv` also writes
    finaldata.csv. `leave_out` names files (`named_in`) that are still being written: they count as they were when
    they were last ingested, if ever. `final` names files whose outcomes are all that will come; `outcomes` says
    how files of outcomes are read, where labels are derived from them. With `hold`, files whose content looks
    broken are held back.
    """

    max_bad_share: float
    write_csv: bool
    leave_out: Collection[str] = ()
    final: Collection[str] = ()
    outcomes: OutcomeFiles | None = None
    hold: FeedCheck | None = None


def read_ingestion(layout: Layout) -> Ingestion | None:
    """Return the account of finaldata, None before the first ingestion and when it is damaged: it is made anew."""
    try:
        return find_record(layout.ingestion, Ingestion)
    except RecordError as error:
        _LOG.warning("%s; the next ingestion makes it anew", error)
        return None


def require_ingestion(layout: Layout) -> Ingestion:
    """Return the account of finaldata. Raises RecordError before the first ingestion."""
    return read_record(layout.ingestion, Ingestion)


def ingest(layout: Layout, session: Session, rules: IngestionRules, *, now: datetime) -> Ingestion:
    """Make finaldata of all files of the input folder, parsing those alone that are new or changed.

    Raises IngestionError, and leaves the earlier finaldata as it was, when there is no usable row, when more is
    refused than the rules allow, or when files do not stay the same while they are read.
    """
    with writing(layout.ingested, "finaldata"):
        atomic.sweep(layout.ingested)
        try:
            before = read_ingestion(layout)
            sources = _read_all(layout, session, before, rules)
            files, held = _merge_sound(layout, session, sources, before, hold=rules.hold, now=now)
            outcomes = None
            if rules.outcomes is not None:
                parts = tuple(layout.finaldata_parquet / file.part for file in files if file.part)
                complete, hold = rules.outcomes.rules, rules.hold
                check = OutcomeCheck(parts, session.columns, complete, now, hold.live) if hold else None
                outcomes = _read_outcomes(layout, session, rules, before, check)
                held += outcomes.held
            else:
                files = with_waiting(files, rules.final)
            ingestion = _account(session, files, outcomes.account if outcomes else None, held, now)
            ingestion = with_decided(layout, session, ingestion)
            leavings = outcomes.sources if outcomes else ()
            publish(layout, session, ingestion, sources, leavings, write_csv=rules.write_csv)
        finally:
            shutil.rmtree(layout.ingestion_work, ignore_errors=True)
    return ingestion


def _account(
    session: Session,
    files: tuple[SourceFile, ...],
    outcomes: OutcomesAccount | None,
    held: tuple[HeldFile, ...],
    now: datetime,
) -> Ingestion:
    return Ingestion(
        data_version=_version(session.columns, files, outcomes),
        ingested_at=now.isoformat(),
        positives=sum(file.positives for file in files),
        files=files,
        outcomes=outcomes,
        held=held,
    )


def read_labelled(
    session: Session, files: Sequence[Path], folder: Path
) -> tuple[tuple[Path, ...], tuple[SourceFile, ...]]:
    """Read labelled files by the rules of finaldata into parts in `folder`, and return these with the accounts.

    Raises IngestionError when no row is usable.
    """
    try:
        sources = read_sources(session, files, folder / "parsed", folder / "work")
    except SourceChangedError as error:
        raise IngestionError(str(error)) from error
    refuse_bad(sources, files[0].parent if files else folder, 1.0)
    folders = Folders(folder / "parts", folder / "redelivered")
    accounts = merge(session, sources, folders, folder / "work")
    return tuple(folders.parts / file.part for file in accounts if file.part), accounts


def _read_all(layout: Layout, session: Session, before: Ingestion | None, rules: IngestionRules) -> list[Source]:
    """Read the input folder. Raises IngestionError where too much of it is refused."""
    sources = _read_unchanging(layout, session, before, rules.leave_out)
    try:
        refuse_bad(sources, layout.url_of(layout.input) or layout.input, rules.max_bad_share)
    except IngestionError as error:
        raise IngestionError(f"{error}{where_refused(layout, sources)}") from None
    return sources


def _read_unchanging(
    layout: Layout, session: Session, before: Ingestion | None, leave_out: Collection[str]
) -> list[Source]:
    for attempt in range(ATTEMPTS):
        files = [file for file in layout.source_files() if file.name not in leave_out]
        try:
            sources = read_sources(session, files, layout.parsed, layout.ingestion_work)
        except SourceChangedError as error:
            if attempt + 1 == ATTEMPTS:
                raise IngestionError(f"{error}; ingest again when it is complete") from error
        else:
            sources += as_they_were(session, before.files if before else (), leave_out, layout.parsed)
            return sorted(sources, key=lambda source: reading_order(source.name))
    raise AssertionError


def _merge_sound(
    layout: Layout,
    session: Session,
    sources: Sequence[Source],
    before: Ingestion | None,
    *,
    hold: FeedCheck | None,
    now: datetime,
) -> tuple[tuple[SourceFile, ...], tuple[HeldFile, ...]]:
    """Merge the files whose content looks sound into finaldata's parts; return these, and the files held back."""
    held = tuple[HeldFile, ...]()
    if hold is not None:
        sources, held = judge_feeds(layout, session, sources, hold.live, now=now)
    earlier = before.files if before else ()
    folders = Folders(layout.finaldata_parquet, layout.redelivered)
    return merge(session, sources, folders, layout.ingestion_work, earlier), held


def _read_outcomes(
    layout: Layout,
    session: Session,
    rules: IngestionRules,
    before: Ingestion | None,
    check: OutcomeCheck | None,
) -> ReadOutcomes:
    assert rules.outcomes is not None
    earlier = before.outcomes.files if before and before.outcomes else ()
    files = layout.outcome_files()
    changing = {file.name for file in files if named_in("outcomes", file.name) in rules.leave_out}
    try:
        return read_outcomes(layout, session, rules.outcomes, earlier, changing, check=check)
    except SourceChangedError as error:
        raise IngestionError(f"{error}; ingest again when it is complete") from error


def _version(columns: Columns, files: Sequence[SourceFile], outcomes: OutcomesAccount | None) -> str:
    """Return a hash of the rows, whatever their order and files, and of what gives them outcomes."""
    rows = sum(file.accepted for file in files)
    fingerprint = add_fingerprints([file.fingerprint for file in files if file.accepted])
    schema = "\n".join((*columns.names, columns.positive, columns.negative))
    waiting = "".join(f"\n{file.fingerprint}" for file in files if file.waiting)
    decided = ""
    if outcomes is not None:
        leavings = add_fingerprints([file.fingerprint for file in outcomes.files if file.accepted])
        horizon = outcomes.rules.horizon_days
        decided = f"\n{leavings} {outcomes.reached} {outcomes.complete_until} {horizon}"
    return hashlib.sha256(f"{schema}\n{rows}\n{fingerprint}{waiting}{decided}".encode()).hexdigest()[:16]
