"""The rows of one client, as they were delivered."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from risk_assets.domain.columns import Columns
from risk_assets.engine.dataset import POSITION
from risk_assets.engine.duck.session import DuckSession
from risk_assets.engine.sql import date_text, quote
from risk_assets.serve.client_search import ClientRow
from risk_assets.serve.http.replies import RequestError

if TYPE_CHECKING:
    import duckdb

logger = logging.getLogger(__name__)


def rows_of_client(session: DuckSession, columns: Columns, numbered: str, name: str) -> tuple[ClientRow, ...]:
    """Return the rows of a client among `numbered` ones, the latest last."""
    shown = ["CAST(NULL AS VARCHAR)" if columns.as_of is None else date_text(quote(columns.as_of))]
    cells = ", ".join([*shown, quote(columns.target), *map(quote, columns.features)])
    order = POSITION if columns.as_of is None else quote(columns.as_of)
    of_client = f"SELECT {cells} FROM ({numbered}) WHERE {quote(columns.id)} = ?"
    rows = session.run(f"{of_client} ORDER BY {order}", [name]).fetchall()
    if columns.as_of is None:  # a row that is delivered again unchanged is no news
        rows = [row for before, row in zip([None, *rows], rows, strict=False) if row != before]
    return tuple(
        ClientRow(as_of, None if left is None else bool(left), dict(zip(columns.features, cells, strict=True)))
        for as_of, left, *cells in rows
    )


def unreadable(error: duckdb.Error) -> RequestError:
    """Return what people are told of an engine that cannot read the ranking; the log holds its own words."""
    import duckdb

    logger.error("client_risk or finaldata cannot be read: %s", error)
    if isinstance(error, duckdb.BinderException | duckdb.CatalogException):
        why = "clients were ranked with other settings than those of this server: restart it, then run the graph"
    else:
        why = "client_risk or finaldata cannot be read: the server's log says why"
    return RequestError(503, why)
