"""finaldata on disk: ingested whole or not at all, and read back by its account."""

from __future__ import annotations

import filecmp
import hashlib
import shutil
import tempfile
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from pathlib import Path

from risk_assets.domain.columns import Columns
from risk_assets.domain.ingestion import Ingestion, SourceFile
from risk_assets.engine.rows import add_fingerprints
from risk_assets.engine.select import LabelledRows, labelled_rows
from risk_assets.engine.session import Session, literal, quote, read_parts
from risk_assets.storage import atomic
from risk_assets.storage.layout import Layout, reading_order
from risk_assets.storage.lock import writing
from risk_assets.storage.parsed import Source, SourceChangedError, forget_others, kept_source, read_source
from risk_assets.storage.parts import merge
from risk_assets.storage.records import find_record, read_record, write_record

ATTEMPTS = 3
FILES_NAMED = 3
REASONS_NAMED = 3
#: Beyond it doubles are written with an exponent.
LARGEST_WHOLE = 1e15


class IngestionError(ValueError):
    """Nothing may be ingested; the message says why, in one line."""


def read_ingestion(layout: Layout) -> Ingestion | None:
    """Return the account of finaldata, None before the first ingestion."""
    return find_record(layout.ingestion, Ingestion)


def require_ingestion(layout: Layout) -> Ingestion:
    """Return the account of finaldata. Raises RecordError before the first ingestion."""
    return read_record(layout.ingestion, Ingestion)


def parts(layout: Layout, ingestion: Ingestion) -> tuple[Path, ...]:
    """Return the parts of finaldata in reading order."""
    return tuple(layout.finaldata_parquet / file.part for file in ingestion.files if file.part)


def parts_of(layout: Layout, ingestion: Ingestion, names: Collection[str]) -> tuple[Path, ...]:
    """Return the parts of the source files of these names, in reading order."""
    wanted = (file for file in ingestion.files if file.name in names)
    return tuple(layout.finaldata_parquet / file.part for file in wanted if file.part)


def ingest(
    layout: Layout,
    session: Session,
    *,
    max_bad_share: float,
    write_csv: bool,
    now: datetime,
    leave_out: Collection[str] = (),
) -> Ingestion:
    """Make finaldata of all files of the input folder, parsing those alone that are new or changed.

    `leave_out` names files that are still being written: they count as they were when they were last ingested, if
    ever. Raises IngestionError, and leaves the earlier finaldata as it was, when there is no usable row, when the
    share of refused rows is above `max_bad_share`, or when files do not stay the same while they are read.
    """
    with writing(layout.ingested, "finaldata"):
        try:
            before = read_ingestion(layout)
            sources = _read_all(layout, session, before, leave_out)
            _refuse_bad(sources, layout.input, max_bad_share)
            ingestion = _merge_all(layout, session, sources, before, now)
            _commit(layout, session, ingestion, sources, write_csv=write_csv)
        finally:
            shutil.rmtree(layout.ingestion_work, ignore_errors=True)
    return ingestion


def read_labelled(
    session: Session, files: Sequence[Path], folder: Path
) -> tuple[tuple[Path, ...], tuple[SourceFile, ...]]:
    """Read labelled files by the rules of finaldata into parts in `folder`, and return these with the accounts.

    Raises IngestionError when no row is usable.
    """
    try:
        sources = [read_source(session, file, folder / "parsed", folder / "work") for file in files]
    except SourceChangedError as error:
        raise IngestionError(str(error)) from error
    _refuse_bad(sources, files[0].parent if files else folder, 1.0)
    accounts = merge(session, sources, folder / "parts", folder / "work")
    return tuple(folder / "parts" / file.part for file in accounts if file.part), accounts


def read_test_rows(layout: Layout, session: Session) -> tuple[LabelledRows, int]:
    """Return the usable rows of testdata and how many were refused. Raises IngestionError when none is usable."""
    files = layout.test_files()
    if not files:
        raise IngestionError(f"no client files in {layout.testdata}")
    with tempfile.TemporaryDirectory() as folder:
        found, accounts = read_labelled(session, files, Path(folder))
        return labelled_rows(session, found, "all"), sum(file.quarantined for file in accounts)


def _read_all(
    layout: Layout, session: Session, before: Ingestion | None, leave_out: Collection[str]
) -> list[Source]:
    for attempt in range(ATTEMPTS):
        files = [file for file in layout.source_files() if file.name not in leave_out]
        try:
            sources = [read_source(session, file, layout.parsed, layout.ingestion_work) for file in files]
        except SourceChangedError as error:
            if attempt + 1 == ATTEMPTS:
                raise IngestionError(f"{error}; ingest again when it is complete") from error
        else:
            sources += _as_they_were(layout, session, before, leave_out)
            return sorted(sources, key=lambda source: reading_order(source.name))
    raise AssertionError


def _as_they_were(
    layout: Layout, session: Session, before: Ingestion | None, names: Collection[str]
) -> Iterable[Source]:
    for file in before.files if before else ():
        if file.name in names:
            kept = kept_source(session, file.name, file.sha256, file.bytes, layout.parsed)
            if kept is not None:
                yield kept


