"""The ranked clients, searched and paged by the engine, which is loaded with the first question about them."""

from __future__ import annotations

import contextlib
import tempfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from risk_assets.domain.columns import Columns
from risk_assets.domain.ranking.risk_summary import RankedClient, RiskSummary, Status
from risk_assets.engine.dataset import POSITION, numbered_rows
from risk_assets.engine.duck.session import DuckSession, open_duckdb
from risk_assets.engine.ranking.ranked_columns import columns_of
from risk_assets.engine.ranking.risk_summary import ranked_client, ranking_table
from risk_assets.engine.sql import date_text, quote, read_parts
from risk_assets.engine.temporary_directories import own_folder
from risk_assets.serve.generated import Generated
from risk_assets.serve.http.replies import RequestError
from risk_assets.serve.model.live import message_of
from risk_assets.settings import Settings
from risk_assets.storage.intake.part_files import rows_with_redelivered
from risk_assets.storage.layout import Layout
from risk_assets.storage.ranking.risk_summary import read_risk_summary

Sort = Literal["risk", "-risk", "id", "-id", "change", "-change", "value_at_risk", "-value_at_risk"]
Listed = Literal["current", "left", "all"]
ORDERS = {
    "risk": "risk NULLS LAST, id",
    "-risk": "rank NULLS LAST, id",
    "id": "id",
    "-id": "id DESC",
    "change": "change NULLS LAST, id",
    "-change": "change DESC NULLS LAST, id",
    "value_at_risk": "value_at_risk NULLS LAST, id",
    "-value_at_risk": "value_at_risk DESC NULLS LAST, id",
}
PAGE = 50
#: The engine answers questions about one table here; the graph has the rest of the machine.
MEMORY, THREADS = "512MB", 2


@dataclass(frozen=True)
class ClientPage:
    """A page of clients that fit a search; `total` counts all that fit, pages count from 1."""

    total: int
    page: int
    pages: int
    clients: tuple[KnownClient, ...]


@dataclass(frozen=True)
class KnownClient:
    """A client: current ones are ranked; `left_on` is when it left, or is going to, where that is known."""

    id: str
    status: Status
    left_on: str | None
    ranked: RankedClient | None


@dataclass(frozen=True)
class ClientRow:
    """A row of a client: its date (ISO 8601), whether the client left then (None: not known), and its features."""

    as_of: str | None
    left: bool | None
    features: Mapping[str, float | str | None]


