"""Which row hashes occur more than once: a sort in memory of bounded size, however many rows there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from risk_assets.engine.session import Session

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Hashes sorted at once: 400 MB. More rows take more passes.
ROWS_PER_PASS = 50_000_000


def find_repeats(
    session: Session, hashes: Sequence[str], rows: int, *, at_once: int = ROWS_PER_PASS
) -> tuple[int, ...]:
    """Put the values of h that occur more than once into the table `repeats`, some of them several times.

    Each of the queries `hashes` gives some h, `rows` in all; `at_once` are sorted together. Returns the places of
    the queries that give a repeated one.
    """
    session.run("CREATE OR REPLACE TEMP TABLE repeats (h UBIGINT)")
    passes = max(1, -(-rows // at_once))
    found: set[int] = set()
    for turn in range(passes):
        found |= _find_in(session, [f"SELECT h FROM ({query}) WHERE h % {passes} = {turn}" for query in hashes])
    return tuple(sorted(found))


def find_shared(
    session: Session, settled: Sequence[str], fresh: Sequence[str]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Do as `find_repeats` where the queries `settled` are known to share no row: only `fresh` ones bring repeats.

    The settled hashes pass by and only the fresh ones are held. Returns the places of either that give a repeat.
    """
    brought = " UNION ALL ".join(f"SELECT h, {place} AS place FROM ({query})" for place, query in enumerate(fresh))
    session.run(f"CREATE OR REPLACE TEMP TABLE fresh AS {brought}")
    repeated = "SELECT h FROM fresh GROUP BY h HAVING count(*) > 1"
    session.run(f"CREATE OR REPLACE TEMP TABLE repeats AS {repeated}")
    shared = []
    for place, query in enumerate(settled):
        known = f"SELECT DISTINCT h FROM ({query}) WHERE h IN (SELECT h FROM fresh)"
        [(count,)] = session.run(f"INSERT INTO repeats {known}").fetchall()
        if count:
            shared.append(place)
    brings = "SELECT DISTINCT place FROM fresh WHERE h IN (SELECT h FROM repeats) ORDER BY place"
    found = tuple(place for (place,) in session.run(brings).fetchall())
    session.run("DROP TABLE fresh")
    return tuple(shared), found


def _find_in(session: Session, hashes: Sequence[str]) -> set[int]:
    import numpy as np

    groups = [np.sort(np.asarray(session.run(query).fetchnumpy()["h"])) for query in hashes]
    together = groups[0] if len(groups) == 1 else np.sort(np.concatenate(groups))
    repeated = together[1:][together[1:] == together[:-1]]
    if not len(repeated):
        return set()
    session.connection.register("repeated", {"h": repeated})
    session.run("INSERT INTO repeats FROM repeated")
    session.connection.unregister("repeated")
    return {place for place, group in enumerate(groups) if _share_any(group, repeated)}


def _share_any(group: NDArray[np.uint64], values: NDArray[np.uint64]) -> bool:
    """Whether a sorted group holds any of the values."""
    places = group.searchsorted(values)
    inside = places < len(group)
    return bool((group[places[inside]] == values[inside]).any())
