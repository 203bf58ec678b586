"""Equal rows in several parts: the last one in reading order stays, so that a client's latest state is right."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from risk_assets.engine.rows import Figures, figures, hashed, load_part, named, values, write_part
from risk_assets.engine.session import Session, read_parts

#: Many small parts are read together: each query has its price.
MOST_QUERIES = 64


def find_shadowed(session: Session, parts: Sequence[Path], rows: int) -> tuple[int, ...]:
    """Find the rows of each part that a later part holds too, and return the places of the parts that have some.

    Parts are in reading order, with `rows` rows in all, and each has distinct rows. Hashes only narrow the search
    down: rows are compared by value, missing values being equal.
    """
    suspects = _suspects(session, parts, rows)
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


def _suspects(session: Session, parts: Sequence[Path], rows: int) -> list[int]:
    """Return the places of parts that may share rows with others, and leave the hashes of these in `repeats`."""
    if not parts:
        return []
    groups = _groups(range(len(parts)))
    hashes = [_hashes(session, [parts[place] for place in group]) for group in groups]
    found = session.keep_repeats(hashes, rows)
    return [place for group in found for place in groups[group]]


def _groups(places: Sequence[int]) -> list[Sequence[int]]:
    size = -(-len(places) // MOST_QUERIES)
    return [places[start : start + size] for start in range(0, len(places), size)]


def _hashes(session: Session, parts: Sequence[Path]) -> str:
    return f"SELECT {hashed(session.columns)} AS h FROM (SELECT {named(session.columns)} FROM {read_parts(parts)})"


def _numbered(session: Session, part: Path, place: int) -> str:
    """Return the SQL of a part's rows with its place and their numbers, counted so as to need no reserved name."""
    return (
        f"SELECT {named(session.columns)}, {place} AS part, row_number() OVER () - 1 AS row "
        f"FROM {read_parts([part])}"
    )
