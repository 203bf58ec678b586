"""One client file read strictly: a part of its distinct valid rows, and its refused rows with their reasons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from risk_assets.domain.columns import Columns
from risk_assets.domain.intake.feed_profile import FileProfile
from risk_assets.engine.intake.feed_profile import profile_rows
from risk_assets.engine.intake.formats import format_of
from risk_assets.engine.intake.quarantine import Refused, write_quarantine
from risk_assets.engine.intake.row_table import count_faults, count_rows, figures, merge_repeated, write_part
from risk_assets.engine.intake.rules import Rule, rules_for, typed
from risk_assets.engine.intake.scan import ScannedFile, UnreadableError
from risk_assets.engine.intake.source import RowSource
from risk_assets.engine.intake.spelling import declared_format, find_spelling, is_in_doubt
from risk_assets.engine.session import Session


@dataclass(frozen=True)
class Parsed:
    """The account of one file by itself: accepted + duplicates + updates + quarantined = read.

    `updates` are rows that gave another row of the file its outcome. `reason` is why the file as a whole is
    refused; `fingerprint`, `positives` and `open` (no known outcome) are of the accepted rows. `spelled` says how
    numbers and dates were read where they are not spelled as programs spell them, and `profile` what the file is
    compared with others by.
    """

    read: int
    accepted: int = 0
    duplicates: int = 0
    updates: int = 0
    quarantined: int = 0
    positives: int = 0
    open: int = 0
    fingerprint: str = ""
    reason: str | None = None
    reasons: Mapping[str, int] = field(default_factory=dict)
    dropped_columns: tuple[str, ...] = ()
    has_target: bool = True
    spelled: tuple[str, ...] = ()
    profile: FileProfile | None = field(default=None, compare=False)


def parse(session: Session, file: ScannedFile, *, part: Path, quarantine: Path, folder: Path) -> Parsed:
    """Read a file of client rows; write `part` and `quarantine`, each only when it has rows.

    `folder` takes copies that are needed meanwhile. A file that cannot be read or lacks a column is refused whole,
    with a reason. Raises OSError when the file cannot be opened.
    """
    try:
        rows = format_of(file.path.name).open(session, file, folder)
        if rows.header.fault:
            return refuse_whole(quarantine, rows.header.fault, rows.count(session), rows.header.raw)
        loaded = load(session, rows, file)
        _refuse_mixed_zones(session, loaded.columns)
    except UnreadableError as error:
        return refuse_whole(quarantine, str(error), error.rows)
    misshapen = loaded.misshapen
    refused = misshapen + count_faults(session)
    read = misshapen + count_rows(session)
    reasons = (
        _write_refused(session, quarantine, rows.refused(session, misshapen, loaded.rules)) if refused else {}
    )
    header = rows.header
    so_far = Parsed(
        read,
        quarantined=refused,
        reasons=reasons,
        dropped_columns=header.dropped,
        has_target=header.has_target,
        spelled=loaded.spelled,
    )
    return _with_accepted(session, part, so_far)


@dataclass(frozen=True)
class Loaded:
    """What was loaded into the row table: by which rules, as which columns spell it, and that in words."""

    misshapen: int
    rules: tuple[Rule, ...]
    columns: Columns
    spelled: tuple[str, ...] = ()


def load(session: Session, rows: RowSource, file: ScannedFile) -> Loaded:
    """Load a file into the row table; where it does not spell values as programs do, its own format is found."""
    loaded = _loaded_as(session, rows, file, declared_format(session.columns))
    if not is_in_doubt(session, loaded.rules):
        return loaded
    columns, spelled = find_spelling(session, rows, session.columns)
    return replace(_loaded_as(session, rows, file, columns), spelled=spelled)


def _loaded_as(session: Session, rows: RowSource, file: ScannedFile, columns: Columns) -> Loaded:
    rules = rules_for(columns, rows.header.spelled, arrived=file.arrived, tidy=rows.tidy)
    misshapen = rows.load(session, lambda texts: typed(columns, rules, texts, tidy=rows.tidy))
    return Loaded(misshapen, rules, columns)


def _refuse_mixed_zones(session: Session, columns: Columns) -> None:
    """Raise UnreadableError when some of a file's times have a time zone and others none: they are no order."""
    if columns.as_of is None or columns.dates is not None:
        return
    firsts = ", ".join(f"min(rowid) FILTER ({zoned})" for zoned in ("zoned", "NOT zoned"))
    [(zoned, local)] = session.run(f"SELECT {firsts} FROM rows WHERE fault IS NULL").fetchall()
    if zoned is not None and local is not None:
        name = columns.as_of
        raise UnreadableError(
            f"{name}: has a time zone in record {zoned + 1} and none in record {local + 1}", count_rows(session)
        )


def _with_accepted(session: Session, part: Path, so_far: Parsed) -> Parsed:
    repeated = merge_repeated(session)
    found = figures(session)
    if found.rows:
        write_part(session, part)
    return replace(
        so_far,
        accepted=found.rows,
        duplicates=repeated.duplicates,
        updates=repeated.updates,
        positives=found.positives,
        open=found.open,
        fingerprint=found.fingerprint,
        profile=profile_rows(session, found) if found.rows else None,
    )


def _write_refused(session: Session, quarantine: Path, refused: Iterable[Refused]) -> Mapping[str, int]:
    kinds = write_quarantine(quarantine, refused)
    session.drop_rows("SELECT rowid FROM rows WHERE fault IS NOT NULL")
    return dict(kinds.most_common())


def refuse_whole(quarantine: Path, reason: str, read: int = 0, raw: str = "") -> Parsed:
    """Write the reason for which a file of `read` rows is refused, and return its account; `raw` is its header."""
    write_quarantine(quarantine, [Refused(1, reason, reason, raw)])
    return Parsed(read, quarantined=read, reason=reason, reasons={reason: read} if read else {})
