"""The list of clients: the ranking, searched, filtered, sorted and paged."""

from __future__ import annotations

import math
from http import HTTPStatus

from flask import Response, redirect, request, url_for
from pydantic import ValidationError
from werkzeug.wrappers import Response as AnyResponse

from risk_assets.serve.api.questions import ClientQuery, client_query
from risk_assets.serve.client_table import MOST_LEVELS
from risk_assets.serve.http.replies import RequestError, shown
from risk_assets.serve.pages.site import find, show
from risk_assets.serve.state import ranking_origin, ranking_threshold, serving

#: Pages named on either side of the one that shows.
NEIGHBOURS = 2
LEAST_RISKS = (0.0, 0.25, 0.5, 0.75, 0.9)


def clients() -> Response:
    """Show a page of the ranking, as the address asks for it. Raises RequestError (422)."""
    try:
        return show_clients(client_query(serving().columns).model_validate(request.args.to_dict()))
    except ValidationError as error:
        fault = error.errors()[0]
        raise RequestError(422, f"{fault['loc'][0]}: {shown(fault['input'])}: {fault['msg']}") from error


def clients_csv() -> AnyResponse:
    """Lead from the address that the CSV once had to that of today."""
    address = f"{url_for('desk.clients_csv')}?{request.query_string.decode()}"
    return redirect(address, HTTPStatus.PERMANENT_REDIRECT)


def show_clients(query: ClientQuery) -> Response:
    """Show a page of the ranking."""
    table, threshold = serving().clients, find(ranking_threshold).value
    found = find(lambda: table.page(**query.search()))
    ranked = [known.ranked for known in found.value.clients if known.ranked] if found.value else []
    wanted = query.model_dump(by_alias=True, exclude_defaults=True, exclude={"page", "after"})
    pages = _page_numbers(query.page, found.value.pages) if found.value else []
    choices = sorted({*LEAST_RISKS, query.min_risk, *([threshold] if threshold is not None else [])})
    columns, filters = serving().columns, query.filters()
    return show(
        "clients",
        query=query,
        columns=columns,
        wanted=wanted,
        found=found,
        pages=pages,
        choices=choices,
        threshold=threshold,
        origin=find(ranking_origin).value,
        certain=any(each.risk_low is not None for each in ranked),
        changed=any(each.change is not None for each in ranked),
        most=serving().settings.max_rows,
        filters=filters,
        levels=levels_of(),
        is_filtered=bool(filters.levels or filters.least or filters.most),
        infinity=math.inf,
    )


def levels_of() -> dict[str, tuple[str, ...]]:
    """Return the levels of each carried column, none where there are too many, or no ranking yet."""
    columns, table = serving().columns, serving().clients
    found = {name: find(lambda name=name: table.levels(name)).value or () for name in columns.shown}  # type: ignore[misc]
    return {name: levels if len(levels) < MOST_LEVELS else () for name, levels in found.items()}


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
