"""The clients at risk: the ranking, searched, sorted and paged, also as CSV; and one client with its reasons."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from flask import Response, request
from pydantic import ValidationError

from risk_assets.domain.columns import Columns
from risk_assets.domain.model.reasons import Reason
from risk_assets.domain.model.scorecard import risk_at
from risk_assets.domain.ranking.risk_summary import NUMBERS, REASONS
from risk_assets.engine.ranking.ranked_columns import columns_of
from risk_assets.reporting.charts.heat import HeatMap
from risk_assets.serve.api.answers import ClientQuery, Explanation
from risk_assets.serve.api.clients import explain, log_odds_of, observed, reasons_of
from risk_assets.serve.client_table import KnownClient, Listed
from risk_assets.serve.http.csv_form import write_csv
from risk_assets.serve.http.replies import CSV, RequestError, shown
from risk_assets.serve.model.live import Version
from risk_assets.serve.pages.bars import Change, changes, deviations
from risk_assets.serve.pages.curves import Cell, Curve, Table, drawings, maps, usual_risk
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
    found = find(lambda: table.page(**query.model_dump()))
    ranked = [known.ranked for known in found.value.clients if known.ranked] if found.value else []
    wanted = query.model_dump(exclude_defaults=True, exclude={"page"})
    pages = _page_numbers(query.page, found.value.pages) if found.value else []
    choices = sorted({*LEAST_RISKS, query.min_risk, *([threshold] if threshold is not None else [])})
    return show(
        "clients",
        query=query,
        columns=serving().columns,
        wanted=wanted,
        found=found,
        pages=pages,
        choices=choices,
        threshold=threshold,
        certain=any(each.risk_low is not None for each in ranked),
        changed=any(each.change is not None for each in ranked),
        most=serving().settings.max_rows,
    )


def clients_csv() -> Response:
    """Send all clients that fit the search, up to as many as one request may hold."""
    query = _query()
    most = serving().settings.max_rows
    found = serving().clients.page(**query.model_dump(exclude={"page"}), size=most)
    columns = serving().columns
    header = [shown for _, shown in columns_of(columns)]
    if query.status != "current":
        header += ["status", "left_on"]
    lines = [_line(columns, client, query.status) for client in found.clients]
    response = Response(write_csv(header, lines), content_type=CSV)
    response.headers["Content-Disposition"] = "attachment; filename=clients_at_risk.csv"
    return response


def client() -> Response:
    """Show one client: how it stands, why, and where it is on each shape."""
    name = request.args.get("id", "")
    known = serving().clients.client(name)
    rows = find(lambda: serving().clients.history(name))
    features = rows.value[-1].features if rows.value else None
    version = find_version()
    explanation = _explanation(version, features)
    shapes = explanation.shapes if explanation else []
    curves: tuple[Curve | Table, ...] = ()
    pairs: tuple[HeatMap, ...] = ()
    if version is not None and features is not None:
        reference = find(lambda: serving().generated.reference(version))
        profile = reference.value.profile if reference.value else None
        curves = drawings(version.scorecard, profile, features)
        pairs = maps(version.scorecard, profile, features)
    bars = deviations([shape.log_odds - shape.average for shape in shapes])
    return show(
        "client",
        name=name,
        known=known,
        ranked=known.ranked,
        columns=serving().columns,
        history=observed(version, rows.value) if version is not None and rows.value else [],
        explanation=explanation,
        rows=rows,
        why=_why(version, features),
        log_odds=log_odds_of(version, features) if version and features is not None else None,
        shapes=list(zip(shapes, bars, strict=True)),
        curves=curves,
        maps=pairs,
        usual=usual_risk(version.scorecard) if version else None,
        threshold=version.scorecard.threshold if version else None,
    )


def _why(version: Version | None, features: Mapping[str, Cell] | None) -> list[tuple[Reason, Change]]:
    """Return the reasons of a client with bars from the risk with the usual value to its risk."""
    if version is None or features is None:
        return []
    found, log_odds = reasons_of(version, features), log_odds_of(version, features)
    others = risk_at(log_odds - np.array([reason.effect for reason in found])).tolist()
    return list(zip(found, changes(float(risk_at(np.array(log_odds))), others), strict=True))


def _explanation(version: Version | None, features: Mapping[str, Cell] | None) -> Explanation | None:
    return explain(version, features) if version is not None and features is not None else None


def _query() -> ClientQuery:
    """Return what the address asks for. Raises RequestError (422)."""
    try:
        return ClientQuery.model_validate(request.args.to_dict())
    except ValidationError as error:
        fault = error.errors()[0]
        raise RequestError(422, f"{fault['loc'][0]}: {shown(fault['input'])}: {fault['msg']}") from error


def _line(columns: Columns, known: KnownClient, listed: Listed) -> list[object]:
    ranked = known.ranked
    if ranked is None:
        cells: list[object] = [known.id, *[""] * (len(columns_of(columns)) - 1)]
    else:
        reasons = [*ranked.reasons, *[""] * (REASONS - len(ranked.reasons))]
        texts = [*reasons, ranked.change_reason or ""]
        dated = [] if columns.as_of is None else [ranked.as_of]
        values = [] if columns.value is None else [ranked.value, ranked.value_at_risk]
        figures = [getattr(ranked, name) for name in NUMBERS]
        cells = [ranked.id, *dated, *figures, *values, *ranked.carried.values(), *texts]
    return cells if listed == "current" else [*cells, known.status, known.left_on]


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
