"""Opening a file whose columns nobody has declared: its header is what looks most like one."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from risk_assets.domain.columns import BLANKS
from risk_assets.domain.file_form import FileForm
from risk_assets.engine.intake.column_facts import undescribed
from risk_assets.engine.intake.encoding import open_text
from risk_assets.engine.intake.formats import SUFFIXES, format_of
from risk_assets.engine.intake.scan import DELIMITERS, ScannedFile, UnreadableError, scan_file
from risk_assets.engine.intake.source import RowSource
from risk_assets.engine.intake.tokenize import tokenize
from risk_assets.engine.intake.workbook_file import first_rows
from risk_assets.engine.session import Session

#: A delimiter parts the first records alike.
FIRST_RECORDS = 20


@dataclass(frozen=True)
class Opened:
    """A file with a session that reads each of its columns as text."""

    session: Session
    rows: RowSource
    form: FileForm


@contextlib.contextmanager
def open_undescribed(session: Session, path: Path, folder: Path) -> Iterator[Opened]:
    """Open a file; `folder` takes copies that are needed meanwhile.

    Raises UnreadableError for a file of no kind that is read, or one whose columns have no names of their own.
    """
    if not path.name.lower().endswith(SUFFIXES):
        raise UnreadableError(f"is of no kind that is read: {', '.join(SUFFIXES)}")
    file = scan_file(path)
    names, form = _header(session, file, folder)
    named = [name for name in names if name]
    twice = [name for name, times in Counter(name.casefold() for name in named).items() if times > 1]
    if twice:
        raise UnreadableError(f"column {twice[0]!r} occurs more than once")
    if len(named) < 2:  # noqa: PLR2004
        raise UnreadableError("has fewer than two columns with a name")
    with session.new_connection(undescribed(named, form)) as reader:
        yield Opened(reader, format_of(path.name).open(reader, file, folder), form)


def _header(session: Session, file: ScannedFile, folder: Path) -> tuple[list[str], FileForm]:
    kind = format_of(file.path.name).name
    if kind == "parquet":
        return list(session.describe(file.path)), FileForm()
    if kind == "workbook":
        rows = [[cell.strip(BLANKS) for cell in row] for row in first_rows(file.path)]
        return max(rows, key=lambda row: sum(map(bool, row)), default=[]), FileForm()
    delimiter, cells = _parted(open_text(file, folder).path)
    return [cell.strip(BLANKS) for cell in cells], FileForm(delimiter=None if delimiter == "," else delimiter)


def _parted(path: Path) -> tuple[str, list[str]]:
    """Return the delimiter that parts the most of the first records into as many fields as the header has.

    Raises UnreadableError for an empty file.
    """
    found: list[tuple[int, str, list[str]]] = []
    for delimiter in DELIMITERS:
        with path.open(encoding="utf-8", errors="backslashreplace", newline="") as text:
            records = [record.fields for record in islice(tokenize(text, delimiter), FIRST_RECORDS)]
        if not records:
            raise UnreadableError("the file is empty")
        header = records[0]
        alike = sum(len(fields) == len(header) for fields in records)
        found.append((alike * (len(header) - 1), delimiter, header))
    _, delimiter, header = max(found, key=lambda each: each[0])
    return delimiter, header
