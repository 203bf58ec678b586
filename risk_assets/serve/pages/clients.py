"""The clients at risk: the ranking, searched, sorted and paged, also as CSV; and one client with its reasons."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Response, request
from pydantic import ValidationError

from risk_assets.domain.ranking.risk_summary import RankedClient
from risk_assets.engine.ranking.risk_summary import FIGURES, REASONS
from risk_assets.serve.api.answers import ClientQuery, Explanation
from risk_assets.serve.api.clients import explain
from risk_assets.serve.http.csv_form import write_csv
from risk_assets.serve.http.replies import CSV, RequestError, shown
from risk_assets.serve.model.live import Version
from risk_assets.serve.pages.bars import deviations
from risk_assets.serve.pages.curves import Cell, Curve, Table, drawings
from risk_assets.serve.pages.site import find, show
from risk_assets.serve.state import find_version, serving

#: Pages named on either side of the one that shows.
NEIGHBOURS = 2
LEAST_RISKS = (0.0, 0.25, 0.5, 0.75, 0.9)


def clients() -> Response:
    """Show a page of the ranking."""
    query, version = _query(), find_version()
    threshold = version.scorecard.threshold if version else None
    table = serving().clients
    found = find(lambda: table.page(min_risk=query.min_risk, q=query.q, sort=query.sort, page=query.page))
    wanted = query.model_dump(exclude_defaults=True, exclude={"page"})
    pages = _page_numbers(query.page, found.value.pages) if found.value else []
    choices = sorted({*LEAST_RISKS, query.min_risk, *([threshold] if threshold is not None else [])})
    return show(
        "clients",
        query=query,
        wanted=wanted,
        found=found,
        pages=pages,
        choices=choices,
        threshold=threshold,
        most=serving().settings.max_rows,
    )


def clients_csv() -> Response:
    """Send all clients that fit the search, up to as many as one request may hold."""
    query = _query()
    most = serving().settings.max_rows
    found = serving().clients.page(min_risk=query.min_risk, q=query.q, sort=query.sort, size=most)
    header = [serving().columns.id, *FIGURES]
    response = Response(write_csv(header, [_line(client) for client in found.clients]), content_type=CSV)
    response.headers["Content-Disposition"] = "attachment; filename=clients_at_risk.csv"
    return response


def client() -> Response:
    """Show one client: how it stands, why, and where it is on each shape."""
    name = request.args.get("id", "")
    ranked = serving().clients.client(name)
    features = find(lambda: serving().clients.features(name))
    version = find_version()
    explanation = _explanation(version, features.value)
    shapes = explanation.shapes if explanation else []
    curves: tuple[Curve | Table, ...] = ()
    if version is not None and explanation is not None:
        reference = find(lambda: serving().generated.reference(version))
        curves = drawings(version.scorecard, reference.value.profile if reference.value else None, features.value)
    bars = deviations([shape.log_odds - shape.average for shape in shapes])
    return show(
        "client",
        name=name,
        ranked=ranked,
        explanation=explanation,
        features=features,
        reasons=list(zip(shapes, bars, strict=True)),
        curves=curves,
        threshold=version.scorecard.threshold if version else None,
    )


def _explanation(version: Version | None, features: Mapping[str, Cell] | None) -> Explanation | None:
    return explain(version, features) if version is not None and features is not None else None


def _query() -> ClientQuery:
    """Return what the address asks for. Raises RequestError (422)."""
    try:
        return ClientQuery.model_validate(request.args.to_dict())
    except ValidationError as error:
        fault = error.errors()[0]
        raise RequestError(422, f"{fault['loc'][0]}: {shown(fault['input'])}: {fault['msg']}") from error


def _line(ranked: RankedClient) -> list[object]:
    reasons = [*ranked.reasons, *[""] * (REASONS - len(ranked.reasons))]
    change = [ranked.previous_risk, ranked.change]
    return [ranked.id, ranked.risk, ranked.rank, ranked.decile, *change, *reasons, ranked.change_reason or ""]


def _page_numbers(page: int, pages: int) -> list[int | None]:
    """Return the pages to name: the first, the last and those around this one; None stands for a gap."""
    near = range(page - NEIGHBOURS, page + NEIGHBOURS + 1)
    named = sorted({1, pages, *(number for number in near if 1 <= number <= pages)})
    shown_pages: list[int | None] = []
    for before, number in zip([0, *named], named, strict=False):
        if number > before + 1:
            shown_pages.append(None)
        shown_pages.append(number)
    return shown_pages
