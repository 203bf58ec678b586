"""The Excel form: one sheet with typed columns, a frozen header, a filter and widths that fit."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

Kind = Literal["text", "number", "whole", "share", "date"]
FORMATS: dict[Kind, str] = {
    "text": "@",
    "number": "#,##0.######",
    "whole": "#,##0",
    "share": "0.0%",
    "date": "yyyy-mm-dd",
}
#: Characters, beyond which a column is not made wider.
WIDEST, NARROWEST = 60, 8
#: Rows whose cells are looked at for the width of a column.
LOOKED_AT = 200
#: What a cell of a worksheet holds at most.
LONGEST_TEXT = 32_767


@dataclass(frozen=True)
class SheetColumn:
    """A column of a sheet: its heading, and what its cells are."""

    name: str
    kind: Kind = "text"


def write_xlsx(title: str, columns: Sequence[SheetColumn], rows: Iterable[Sequence[object]]) -> bytes:
    """Return rows as an Excel file. Texts stay texts: none is a formula or a link."""
    import xlsxwriter

    file = io.BytesIO()
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(file, {"in_memory": True, **options}) as workbook:
        sheet = workbook.add_worksheet(title)
        heading = workbook.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        formats = {kind: workbook.add_format({"num_format": text}) for kind, text in FORMATS.items()}
        sheet.write_row(0, 0, [column.name for column in columns], heading)
        widths, last = [min(len(column.name), 20) for column in columns], 0
        for last, row in enumerate(rows, start=1):
            for place, (cell, column) in enumerate(zip(row, columns, strict=True)):
                text = _write(sheet, (last, place), cell, column.kind, formats[column.kind])
                if last <= LOOKED_AT:
                    widths[place] = max(widths[place], len(text))
        for place, width in enumerate(widths):
            sheet.set_column(place, place, max(NARROWEST, min(width + 2, WIDEST)))
        sheet.freeze_panes(1, 1)
        sheet.autofilter(0, 0, last, max(0, len(columns) - 1))
    return file.getvalue()


def _write(sheet: Worksheet, at: tuple[int, int], cell: object, kind: Kind, form: object) -> str:
    """Write a cell, and return about what it looks like."""
    if cell is None or cell == "":
        return ""
    if kind == "date" and isinstance(cell, str):
        sheet.write_datetime(*at, date.fromisoformat(cell[:10]), form)
        return "2026-01-01"
    if isinstance(cell, int | float) and kind != "text":
        sheet.write_number(*at, cell, form)
        return f"{cell:,.6g}"
    text = str(cell)[:LONGEST_TEXT]
    sheet.write_string(*at, text, form)
    return text
