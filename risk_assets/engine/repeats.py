"""Which row hashes occur more than once, for DuckDB: a sort in bounded memory, however many rows there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    from numpy.typing import NDArray

#: Hashes sorted at once: 400 MB. More rows take more passes.
ROWS_PER_PASS = 50_000_000


def find_repeats(
    connection: duckdb.DuckDBPyConnection, hashes: Sequence[str], rows: int, *, at_once: int = ROWS_PER_PASS
) -> tuple[int, ...]:
    """Put the values of h that occur more than once into the table `repeats`, some of them several times.

    Each of the queries `hashes` gives some h, `rows` in all; `at_once` are sorted together. Returns the places of
    the queries that give a repeated one.
    """
    connection.execute("CREATE OR REPLACE TEMP TABLE repeats (h UBIGINT)")
    passes = max(1, -(-rows // at_once))
    found: set[int] = set()
    for turn in range(passes):
        found |= _find_in(connection, [f"SELECT h FROM ({query}) WHERE h % {passes} = {turn}" for query in hashes])
    return tuple(sorted(found))


def _find_in(connection: duckdb.DuckDBPyConnection, hashes: Sequence[str]) -> set[int]:
    import numpy as np

    groups = [np.sort(np.asarray(connection.execute(query).fetchnumpy()["h"])) for query in hashes]
    together = groups[0] if len(groups) == 1 else np.sort(np.concatenate(groups))
    repeated = together[1:][together[1:] == together[:-1]]
    if not len(repeated):
        return set()
    connection.register("repeated", {"h": repeated})
    connection.execute("INSERT INTO repeats FROM repeated")
    connection.unregister("repeated")
    return {place for place, group in enumerate(groups) if _share_any(group, repeated)}


def _share_any(group: NDArray[np.uint64], values: NDArray[np.uint64]) -> bool:
    """Whether a sorted group holds any of the values."""
    places = group.searchsorted(values)
    inside = places < len(group)
    return bool((group[places[inside]] == values[inside]).any())
