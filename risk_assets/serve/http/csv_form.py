"""The CSV form, in and out: a header with the names of declared columns, then a line per client."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from risk_assets.domain.columns import BLANKS, Columns
from risk_assets.domain.derived import parts_of
from risk_assets.domain.intake.misspelt import nearly_called
from risk_assets.engine.intake.encoding import decode_file
from risk_assets.engine.intake.scan import WORKBOOK_MAGIC
from risk_assets.serve.http.client_validation import Clients, ClientValidator, not_known
from risk_assets.serve.http.csv_cells import read_cells
from risk_assets.serve.http.replies import SHOWN_CHARACTERS, Fault, RequestError, faulty, refuse_any

DELIMITERS = (",", ";", "\t", "|")


def read_csv(body: bytes, validator: ClientValidator, *, is_file: bool = False) -> Clients:
    """Return the clients of a CSV text. Raises RequestError (400, 413, 415, 422) that names row and field.

    It is UTF-8; a file may have any encoding that ingestion reads. Columns that are not declared are left out, and
    named. A blank cell is a missing value, and so are the words for it; blanks around names and values are no part
    of them.
    """
    columns = validator.columns
    text = _decoded(body, columns.form.encoding if is_file else "utf-8-sig")
    first = text.partition("\n")[0]
    lines = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=_delimiter(first, columns))
    try:
        header = [cell.strip(BLANKS) for cell in next(lines, [])]
        names = _declared(header, columns)
        rows = list(_rows(lines, len(header), validator))
    except csv.Error as error:
        raise RequestError(422, f"line {lines.line_num} is not CSV: {error}") from error
    texts = {name: [row[place] for row in rows] for place, name in enumerate(names) if name is not None}
    cells = read_cells(texts, columns)
    clients = validator.clients([dict(zip(cells, row, strict=True)) for row in zip(*cells.values(), strict=True)])
    ignored = {name.casefold() for name in columns.ignored}
    strangers = (cell for cell, name in zip(header, names, strict=True) if name is None)
    return clients._replace(left_out=[cell for cell in strangers if cell.casefold() not in ignored])


def _decoded(body: bytes, encoding: str | None) -> str:
    if body.startswith(WORKBOOK_MAGIC):
        raise RequestError(415, "this is a workbook, which `risk score FILE` reads; here send it saved as CSV")
    try:
        return decode_file(body, encoding)
    except UnicodeDecodeError as error:
        name = "UTF-8" if error.encoding.startswith("utf-8") else error.encoding
        raise RequestError(400, f"the CSV is not {name} text: byte {error.start}") from error


def _delimiter(header: str, columns: Columns) -> str:
    """Return the delimiter that tells the most declared columns of a header apart."""
    declared = {name.casefold() for name in columns.names}

    def found(delimiter: str) -> int:
        return sum(cell.strip(BLANKS + '"').casefold() in declared for cell in header.split(delimiter))

    return columns.form.delimiter or max(DELIMITERS, key=found)


def _declared(cells: Sequence[str], columns: Columns) -> list[str | None]:
    """Return the declared name of each cell of the header, None for other columns."""
    declared = {name.casefold(): name for name in columns.names}
    found = [declared.get(cell.casefold()) for cell in cells]
    refuse_any(
        Fault(None, name, "is named twice in the header") for name in columns.names if found.count(name) > 1
    )
    strangers = [cell for cell, name in zip(cells, found, strict=True) if name is None]
    absent = [name for name in columns.inputs if name not in found]
    refuse_any(
        Fault(None, nearly[0][:SHOWN_CHARACTERS], f"is nearly called {name}, which the file lacks")
        for name in absent
        if (nearly := nearly_called(name, strangers))
    )
    refuse_any(
        Fault(None, cell[:SHOWN_CHARACTERS], not_known(cell, "column", columns))
        for cell in strangers
        if parts_of(columns, cell)
    )
    if not any(name in columns.inputs for name in found):
        raise RequestError(422, f"the CSV has no header with a feature; there are {', '.join(columns.inputs)}")
    return found


def _rows(lines: Iterator[list[str]], width: int, validator: ClientValidator) -> Iterator[list[str]]:
    row = 0
    for cells in lines:
        if not cells:
            continue
        row += 1
        if row > validator.max_rows:
            validator.check_count(row)
        if len(cells) != width:
            raise faulty([Fault(row, None, f"has {len(cells)} cells, the header has {width}")])
        yield cells
