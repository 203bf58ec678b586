"""The ranked clients, searched and paged by the engine, which is loaded with the first question about them."""

from __future__ import annotations

import contextlib
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from risk_assets.domain.columns import Columns
from risk_assets.domain.ranking.risk_summary import RankedClient, RiskSummary
from risk_assets.engine.dataset import numbered_rows
from risk_assets.engine.duck.session import DuckSession, open_duckdb
from risk_assets.engine.ranking.client_risk import columns_of
from risk_assets.engine.ranking.risk_summary import feature_names, ranked_clients
from risk_assets.engine.sql import date_text, quote, read_parts
from risk_assets.engine.temporary_directories import own_folder
from risk_assets.serve.client_order import Key, Order, order_of
from risk_assets.serve.client_rows import rows_of_client, unreadable
from risk_assets.serve.client_search import (
    EVERYONE,
    ClientPage,
    ClientRow,
    Filters,
    KnownClient,
    Listed,
    Sort,
    conditions,
)
from risk_assets.serve.generated import Generated
from risk_assets.serve.http.replies import NotGeneratedError, RequestError
from risk_assets.serve.loaded_ranking import LoadedRanking, Stamp
from risk_assets.settings import Settings
from risk_assets.storage.intake.part_files import rows_with_redelivered
from risk_assets.storage.layout import Layout
from risk_assets.storage.ranking.risk_summary import read_risk_summary

PAGE = 50
#: Levels that a filter offers.
MOST_LEVELS = 200
#: The engine answers questions about one table here; the graph has the rest of the machine.
MEMORY, THREADS = "512MB", 2


