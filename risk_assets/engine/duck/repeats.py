"""Which row hashes occur more than once, for DuckDB: a sort in bounded memory, however many rows there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    from numpy.typing import NDArray

#: Hashes sorted at once: 1 GB. More rows take more passes.
ROWS_PER_PASS = 125_000_000


def find_repeats(
    connection: duckdb.DuckDBPyConnection, hashes: Sequence[str], rows: int, *, rows_per_pass: int = ROWS_PER_PASS
) -> tuple[int, ...]:
    """Put the values of h that occur more than once into the table `repeats`, some of them several times.

    Each of the queries `hashes` gives some h, `rows` in all; `rows_per_pass` are sorted together. Returns the
    indices of the queries that give a repeated one.
    """
    connection.execute("CREATE OR REPLACE TEMP TABLE repeats (h UBIGINT)")
    passes = max(1, -(-rows // rows_per_pass))
    found: set[int] = set()
    for turn in range(passes):
        found |= _find_in(connection, [f"SELECT h FROM ({query}) WHERE h % {passes} = {turn}" for query in hashes])
    return tuple(sorted(found))


def _find_in(connection: duckdb.DuckDBPyConnection, hashes: Sequence[str]) -> set[int]:
    import numpy as np

    together = _joined([np.asarray(connection.execute(query).fetchnumpy()["h"]) for query in hashes])
    together.sort()
    repeated = together[1:][together[1:] == together[:-1]]
    del together
    if not len(repeated):
        return set()
    connection.register("repeated", {"h": repeated})
    connection.execute("INSERT INTO repeats FROM repeated")
    connection.unregister("repeated")
    return {place for place, query in enumerate(hashes) if _gives_repeat(connection, query)}


def _joined(groups: list[NDArray[np.uint64]]) -> NDArray[np.uint64]:
    """Join arrays, letting go of each one as it is copied: all of them are never held twice."""
    import numpy as np

    together = np.empty(sum(map(len, groups)), np.uint64)
    end = len(together)
    while groups:
        group = groups.pop()
        together[end - len(group) : end] = group
        end -= len(group)
    return together


def _gives_repeat(connection: duckdb.DuckDBPyConnection, query: str) -> bool:
    first = f"SELECT 1 FROM ({query}) WHERE h IN (FROM repeats) LIMIT 1"
    return bool(connection.execute(first).fetchall())
