"""The ranked clients, searched and paged by the engine, which is loaded with the first question about them."""

from __future__ import annotations

import contextlib
import tempfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from risk_assets.domain.columns import Columns
from risk_assets.domain.ranking.risk_summary import RankedClient, RiskSummary
from risk_assets.engine.duck.session import DuckSession, open_duckdb
from risk_assets.engine.ranking.risk_summary import ranked_client, ranking_table
from risk_assets.engine.sql import literal, quote, read_parts
from risk_assets.engine.temporary_directories import own_folder
from risk_assets.serve.generated import Generated
from risk_assets.serve.http.replies import RequestError
from risk_assets.serve.model.live import message_of
from risk_assets.settings import Settings
from risk_assets.storage.intake.part_files import parts_with_redelivered
from risk_assets.storage.layout import Layout
from risk_assets.storage.ranking.risk_summary import read_risk_summary

Sort = Literal["risk", "-risk", "id", "-id", "change", "-change"]
ORDERS = {
    "risk": "risk, id",
    "-risk": "rank",
    "id": "id",
    "-id": "id DESC",
    "change": "change NULLS LAST, id",
    "-change": "change DESC NULLS LAST, id",
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
    clients: tuple[RankedClient, ...]


class ClientTable:
    """Answers questions about client_risk. Raises RequestError (404) for what is not there."""

    def __init__(self, settings: Settings, layout: Layout) -> None:
        self._columns: Columns = settings.columns.to_columns()
        self._layout = layout
        self._generated = Generated(layout)
        self._open = contextlib.ExitStack()
        self._opening = threading.Lock()
        self._session: DuckSession | None = None

    def page(
        self, *, min_risk: float = 0.0, q: str = "", sort: Sort = "-risk", page: int = 1, size: int = PAGE
    ) -> ClientPage:
        """Return a page of the clients with that risk at least, whose id holds `q` in any case."""
        fits = "risk >= ? AND contains(lower(id), lower(?))"
        with self._questions() as session:
            ranking = f"{ranking_table(session, self._layout.client_risk_parquet)} WHERE {fits}"
            [(total,)] = session.run(f"SELECT count(*) FROM {ranking}", [min_risk, q]).fetchall()
            window = f"ORDER BY {ORDERS[sort]} LIMIT {size} OFFSET {(page - 1) * size}"
            found = session.run(f"SELECT * FROM {ranking} {window}", [min_risk, q]).fetchall()
        return ClientPage(total, page, max(1, -(-total // size)), tuple(map(ranked_client, found)))

    def summary(self, *, threshold: float, top: int) -> RiskSummary:
        """Return the ranking at a glance; clients from `threshold` on count as flagged."""
        with self._questions() as session:
            return read_risk_summary(session, self._layout, threshold=threshold, top=top)

    def client(self, name: str) -> RankedClient | None:
        """Return one client of the ranking, None for one that has left."""
        status = literal(str(self._layout.client_status))
        with self._questions() as session:
            ranking = ranking_table(session, self._layout.client_risk_parquet)
            ranked = session.run(f"SELECT * FROM {ranking} WHERE id = ?", [name]).fetchall()
            if ranked:
                return ranked_client(ranked[0])
            known = f"SELECT * FROM read_parquet({status}) AS clients(id, status) WHERE id = ? AND status = 'left'"
            left = self._layout.client_status.is_file() and session.run(known, [name]).fetchall()
        if not left:
            raise RequestError(404, "no client of that id is known")
        return None

    def features(self, name: str) -> Mapping[str, float | str | None] | None:
        """Return the client's features as of the last row delivered; None when finaldata has none of it."""
        files = parts_with_redelivered(self._layout, self._generated.ingestion())
        if not files:
            return None
        numeric = (f"CAST({quote(column.name)} AS DOUBLE)" for column in self._columns.numeric)
        text = (f"CAST({quote(column)} AS VARCHAR)" for column in self._columns.categorical)
        of_client = (
            f"SELECT {', '.join([*numeric, *text])} FROM {read_parts(files)} "
            f"WHERE CAST({quote(self._columns.id)} AS VARCHAR) = ?"
        )
        with self._questions() as session:
            rows = session.run(of_client, [name]).fetchall()  # in the order of the files and of their rows
        return dict(zip(self._columns.features, rows[-1], strict=True)) if rows else None

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
