"""The CSV form, in and out: a header with the names of declared columns, then a line per client."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence

from risk_assets.domain.columns import BLANKS, Columns, number_of
from risk_assets.domain.spreadsheet import harmless
from risk_assets.serve.http.client_validation import Clients, ClientValidator, not_known
from risk_assets.serve.http.replies import SHOWN_CHARACTERS, Fault, RequestError, faulty, refuse_any

#: What other programs put between the columns.
OTHER_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "bars"}


def read_csv(body: bytes, validator: ClientValidator) -> Clients:
    """Return the clients of a CSV text. Raises RequestError (400, 413, 422) that names row and field.

    A blank cell is a missing value; blanks around names and values are no part of them.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RequestError(400, f"the CSV is not UTF-8 text: byte {error.start}") from error
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        names = _header(next(lines, []), validator.columns)
        return validator.clients(list(_rows(lines, names, validator)))
    except csv.Error as error:
        raise RequestError(422, f"line {lines.line_num} is not CSV: {error}") from error


def write_csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Return rows as CSV for spreadsheets: text that would be taken for a formula has a ' in front."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(map(harmless, header))
    writer.writerows([harmless(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    return text.getvalue().encode()


def _header(cells: Sequence[str], columns: Columns) -> list[str]:
    declared = {name.casefold(): name for name in columns.names}
    names = [cell.strip(BLANKS) for cell in cells]
    found = [declared.get(name.casefold()) for name in names]
    strangers = (place for place, name in enumerate(found, start=1) if name is None)
    refuse_any(_unknown(place, names, columns) for place in strangers)
    refuse_any(
        Fault(None, name, "is named twice in the header") for name in columns.names if found.count(name) > 1
    )
    if not any(name in columns.inputs for name in found):
        raise RequestError(422, f"the CSV has no header with a feature; there are {', '.join(columns.inputs)}")
    return [name for name in found if name is not None]


def _unknown(place: int, names: Sequence[str], columns: Columns) -> Fault:
    name = names[place - 1]
    if not name:
        return Fault(None, None, f"column {place} of the header has no name")
    delimiter = next((each for each in OTHER_DELIMITERS if each in name), None)
    if delimiter and len(names) == 1:
        return Fault(
            None, None, f"the header has no comma: put commas between columns, not {OTHER_DELIMITERS[delimiter]}"
        )
    return Fault(None, name[:SHOWN_CHARACTERS], not_known(name, "column", columns))


def _rows(
    lines: Iterator[list[str]], names: Sequence[str], validator: ClientValidator
) -> Iterator[Mapping[str, object]]:
    numeric = {column.name for column in validator.columns.numeric}
    row = 0
    for cells in lines:
        if not cells:
            continue
        row += 1
        if row > validator.max_rows:
            validator.check_count(row)
        if len(cells) != len(names):
            raise faulty([Fault(row, None, f"has {len(cells)} cells, the header has {len(names)}")])
        yield {
            name: _number(cell) if name in numeric else cell.strip(BLANKS) or None
            for name, cell in zip(names, cells, strict=True)
        }


def _number(cell: str) -> object:
    """Return the number, None for a blank, and for anything else the text, which the validator will refuse."""
    number = number_of(cell)
    if number is not None:
        return number
    return cell if cell.strip(BLANKS) else None
