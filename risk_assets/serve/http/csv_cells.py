"""The cells of a CSV file that was sent, by the rules that hold for source files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from risk_assets.domain.columns import BLANKS, Columns
from risk_assets.domain.file_form import NumberFormat
from risk_assets.domain.intake.number_format import Shape, find_format
from risk_assets.domain.labels import number_of
from risk_assets.serve.http.replies import RequestError

DIGITS = str.maketrans("0123456789", "dddddddddd")

Cells = Mapping[str, Sequence[str]]


def read_cells(found: Cells, columns: Columns) -> dict[str, list[object]]:
    """Return numbers as numbers, missing cells as None, and all else as text; `found` holds texts by column.

    Numbers are read in the one format that all of them allow. Raises RequestError (422) where they allow several.
    """
    numeric = {column.name for column in columns.numeric} & found.keys()
    missing = {*columns.form.missing_numbers, ""}
    texts = {name: [cell.strip(BLANKS) for cell in cells] for name, cells in found.items()}
    form = _format({name: texts[name] for name in numeric}, columns, missing)
    words = {*columns.form.missing_texts, ""}
    return {
        name: [_number(cell, form, missing) for cell in cells]
        if name in numeric
        else [None if cell.lower() in words and name != columns.id else cell or None for cell in cells]
        for name, cells in texts.items()
    }


def _format(texts: Cells, columns: Columns, missing: set[str]) -> NumberFormat:
    """Return the plain format where it reads all numbers, as it nearly always does."""
    declared = columns.form.decimal is not None or columns.form.thousands is not None
    odd = (cell for cells in texts.values() for cell in cells if number_of(cell) is None)
    if not declared and all(cell.lower() in missing for cell in odd):
        return NumberFormat()
    shapes: list[Shape] = []
    for name, cells in texts.items():
        examples: dict[str, str] = {}
        counts = Counter(examples.setdefault(cell.translate(DIGITS), cell) for cell in cells)
        given = ((cell, count) for cell, count in counts.items() if cell.lower() not in missing)
        shapes += [Shape(name, cell.translate(DIGITS), count, cell) for cell, count in given]
    reading = find_format(shapes, decimal=columns.form.decimal, thousands=columns.form.thousands)
    if reading.fault:
        raise RequestError(422, reading.fault)
    return reading.format


def _number(cell: str, form: NumberFormat, missing: set[str]) -> object:
    """Return the number, None for what is missing, and for anything else the text, which is refused later."""
    if cell.lower() in missing:
        return None
    number = number_of(cell if form.is_plain else form.plain(cell) or "")
    return cell if number is None else number
