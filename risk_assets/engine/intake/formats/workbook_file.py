"""A sheet of a workbook (.xlsx, .xls, .ods) as typed rows, by the rules that hold for the texts of a CSV file."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from risk_assets.domain.columns import Columns
from risk_assets.engine.intake.header import Header, match_header
from risk_assets.engine.intake.quarantine import Refused, broken_rows, refused_records
from risk_assets.engine.intake.rules import Rule
from risk_assets.engine.intake.scan import ScannedFile, UnreadableError
from risk_assets.engine.intake.source import RowQuery
from risk_assets.engine.intake.tokenize import Record
from risk_assets.engine.session import Session

if TYPE_CHECKING:
    from python_calamine import CalamineSheet

#: A header stands within so many rows, below titles.
HEADER_ROWS = 50
#: Workbooks are packed: one that unpacks to more is refused, so that a small file cannot fill the memory.
MOST_UNPACKED = 2**30


class WorkbookFormat:
    """Workbooks, of which one sheet is read: the one that is declared, else the first."""

    name = "workbook"
    suffixes = (".xlsx", ".xls", ".ods")

    def open(self, session: Session, file: ScannedFile, folder: Path) -> WorkbookFile:
        """Open a workbook. Raises UnreadableError."""
        sheet = _sheet(file.path, session.columns.form.sheet)
        header, line = _find_header(sheet, session.columns)
        return WorkbookFile(sheet, header, line, session.columns, folder)


@dataclass(frozen=True)
class WorkbookFile:
    """A sheet with its header found on a line, counted from 1 as the program that shows it does."""

    sheet: CalamineSheet
    header: Header
    line: int
    columns: Columns
    folder: Path
    tidy: bool = False

    def records(self) -> Iterator[Record]:
        """Yield the rows below the header; those without a value are none."""
        rows = islice(_rows(self.sheet), self.line, None)
        for line, cells in enumerate(rows, start=self.line + 1):
            texts = [_as_text(cell, self.columns) for cell in cells]
            if any(text.strip() for text in texts):
                yield Record(line, _as_line(texts), texts, None)

    def count(self, session: Session) -> int:
        """Return the number of rows."""
        del session
        return sum(1 for _ in self.records())

    def load(self, session: Session, rows_of: RowQuery) -> int:
        """Load the rows into the row table; none is ever misshapen, so the answer is 0."""
        copy = self.folder / "sheet.jsonl"
        encode = json.JSONEncoder(ensure_ascii=False).encode
        with copy.open("w", encoding="utf-8") as target:
            target.writelines(f"{encode(record.fields)}\n" for record in self.records())
        texts = ", ".join(
            f"{'CAST(NULL AS VARCHAR)' if position is None else f'c{position}'} AS r{number}"
            for number, position in enumerate(self.header.positions)
        )
        width = len(self.header.cells)
        session.load_records(copy, width, lambda source: rows_of(f"SELECT {texts} FROM {source}"))
        return 0

    def refused(self, session: Session, misshapen: int, rules: Sequence[Rule]) -> Iterator[Refused]:
        """Yield what is refused; needs the rows of `load`."""
        del misshapen  # no row of a sheet is
        return refused_records(self.records(), broken_rows(session, rules), len(self.header.cells))


def first_rows(path: Path) -> list[list[str]]:
    """Return the rows of the first sheet among which its header is, as texts. Raises UnreadableError."""
    rows = islice(_rows(_sheet(path, None)), HEADER_ROWS)
    return [["" if cell is None else str(cell) for cell in row] for row in rows]


def _sheet(path: Path, name: str | None) -> CalamineSheet:
    from python_calamine import CalamineError, CalamineWorkbook

    _refuse_large(path)
    try:
        workbook = CalamineWorkbook.from_path(path)
        if not workbook.sheet_names:
            raise UnreadableError("the workbook has no sheet")
        if name is not None and name not in workbook.sheet_names:
            raise UnreadableError(f"no sheet {name!r}, but {', '.join(map(repr, workbook.sheet_names))}")
        return workbook.get_sheet_by_name(name or workbook.sheet_names[0])
    except CalamineError as error:
        raise UnreadableError(f"damaged workbook: {error}") from error


def _refuse_large(path: Path) -> None:
    if not zipfile.is_zipfile(path):
        return  # .xls is not packed
    try:
        with zipfile.ZipFile(path) as packed:
            size = sum(entry.file_size for entry in packed.infolist())
    except zipfile.BadZipFile as error:
        raise UnreadableError(f"damaged workbook: {error}") from error
    if size > MOST_UNPACKED:
        raise UnreadableError(f"unpacks to {size:,} bytes: more than {MOST_UNPACKED:,} are not read")


def _rows(sheet: CalamineSheet) -> Iterator[Sequence[object]]:
    return iter(sheet.to_python(skip_empty_area=False))


def _find_header(sheet: CalamineSheet, columns: Columns) -> tuple[Header, int]:
    """Return the first row that holds the most declared columns, else that with the most cells, and its line."""
    sound: list[tuple[Header, int]] = []
    faulty: list[tuple[Header, int]] = []
    for line, cells in enumerate(islice(_rows(sheet), HEADER_ROWS), start=1):
        texts = [_as_text(cell, columns) for cell in cells]
        header = match_header(texts, columns)
        (faulty if header.fault else sound).append((header, line))
    if sound:
        return max(sound, key=lambda found: found[0].found)
    if not faulty:
        raise UnreadableError("the sheet is empty")
    header, line = max(faulty, key=lambda found: sum(map(bool, found[0].cells)))
    return header, line


def _as_text(cell: object, columns: Columns) -> str:
    """Return a cell as a CSV file would spell it; dates in the declared format."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 2**53 else repr(cell)
    if isinstance(cell, datetime | date):
        moment = cell if isinstance(cell, datetime) else datetime(cell.year, cell.month, cell.day)  # noqa: DTZ001
        if columns.dates is not None:
            return moment.strftime(columns.dates.text)
        return str(moment.date()) if moment.time() == datetime.min.time() else moment.isoformat(" ")
    return str(cell)


def _as_line(texts: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(texts)
    return line.getvalue()