class ClientTable:
    """Answers questions about client_risk. Raises RequestError (404) for what is not there."""

    def __init__(self, settings: Settings, layout: Layout) -> None:
        self._columns: Columns = settings.client_columns
        self._layout = layout
        self._generated = Generated(layout)
        self._open = contextlib.ExitStack()
        self._opening = threading.Lock()
        self._session: DuckSession | None = None

    def page(
        self,
        *,
        status: Listed = "current",
        min_risk: float = 0.0,
        q: str = "",
        sort: Sort = "-risk",
        page: int = 1,
        size: int = PAGE,
    ) -> ClientPage:
        """Return a page of the clients with that risk at least, whose id holds `q` in any case.

        Where no column of value is declared the order of value at risk is that of risk.
        """
        by_value = "value" in sort and self._columns.value is not None
        order = ORDERS[sort if by_value or "value" not in sort else sort.replace("value_at_risk", "risk")]
        fits = "coalesce(risk, 0) >= ? AND contains(lower(id), lower(?))"
        with self._questions() as session:
            listed = f"{self._clients(session, status)} WHERE {fits}"
            [(total,)] = session.run(f"SELECT count(*) FROM {listed}", [min_risk, q]).fetchall()
            window = f"ORDER BY {order} LIMIT {size} OFFSET {(page - 1) * size}"
            found = session.run(f"SELECT * FROM {listed} {window}", [min_risk, q]).fetchall()
        return ClientPage(total, page, max(1, -(-total // size)), tuple(map(self._known, found)))

    def summary(self, *, threshold: float, top: int) -> RiskSummary:
        """Return the ranking at a glance; clients from `threshold` on count as flagged."""
        with self._questions() as session:
            return read_risk_summary(session, self._layout, threshold=threshold, top=top)

    def client(self, name: str) -> KnownClient:
        """Return one client, whether it is ranked or not."""
        with self._questions() as session:
            found = session.run(f"SELECT * FROM {self._clients(session, 'all')} WHERE id = ?", [name]).fetchall()
        if not found:
            raise RequestError(404, "no client of that id is known")
        return self._known(found[0])

    def history(self, name: str) -> tuple[ClientRow, ...]:
        """Return the client's rows, the latest last; none when finaldata has none of it."""
        data, columns = rows_with_redelivered(self._layout, self._generated.ingestion()), self._columns
        if not data.parts:
            return ()
        with self._questions() as session:
            shown = ["CAST(NULL AS VARCHAR)" if columns.as_of is None else date_text(quote(columns.as_of))]
            cells = ", ".join([*shown, quote(columns.target), *map(quote, columns.features)])
            order = POSITION if columns.as_of is None else quote(columns.as_of)
            of_client = f"SELECT {cells} FROM ({numbered_rows(session, data)}) WHERE {quote(columns.id)} = ?"
            rows = session.run(f"{of_client} ORDER BY {order}", [name]).fetchall()
        if columns.as_of is None:  # a row that is delivered again unchanged is no news
            rows = [row for before, row in zip([None, *rows], rows, strict=False) if row != before]
        return tuple(
            ClientRow(as_of, None if left is None else bool(left), dict(zip(columns.features, cells, strict=True)))
            for as_of, left, *cells in rows
        )

    def _clients(self, session: DuckSession, status: Listed) -> str:
        """Return the SQL table of clients: what the ranking says of each, its status and when it left."""
        ranking, file = ranking_table(session, self._layout.client_risk_parquet), self._layout.client_status
        if status == "current" or not file.is_file():
            here = "" if status != "left" else " WHERE false"
            return f"(SELECT *, 'current' AS status, CAST(NULL AS VARCHAR) AS left_on FROM {ranking}{here})"
        written = list(session.describe(file))
        left_on = date_text("left_on") if "left_on" in written else "CAST(NULL AS VARCHAR)"
        word = "status = 'left'" if status == "left" else "true"
        statuses = (
            f"(SELECT {quote(written[0])} AS id, status, {left_on} AS left_on "
            f"FROM {read_parts([file])} WHERE {word})"
        )
        names = ", ".join(name for name, _ in columns_of(self._columns)[1:])
        joined = f"{statuses} AS statuses LEFT JOIN {ranking} USING (id)"
        return f"(SELECT statuses.id, {names}, status, left_on FROM {joined})"

    def _known(self, row: tuple[Any, ...]) -> KnownClient:
        *figures, status, left_on = row
        ranked = ranked_client(self._columns, figures)
        return KnownClient(ranked.id, status, left_on, None if ranked.rank is None else ranked)

    def close(self) -> None:
        """Close the engine."""
        self._open.close()

    @contextlib.contextmanager
    def _questions(self) -> Iterator[DuckSession]:
        """Yield a cursor of its own for each question, so that threads do not meet."""
        import duckdb

        if not self._layout.client_risk_parquet.is_file():
            raise RequestError(404, "client_risk.parquet is not generated yet; materialize client_risk")
        cursor = self._engine().connection.cursor()
        try:
            yield DuckSession(self._columns, cursor)
        except duckdb.Error as error:
            raise RequestError(
                503,
                f"client_risk or finaldata cannot be read: {message_of(self._layout, error).splitlines()[0]}",
            ) from error
        finally:
            cursor.close()

    def _engine(self) -> DuckSession:
        with self._opening:
            if self._session is None:
                spill = self._open.enter_context(own_folder(Path(tempfile.gettempdir()), "risk-serve-spill-"))
                engine = open_duckdb(self._columns, memory_limit=MEMORY, threads=THREADS, spill=spill)
                self._session = self._open.enter_context(engine)
            return self._session
