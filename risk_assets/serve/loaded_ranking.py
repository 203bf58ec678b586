"""The ranking in the memory of the engine, loaded once for all questions until its file is replaced."""

from __future__ import annotations

import threading
from pathlib import Path

from risk_assets.engine.duck.session import DuckSession
from risk_assets.engine.ranking.risk_summary import ranking_table
from risk_assets.engine.sql import literal

#: Columns of no more levels are kept as numbers of them, which are compared sooner.
MOST_CODED = 1000
#: What changes when a file is replaced; None while it is not there.
Stamp = tuple[int, int, int] | None


class LoadedRanking:
    """Keeps the ranking as a table, its columns named as in `engine.ranking.risk_summary.ranking_table`.

    Rows keep the order of the file, which is that of rank. The table before the present one stays until there is
    another, for questions that are being answered.
    """

    def __init__(self, parquet: Path) -> None:
        self._parquet = parquet
        self._loading = threading.Lock()
        self._names: list[str] = []
        self._count = 0
        self._stamp: Stamp = None

    def stamp(self) -> Stamp:
        """Return what changes when the file is replaced."""
        try:
            status = self._parquet.stat()
        except FileNotFoundError:
            return None
        return status.st_mtime_ns, status.st_ino, status.st_size

    def table(self, session: DuckSession) -> str:
        """Return the name of the table with the ranking as the file is now. Raises duckdb.Error."""
        with self._loading:
            stamp = self.stamp()
            if not self._names or stamp != self._stamp:
                self._load(session)
                self._stamp = stamp
            return self._names[-1]

    def _load(self, session: DuckSession) -> None:
        """Load the file, and drop all tables but the one before."""
        self._count += 1
        name, ranking = f"ranking_{self._count}", ranking_table(session, self._parquet)
        coded = [
            f"CAST({cell} AS ENUM ({', '.join(map(literal, levels))})) AS {cell}"
            for cell in (f"carried_{place}" for place in range(len(session.columns.shown)))
            if (levels := _levels(session, ranking, cell))
        ]
        cells = f"* REPLACE ({', '.join(coded)})" if coded else "*"
        session.run(f"CREATE TABLE {name} AS SELECT {cells} FROM {ranking}")
        self._names.append(name)
        for old in self._names[:-2]:
            session.drop_table(old)
            self._names.remove(old)


def _levels(session: DuckSession, ranking: str, cell: str) -> list[str]:
    """Return the levels of a column of text: none where there are so many that a code would not make it quick."""
    [(kind,)] = session.run(f"SELECT any_value(typeof({cell})) FROM {ranking}").fetchall()
    if kind != "VARCHAR":
        return []
    distinct = f"SELECT DISTINCT {cell} FROM {ranking} WHERE {cell} IS NOT NULL LIMIT {MOST_CODED + 1}"
    levels = [level for (level,) in session.run(distinct).fetchall()]
    return levels if len(levels) <= MOST_CODED else []
