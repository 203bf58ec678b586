"""Equal rows in several parts: the last one in reading order stays, so that a client's latest state is right."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from risk_assets.engine.rows import Figures, figures, hashed, load_part, named, values, write_part
from risk_assets.engine.session import Session, read_parts

#: Many small parts are read together: each query has its price.
MOST_QUERIES = 64


def find_shadowed(
    session: Session, parts: Sequence[Path], rows: int, settled: Collection[int] = ()
) -> tuple[int, ...]:
    """Find the rows of each part that a later part holds too, and return the places of the parts that have some.

    Parts are in reading order, with `rows` rows in all, and each has distinct rows; those at the places `settled`
    are known to share none with one another. Hashes only narrow the search down: rows are compared by value,
    missing values being equal.
    """
    suspects = _suspects(session, parts, rows, settled)
    if not suspects:
        return ()
    known = f"{hashed(session.columns)} IN (FROM repeats)"
    numbered = (
        " UNION ALL ".join(_numbered(session, parts[place], place) for place in group)
        for group in _groups(suspects)
    )
    session.keep("repeated_rows", [f"SELECT * FROM ({rows_of}) WHERE {known}" for rows_of in numbered])
    earlier = (
        f"SELECT part, row, row_number() OVER (PARTITION BY {values(session.columns)} ORDER BY part DESC) "
        "AS place FROM repeated_rows"
    )
    session.keep("shadowed", [f"SELECT part, row FROM ({earlier}) WHERE place > 1"])
    return tuple(part for (part,) in session.run("SELECT DISTINCT part FROM shadowed ORDER BY part").fetchall())


def rewrite(session: Session, part: Path, place: int, target: Path) -> Figures:
    """Write a part without its shadowed rows (nothing when none is left), and return the figures of the rest."""
    load_part(session, part)
    session.drop_rows(f"SELECT row FROM shadowed WHERE part = {place}")
    found = figures(session)
    if found.rows:
        write_part(session, target)
    return found


def _suspects(session: Session, parts: Sequence[Path], rows: int, settled: Collection[int]) -> list[int]:
    """Return the places of parts that may share rows with others, and leave the hashes of these in `repeats`."""
    known = _groups([place for place in range(len(parts)) if place in settled])
    fresh = _groups([place for place in range(len(parts)) if place not in settled])
    if not fresh:
        return []
    known_hashes, fresh_hashes = (
        [_hashes(session, [parts[place] for place in group]) for group in groups] for groups in (known, fresh)
    )
    if known:
        shared, brought = find_shared(session, known_hashes, fresh_hashes)
    else:
        shared, brought = (), session.keep_repeats(fresh_hashes, rows)
    return sorted(
        place for found, groups in ((shared, known), (brought, fresh)) for at in found for place in groups[at]
    )


def find_shared(
    session: Session, settled: Sequence[str], fresh: Sequence[str]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Keep as `repeats` the values of h that occur more than once, where the queries `settled` share none.

    Only `fresh` ones bring repeats, so the settled hashes pass by and the fresh ones alone are held. Returns the
    places of either that give a repeated one.
    """
    session.keep("fresh", [f"SELECT h, {place} AS place FROM ({query})" for place, query in enumerate(fresh)])
    session.keep(
        "shared",
        [
            f"SELECT DISTINCT h, {place} AS place FROM ({query}) WHERE h IN (SELECT h FROM fresh)"
            for place, query in enumerate(settled)
        ],
    )
    session.keep("repeats", ["SELECT h FROM fresh GROUP BY h HAVING count(*) > 1", "SELECT h FROM shared"])
    return _places(session, "shared"), _places(session, "fresh")


def _places(session: Session, table: str) -> tuple[int, ...]:
    """Return the places in a table that give a repeated hash."""
    found = f"SELECT DISTINCT place FROM {table} WHERE h IN (SELECT h FROM repeats) ORDER BY place"
    return tuple(place for (place,) in session.run(found).fetchall())


def _groups(places: Sequence[int]) -> list[Sequence[int]]:
    size = max(1, -(-len(places) // MOST_QUERIES))
    return [places[start : start + size] for start in range(0, len(places), size)]


def _hashes(session: Session, parts: Sequence[Path]) -> str:
    return f"SELECT {hashed(session.columns)} AS h FROM (SELECT {named(session.columns)} FROM {read_parts(parts)})"


def _numbered(session: Session, part: Path, place: int) -> str:
    """Return the SQL of a part's rows with its place and their numbers, counted so as to need no reserved name."""
    return (
        f"SELECT {named(session.columns)}, {place} AS part, row_number() OVER () - 1 AS row "
        f"FROM {read_parts([part])}"
    )
