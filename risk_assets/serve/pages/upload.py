"""A file of clients, scored: as a page or as a CSV. The checks are those of POST /prediction."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from pathlib import PurePath

from flask import Response, request
from werkzeug.utils import secure_filename

from risk_assets.domain.columns import Columns
from risk_assets.domain.dates import DateFormat
from risk_assets.domain.spreadsheet import write_csv
from risk_assets.serve.http.csv_form import read_csv
from risk_assets.serve.http.replies import CSV, RequestError
from risk_assets.serve.model.options import Options
from risk_assets.serve.model.prediction_answer import Scored, as_csv
from risk_assets.serve.pages.site import show
from risk_assets.serve.state import find_version, live_version, serving

REASONS = 3
#: Clients that the page lists, those at the highest risk first.
LISTED = 100
#: Bytes of a result that the page itself carries, to be downloaded from it; a longer one takes another upload.
MOST_CARRIED = 3_000_000
SAMPLE_DAY = date(2026, 9, 1)
ISO_DAY = DateFormat("%Y-%m-%d")


@dataclass(frozen=True)
class ScoredRow:
    """A client of the file: its row (from 1), its id if it has one, and what the model says of it.

    `missing` and `unknown` name columns without a value, and with a category that the model does not know; `low`
    and `high` bound the 90 % interval of the risk, None where the model cannot tell.
    """

    row: int
    id: str
    risk: float
    flagged: bool
    reasons: tuple[str, ...]
    missing: tuple[str, ...]
    unknown: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None


def upload() -> Response:
    """Show the form."""
    return _form()


def scored() -> Response:
    """Score the file that was sent."""
    version = live_version()
    predictions = serving().predictions
    file = request.files.get("file")
    if file is None or not file.filename:
        return _form(RequestError(422, "choose a CSV file first"))
    try:
        clients = read_csv(file.read(), predictions.validator, is_file=True)
    except RequestError as fault:
        return _form(fault, file.filename)
    found = predictions.score(version, clients, Options(reasons=REASONS, interval=True))
    if request.form.get("answer") == "csv":
        return _attachment(as_csv(found, predictions.columns.id), _name(file.filename))
    return show(
        "scored",
        file=file.filename,
        found=found,
        rows=riskiest(found),
        flagged=sum(_flags(found)),
        download=_carried(as_csv(found, predictions.columns.id)),
        name=_name(file.filename),
    )


def sample() -> Response:
    """Return a file of two made-up clients, the second with blank cells, that can be scored."""
    columns, version = serving().columns, find_version()
    usual = version.scorecard.usual if version else {}
    first = [_example(name, columns, usual.get(name)) for name in columns.inputs]
    blank = [None if place % 2 else cell for place, cell in enumerate(first)]
    rows = [("example-1", *first), ("example-2", *blank)]
    content = write_csv((columns.id, *columns.inputs), rows, columns.form.delimiter or ",", exactly=True)
    return _attachment(content, "sample.csv")


def _example(name: str, columns: Columns, usual: float | str | None) -> float | str | None:
    """Return a cell of the sample: the usual value, else the number that bounds allow next to 0, a day."""
    number = next((column for column in columns.numeric if column.name == name), None)
    if number is not None:
        low, high = number.bounds
        found = float(min(max(0.0, low), high) if usual is None else usual)
        return round(found) if found.is_integer() or columns.form.decimal else found
    return SAMPLE_DAY.strftime((columns.dates or ISO_DAY).text) if name in columns.dated else usual


def riskiest(found: Scored) -> list[ScoredRow]:
    """Return the clients at the highest risk, equal ones in the order of the file."""
    order = sorted(range(found.clients.n), key=lambda row: -found.risk[row])[:LISTED]
    ids, reasons, flags = found.clients.ids, found.reasons, _flags(found)
    bounds = found.bounds or [(None, None)] * found.clients.n
    return [
        ScoredRow(
            row=row + 1,
            id="" if ids is None or ids[row] is None else str(ids[row]),
            risk=found.risk[row],
            flagged=flags[row],
            reasons=reasons[row] if reasons else (),
            missing=tuple(found.clients.missing.get(row, ())),
            unknown=tuple(found.unknown.get(row, ())),
            low=bounds[row][0],
            high=bounds[row][1],
        )
        for row in order
    ]


def _flags(found: Scored) -> list[bool]:
    return [risk >= found.threshold for risk in found.risk]


def _form(fault: RequestError | None = None, file: str = "") -> Response:
    here, status = serving(), fault.status if fault else HTTPStatus.OK
    return show("upload", status, fault=fault, file=file, columns=here.columns, settings=here.settings)


def _carried(content: bytes) -> str:
    """Return an address that is its own content, empty for what is too long for that."""
    return f"data:text/csv;base64,{b64encode(content).decode()}" if len(content) <= MOST_CARRIED else ""


def _name(sent: str) -> str:
    return f"{PurePath(secure_filename(sent)).stem or 'clients'}_scored.csv"


def _attachment(content: bytes, name: str) -> Response:
    response = Response(content, content_type=CSV)
    response.headers["Content-Disposition"] = f"attachment; filename={name}"
    return response
