"""A file of clients, scored: as a page or as a CSV. The checks are those of POST /prediction."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from pathlib import PurePath

from flask import Response, request
from werkzeug.utils import secure_filename

from risk_assets.serve.http.csv_form import read_csv
from risk_assets.serve.http.replies import CSV, RequestError
from risk_assets.serve.model.options import Options
from risk_assets.serve.model.prediction import Scored
from risk_assets.serve.pages.site import show
from risk_assets.serve.state import live_version, serving

REASONS = 3
#: Clients that the page lists, those at the highest risk first.
LISTED = 100


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
        clients = read_csv(file.read(), predictions.validator)
    except RequestError as fault:
        return _form(fault, file.filename)
    found = predictions.score(version, clients, Options(reasons=REASONS, interval=True))
    if request.form.get("answer") == "csv":
        return _download(predictions.as_csv(found), file.filename)
    rows = riskiest(found)
    return show("scored", file=file.filename, found=found, rows=rows, flagged=sum(_flags(found)))


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


def _download(content: bytes, name: str) -> Response:
    stem = PurePath(secure_filename(name)).stem or "clients"
    response = Response(content, content_type=CSV)
    response.headers["Content-Disposition"] = f"attachment; filename={stem}_scored.csv"
    return response