def _refuse_bad(sources: Sequence[Source], folder: Path, max_bad_share: float) -> None:
    if not sources:
        raise IngestionError(f"no client files in {folder}")
    read = sum(source.parsed.read for source in sources)
    refused = sum(source.parsed.quarantined for source in sources)
    if not any(source.usable_rows for source in sources):
        raise IngestionError(f"no usable row in {folder}: {_worst(sources)}")
    if refused > max_bad_share * read:
        share = f"{refused:,} of {read:,} rows in {folder} are refused, more than {max_bad_share:.0%}"
        raise IngestionError(f"{share}: {_worst(sources)}")


def _worst(sources: Sequence[Source]) -> str:
    """Say of the files with the most refused rows what is wrong, and where the rows are."""
    bad = [source for source in sources if source.parsed.reason or source.parsed.quarantined]
    bad.sort(key=lambda source: (source.parsed.reason is None, -source.parsed.quarantined))
    told = [_told(source) for source in bad[:FILES_NAMED]]
    more = [f"and {len(bad) - FILES_NAMED} more files"] * (len(bad) > FILES_NAMED)
    return "; ".join(told + more) or "the files hold no rows"


def _told(source: Source) -> str:
    parsed = source.parsed
    if parsed.reason:
        return f"{source.name}: {parsed.reason}"
    reasons = [f"{count:,} × {reason}" for reason, count in list(parsed.reasons.items())[:REASONS_NAMED]]
    why = f"{', '.join(reasons)}; see {source.quarantine}"
    return f"{source.name}: {parsed.quarantined:,} of {parsed.read:,} ({why})"


def _merge_all(
    layout: Layout, session: Session, sources: Sequence[Source], before: Ingestion | None, now: datetime
) -> Ingestion:
    earlier = before.files if before else ()
    files = merge(session, sources, layout.finaldata_parquet, layout.ingestion_work, earlier)
    return Ingestion(
        data_version=_version(session.columns, files),
        ingested_at=now.isoformat(),
        positives=sum(file.positives for file in files),
        files=files,
    )


def _version(columns: Columns, files: Sequence[SourceFile]) -> str:
    """Return a hash of the rows, whatever their order and the files they came in."""
    rows = sum(file.accepted for file in files)
    fingerprint = add_fingerprints([file.fingerprint for file in files if file.accepted])
    schema = "\n".join((*columns.names, columns.positive, columns.negative))
    return hashlib.sha256(f"{schema}\n{rows}\n{fingerprint}".encode()).hexdigest()[:16]


def _commit(
    layout: Layout, session: Session, ingestion: Ingestion, sources: Sequence[Source], *, write_csv: bool
) -> None:
    """Write everything that goes with the parts; ingestion.json is last, and from then on the new rows count."""
    if write_csv:
        _write_csv(layout, session, ingestion)
    read = [file.name for file in ingestion.files if file.reason is None]
    atomic.write_text(layout.ingestedfiles, "\n".join((ingestion.ingested_at, *read)) + "\n")
    quarantined = _write_quarantine(layout, sources)
    write_record(layout.ingestion, ingestion)
    if not write_csv:
        layout.finaldata_csv.unlink(missing_ok=True)
    _remove_others(layout.finaldata_parquet, {file.part for file in ingestion.files if file.part})
    _remove_others(layout.quarantine, quarantined)
    forget_others(layout.parsed, sources)


def _write_csv(layout: Layout, session: Session, ingestion: Ingestion) -> None:
    """Write finaldata.csv; whole numbers have no .0, as in the files they came from."""
    columns = session.columns
    numeric = {column.name for column in columns.numeric}
    cells = (f"{_number(name)} AS {quote(name)}" if name in numeric else quote(name) for name in columns.names)
    staged = layout.ingestion_work / layout.finaldata_csv.name
    source = f"SELECT {', '.join(cells)} FROM {read_parts(parts(layout, ingestion))}"
    session.run(f"COPY ({source}) TO {literal(str(staged))} (FORMAT csv, HEADER)")
    atomic.sync(staged)
    staged.replace(layout.finaldata_csv)


def _number(name: str) -> str:
    value = quote(name)
    whole = f"abs({value}) < {LARGEST_WHOLE} AND {value} = trunc({value})"
    return f"CASE WHEN {whole} THEN CAST(CAST({value} AS BIGINT) AS VARCHAR) ELSE CAST({value} AS VARCHAR) END"


def _write_quarantine(layout: Layout, sources: Sequence[Source]) -> set[str]:
    """Put the refused rows where people look and return the names of the files."""
    taken = {source.name for source in sources}
    written = set()
    for source in sources:
        if source.parsed.quarantined or source.parsed.reason:
            name = source.name
            if not name.lower().endswith(".csv"):
                name += ".csv"
                while name in taken:
                    name = f"{name}.csv"
            written.add(name)
            target = layout.quarantine / name
            if not target.exists() or not filecmp.cmp(source.quarantine, target, shallow=False):
                with atomic.replacing(target) as staged:
                    shutil.copyfile(source.quarantine, staged)
    return written


def _remove_others(folder: Path, names: Collection[str]) -> None:
    if folder.is_dir():
        for path in folder.iterdir():
            if path.name not in names:
                path.unlink()
