"""What goes with the parts of finaldata, put where people look: staged as a whole before anything is replaced."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from risk_assets.domain.intake.ingestion import Ingestion
from risk_assets.engine.dataset import POSITION, numbered_rows, table
from risk_assets.engine.intake.encoding import escape_damage
from risk_assets.engine.intake.parse import refuse_whole
from risk_assets.engine.session import Session
from risk_assets.engine.sql import date_text, number_text, quote
from risk_assets.storage import atomic
from risk_assets.storage.intake.parse_cache import Source, prune
from risk_assets.storage.intake.part_files import rows_of
from risk_assets.storage.layout import Layout
from risk_assets.storage.records import write_record

#: Beyond it doubles are written with an exponent.
LARGEST_WHOLE = 1e15
#: In bytes: what the usual file systems allow.
LONGEST_NAME = 255


def publish(
    layout: Layout,
    session: Session,
    ingestion: Ingestion,
    sources: Sequence[Source],
    outcomes: Sequence[Source] = (),
    *,
    write_csv: bool,
) -> None:
    """Write everything that goes with the parts; ingestion.json is last, and from then on the new rows count.

    `sources` are files of clients, `outcomes` those of outcomes.
    """
    refusals = [*_refusals(layout, sources), *_refused_outcomes(layout, outcomes)]
    staged = _stage(layout, session, ingestion, refusals, write_csv=write_csv)
    for target, path in staged.items():
        atomic.sync(path)
        target.parent.mkdir(parents=True, exist_ok=True)
    for target, path in staged.items():
        path.replace(target)
    for folder in {target.parent for target in staged}:
        atomic.sync(folder)
    if not write_csv:
        layout.finaldata_csv.unlink(missing_ok=True)
    _remove_others(layout.finaldata_parquet, {file.part for file in ingestion.files if file.part})
    _remove_others(layout.redelivered, {file.redelivered for file in ingestion.files if file.redelivered})
    for folder in (layout.quarantine, layout.outcomes_quarantine):
        _remove_others(folder, {target.name for target in staged if target.parent == folder})
    prune(layout.parsed, sources)
    shutil.rmtree(layout.refused, ignore_errors=True)
    _remove_others_outcomes(layout, ingestion, outcomes)


def _remove_others_outcomes(layout: Layout, ingestion: Ingestion, sources: Sequence[Source]) -> None:
    account = ingestion.outcomes
    parts = {file.part for file in account.files if file.part} if account else set()
    _remove_others(layout.outcomes_parquet, parts)
    _remove_others(layout.leavings, {account.leavings} if account else ())
    if layout.outcomes_parsed.is_dir():
        prune(layout.outcomes_parsed, sources)


def _stage(
    layout: Layout,
    session: Session,
    ingestion: Ingestion,
    refusals: Sequence[tuple[Path, Path]],
    *,
    write_csv: bool,
) -> dict[Path, Path]:
    """Write all files into the work folder and return where each is by where it belongs, ingestion.json last."""
    work = layout.ingestion_work
    staged = {}
    if write_csv:
        staged[layout.finaldata_csv] = _write_csv(layout, session, ingestion, work / "finaldata.csv")
    for number, (target, origin) in enumerate(refusals):
        staged[target] = work / f"refused{number}.csv"
        shutil.copyfile(origin, staged[target])
    read = [_line(file.name) for file in ingestion.files if file.reason is None]
    staged[layout.ingestedfiles] = work / "ingestedfiles.txt"
    staged[layout.ingestedfiles].write_text("\n".join((ingestion.ingested_at, *read)) + "\n", encoding="utf-8")
    staged[layout.ingestion] = work / "ingestion.json"
    write_record(staged[layout.ingestion], ingestion)
    return staged


def _write_csv(layout: Layout, session: Session, ingestion: Ingestion, target: Path) -> Path:
    """Write finaldata as CSV; whole numbers have no .0, as in the files they came from.

    Where outcomes tell the labels, stale listings of clients that have gone are left out.
    """
    columns, data = session.columns, rows_of(layout, ingestion)
    numbers = {column.name for column in columns.numbers}

    def cell(name: str) -> str:
        if name in numbers:
            return f"{_number(name)} AS {quote(name)}"
        return f"{date_text(quote(name))} AS {quote(name)}" if name in columns.dated else quote(name)

    cells = ", ".join(map(cell, columns.names))
    if data.outcomes is None:
        session.write_csv(f"SELECT {cells} FROM {table(columns, data)}", target)
    else:  # outcomes are joined in no order
        session.write_csv(f"SELECT {cells} FROM ({numbered_rows(session, data)}) ORDER BY {POSITION}", target)
    return target


def _number(name: str) -> str:
    value = quote(name)
    whole = f"abs({value}) < {LARGEST_WHOLE} AND {value} = trunc({value})"
    return f"CASE WHEN {whole} THEN CAST(CAST({value} AS BIGINT) AS VARCHAR) ELSE {number_text(value)} END"


def where_refused(layout: Layout, sources: Sequence[Source]) -> str:
    """Write what was refused of each file where people find it by the file's name, and return where, in words."""
    shutil.rmtree(layout.refused, ignore_errors=True)
    found = list(_refusals(layout, sources))
    if not found:
        return ""
    layout.refused.mkdir(parents=True)
    for target, refusal in found:
        shutil.copyfile(refusal, layout.refused / target.name)
    return f"; the refused rows of each file are in {layout.refused}"


def _refusals(layout: Layout, sources: Sequence[Source]) -> Iterator[tuple[Path, Path]]:
    """Yield where people look for the refused rows of each file, and where these are."""
    taken = {source.name for source in sources}
    for source in sources:
        if source.parsed.quarantined or source.parsed.reason:
            yield layout.quarantine / _quarantine_name(source.name, taken), source.quarantine
    for number, file in enumerate(layout.nameless_files()):
        refusal = layout.ingestion_work / f"nameless{number}.csv"
        refuse_whole(refusal, "the name of the file is not UTF-8: rename it")
        shown = escape_damage(file.name)
        yield layout.quarantine / _quarantine_name(shown, taken), refusal


def _refused_outcomes(layout: Layout, sources: Sequence[Source]) -> Iterator[tuple[Path, Path]]:
    taken = {source.name for source in sources}
    for source in sources:
        if source.parsed.quarantined or source.parsed.reason:
            yield layout.outcomes_quarantine / _quarantine_name(source.name, taken), source.quarantine


def _quarantine_name(name: str, taken: Collection[str]) -> str:
    """Return the name of the file, with .csv where it has another suffix; one that is too long is shortened."""
    found = name
    if not name.lower().endswith(".csv"):
        found += ".csv"
        while found in taken:
            found = f"{found}.csv"
    if len(found.encode()) <= LONGEST_NAME:
        return found
    digest = f".{hashlib.sha256(name.encode()).hexdigest()[:12]}.csv"
    return name.encode()[: LONGEST_NAME - len(digest)].decode(errors="ignore") + digest


def _line(name: str) -> str:
    """Return a name that is one line of a text, whatever it holds."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in name
    )


def _remove_others(folder: Path, names: Collection[str]) -> None:
    if folder.is_dir():
        for path in folder.iterdir():
            if path.name not in names:
                path.unlink()
