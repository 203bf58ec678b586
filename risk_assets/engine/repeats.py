"""Which row hashes occur more than once: a sort in memory of bounded size, however many rows there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from risk_assets.engine.session import Session

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Hashes sorted at once: 1 GB. More rows take more passes.
ROWS_PER_PASS = 125_000_000


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

    together = _joined([np.asarray(session.run(query).fetchnumpy()["h"]) for query in hashes])
    together.sort()
    repeated = together[1:][together[1:] == together[:-1]]
    del together
    if not len(repeated):
        return set()
    session.connection.register("repeated", {"h": repeated})
    session.run("INSERT INTO repeats FROM repeated")
    session.connection.unregister("repeated")
    return {place for place, query in enumerate(hashes) if _gives_repeat(session, query)}


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


def _gives_repeat(session: Session, query: str) -> bool:
    first = f"SELECT 1 FROM ({query}) WHERE h IN (FROM repeats) LIMIT 1"
    return bool(session.run(first).fetchall())
