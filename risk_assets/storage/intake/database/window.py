"""Which rows within the look-back are landed already: hashes, kept from one look to the next."""

from __future__ import annotations

import contextlib
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from risk_assets.engine.sql import quote
from risk_assets.storage.intake.database.position import Position
from risk_assets.storage.intake.database.state import LandedRows

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

#: So many rows within the look-back can be told from new ones; of more, the oldest are taken as landed for good.
MOST_ROWS = 4_000_000
#: So many tables wait for being hashed: most have left the look-back by then.
MOST_WAITING = 2


@dataclass
class Hasher:
    """Hashes whole rows, cursor included, in their order."""

    connection: duckdb.DuckDBPyConnection

    def __call__(self, table: pa.Table) -> npt.NDArray[np.uint64]:
        """Return a 64-bit hash of each row."""
        import numpy as np

        columns = ", ".join(quote(f"c{place}") for place in range(table.num_columns))
        self.connection.register("rows_at_hand", table.rename_columns([f"c{n}" for n in range(table.num_columns)]))
        found = self.connection.execute(f"SELECT hash({columns}) AS h FROM rows_at_hand").fetchnumpy()
        self.connection.unregister("rows_at_hand")
        return np.asarray(found["h"], np.uint64)


@contextlib.contextmanager
def hashing() -> Iterator[Hasher]:
    """Yield what hashes rows."""
    import duckdb

    with duckdb.connect(config={"threads": 1}) as connection:  # one thread keeps the order of rows
        yield Hasher(connection)


def hashed_by() -> str:
    """Name what makes the hashes: those of another version mean nothing."""
    import duckdb

    return f"duckdb {duckdb.__version__}"


class Landed:
    """The rows of an earlier look, to leave out what is read again."""

    def __init__(self, window: tuple[LandedRows, ...]) -> None:
        import numpy as np

        groups = [group.array for group in window]
        self._hashes = np.sort(np.concatenate(groups)) if groups else np.empty(0, np.uint64)

    def without(self, table: pa.Table, hasher: Hasher) -> pa.Table:
        """Return the rows that are not landed yet."""
        import numpy as np
        import pyarrow as pa

        if not len(self._hashes):
            return table
        hashes = hasher(table)
        places = np.minimum(np.searchsorted(self._hashes, hashes), len(self._hashes) - 1)
        known = self._hashes[places] == hashes
        return table.filter(pa.array(~known)) if known.any() else table


@dataclass
class Window:
    """The rows landed so far that a later look may read again."""

    hasher: Hasher
    look_back: float
    position_at: Callable[[pa.Table, int], Position]
    now: datetime
    groups: deque[LandedRows] = field(default_factory=deque)
    waiting: deque[tuple[Position, pa.Table]] = field(default_factory=deque)
    most_rows: int = MOST_ROWS

    def add(self, table: pa.Table) -> None:
        """Take in rows that are about to be landed, in order."""
        self.waiting.append((self.position_at(table, -1), table))
        if len(self.waiting) > MOST_WAITING:
            self._keep(*self.waiting.popleft(), self.waiting[-1][0].at_most(self.now).before(self.look_back))

    @property
    def newest(self) -> Position | None:
        """The last of the rows landed so far that a later look may read again."""
        return max((group.newest for group in self.groups), key=lambda newest: newest.rank, default=None)

    def close(self, reached: Position) -> Position | None:
        """Forget what lies before the look-back; return up to where rows are taken as landed for good, if any."""
        start = reached.before(self.look_back)
        for newest, table in self.waiting:
            self._keep(newest, table, start)
        self.waiting.clear()
        self.groups = deque(group for group in self.groups if group.newest.rank >= start.rank)
        return self._shorten()

    def _keep(self, newest: Position, table: pa.Table, start: Position) -> None:
        """Hash the rows that lie within the look-back: the last ones, as rows are in order."""
        first = bisect_left(range(table.num_rows), start.rank, key=lambda row: self.position_at(table, row).rank)
        if first < table.num_rows:
            self.groups.append(LandedRows.of(newest, self.hasher(table.slice(first))))

    def _shorten(self) -> Position | None:
        counts = {id(group): len(group.array) for group in self.groups}
        left, final = sum(counts.values()), None
        while left > self.most_rows:
            oldest = min(self.groups, key=lambda group: group.newest.rank)
            self.groups.remove(oldest)
            left -= counts[id(oldest)]
            final = oldest.newest
        return final