class ClientTable:
    """Answers questions about client_risk. Raises RequestError (404) for what is not there."""

    def __init__(self, settings: Settings, layout: Layout) -> None:
        self._columns: Columns = settings.client_columns
        self._by_value = self._columns.value is not None
        self._layout = layout
        self._ranking = LoadedRanking(layout.client_risk_parquet)
        self._generated = Generated(layout)
        self._open = contextlib.ExitStack()
        self._opening = threading.Lock()
        self._session: DuckSession | None = None
        self._levels: dict[str, tuple[Stamp, tuple[str, ...]]] = {}

    def page(
        self,
        *,
        status: Listed = "current",
        min_risk: float = 0.0,
        q: str = "",
        sort: Sort = "-risk",
        page: int = 1,
        size: int = PAGE,
        after: str | None = None,
        filters: Filters = EVERYONE,
    ) -> ClientPage:
        """Return a page of the clients with that risk at least, whose id holds `q` in any case, and that fit.

        `after` is the cursor of the page before, from which this one is found as quickly as the first. Where no
        column of value is declared the order of value at risk is that of risk. Raises RequestError: 422 for a
        filter of an unknown column, 404 for a cursor of another order.
        """
        order = order_of(sort, by_value=self._by_value, key="rank" if status == "current" else "id")
        fits, values = conditions(self._columns, filters)
        if min_risk:
            fits, values = [*fits, "coalesce(risk, 0) >= ?"], [*values, min_risk]
        if q:
            fits, values = [*fits, "contains(lower(id), lower(?))"], [*values, q]
        while True:  # a ranking that is replaced meanwhile is asked anew, so that no page is of two of them
            stamp = self._ranking.stamp()
            found = self._page(status, (fits, values), order, (after, page, size))
            if stamp == self._ranking.stamp():
                return found

    def _page(
        self,
        status: Listed,
        search: tuple[list[str], list[object]],
        order: Order,
        window: tuple[str | None, int, int],
    ) -> ClientPage:
        fits, values = search
        after, page, size = window
        with self._questions() as session:
            table = self._clients(session, status)
            found = (
                f"SELECT {order.expression} AS sort_key, {order.key} AS key FROM {table} "
                f"WHERE {' AND '.join(['true', *fits])}"
            )
            (later, bounds), offset = ("true", list[object]()), (page - 1) * size
            if after is not None:
                (later, bounds), offset = order.beyond(after), 0
            # those that fit are looked for once, to be counted and ordered; all of them need not be looked for
            rows = session.run(
                f"WITH fitting AS {'MATERIALIZED' if fits else 'NOT MATERIALIZED'} ({found}) "
                f"SELECT sort_key, key, (SELECT count(*) FROM fitting) FROM fitting WHERE {later} "
                f"ORDER BY {order.by} LIMIT {size} OFFSET {offset}",
                [*values, *bounds],
            ).fetchall()
            counts = rows[:1] or session.run(f"SELECT 0, 0, count(*) FROM ({found})", values).fetchall()
            clients = self._wide(session, table, order.key, [key for _, key, _ in rows])
        total, cursor = counts[0][2], order.cursor(*rows[-1][:2]) if len(rows) == size else None
        shown = tuple(clients[key] for _, key, _ in rows if key in clients)
        return ClientPage(total, page, max(1, -(-total // size)), shown, cursor)

    def first(self, sort: Sort, size: int, offset: int) -> dict[str, int]:
        """Return the ids of current clients in an order, from one place on, each with its rank."""
        order = order_of(sort, by_value=self._by_value, key="rank")
        with self._questions() as session:
            clients = self._clients(session, "current")
            keyed = f"SELECT id, rank AS key, {order.expression} AS sort_key FROM {clients}"
            window = f"ORDER BY {order.by} LIMIT {size} OFFSET {offset}"
            return {name: rank for name, rank, _ in session.run(f"{keyed} {window}").fetchall()}

    def _wide(
        self, session: DuckSession, table: str, key: Key, keys: Sequence[object]
    ) -> dict[object, KnownClient]:
        """Return those clients whose rows are wanted whole, by that key; by rank they are found soonest."""
        found = session.run(f"SELECT * FROM {table} WHERE {key} IN (SELECT unnest(?))", [list(keys)]).fetchall()
        known = self._known(found)
        return {each.id if key == "id" or each.ranked is None else each.ranked.rank: each for each in known}

    def levels(self, name: str) -> tuple[str, ...]:
        """Return the levels of a carried column among current clients, at most MOST_LEVELS of them."""
        stamp = self._ranking.stamp()
        if self._levels.get(name, (None,))[0] != stamp:
            self._levels[name] = (stamp, self._read_levels(name))
        return self._levels[name][1]

    def _read_levels(self, name: str) -> tuple[str, ...]:
        place = self._columns.shown.index(name)
        with self._questions() as session:
            current = self._clients(session, "current")
            distinct = f"SELECT DISTINCT CAST(carried_{place} AS VARCHAR) AS level FROM {current}"
            found = session.run(
                f"SELECT level FROM ({distinct}) WHERE level <> '' ORDER BY level LIMIT {MOST_LEVELS}"
            )
            return tuple(level for (level,) in found.fetchall())

    def ranked(self, keys: Sequence[str] | Sequence[int]) -> dict[str, RankedClient]:
        """Return the current clients among these, which are named by id or by rank, by id."""
        if not keys:
            return {}
        with self._questions() as session:
            key: Key = "rank" if isinstance(keys[0], int) else "id"
            found = self._wide(session, self._clients(session, "current"), key, keys)
        return {known.id: known.ranked for known in found.values() if known.ranked is not None}

    def left_on(self, names: Sequence[str]) -> dict[str, str]:
        """Return when each of these clients left, or is going to, for those of which it is known."""
        if not names:
            return {}
        with self._questions() as session:
            of_names = f"SELECT id, left_on FROM {self._clients(session, 'all')} WHERE id IN (SELECT unnest(?))"
            found = session.run(of_names, [list(names)]).fetchall()
        return {name: left_on for name, left_on in found if left_on is not None}

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
        return self._known(found)[0]

    def history(self, name: str) -> tuple[ClientRow, ...]:
        """Return the client's rows, the latest last; none when finaldata has none of it."""
        data, columns = rows_with_redelivered(self._layout, self._generated.ingestion()), self._columns
        if not data.parts:
            return ()
        with self._questions() as session:
            return rows_of_client(session, columns, numbered_rows(session, data), name)

    def _clients(self, session: DuckSession, status: Listed) -> str:
        """Return the SQL table of clients: what the ranking says of each, its status and when it left."""
        ranking, file = self._ranking.table(session), self._layout.client_status
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
        names = ", ".join([*(name for name, _ in columns_of(self._columns)[1:]), *feature_names(self._columns)])
        joined = f"{statuses} AS statuses LEFT JOIN {ranking} USING (id)"
        return f"(SELECT statuses.id, {names}, status, left_on FROM {joined})"

    def _known(self, rows: Sequence[tuple[Any, ...]]) -> list[KnownClient]:
        ranked = ranked_clients(self._columns, (figures for *figures, _, _ in rows))
        return [
            KnownClient(client.id, status, left_on, None if client.rank is None else client)
            for client, (*_, status, left_on) in zip(ranked, rows, strict=True)
        ]

    def close(self) -> None:
        """Close the engine."""
        self._open.close()

    @contextlib.contextmanager
    def _questions(self) -> Iterator[DuckSession]:
        """Yield a cursor of its own for each question, so that threads do not meet."""
        import duckdb

        if not self._layout.client_risk_parquet.is_file():
            raise NotGeneratedError(self._layout.client_risk_parquet.name, "client_risk")
        cursor = self._engine().connection.cursor()
        try:
            yield DuckSession(self._columns, cursor)
        except duckdb.Error as error:
            raise unreadable(error) from error
        finally:
            cursor.close()

    def _engine(self) -> DuckSession:
        with self._opening:
            if self._session is None:
                spill = self._open.enter_context(own_folder(Path(tempfile.gettempdir()), "risk-serve-spill-"))
                engine = open_duckdb(self._columns, memory_limit=MEMORY, threads=THREADS, spill=spill)
                self._session = self._open.enter_context(engine)
            return self._session
