"""Equal rows in several parts: the first in reading order is held, so a new last file changes no earlier part.

A later copy still counts as an observation: its client may have returned to an earlier state. So where a client's
last row of a file is a duplicate of a row in an earlier part, it is kept as redelivered, beside the part.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from risk_assets.domain.columns import Columns
from risk_assets.engine.intake.row_table import Figures, figures, hashed, load_part, named, values, write_part
from risk_assets.engine.session import Session
from risk_assets.engine.sql import quote, read_parts

#: Many small parts are read together: each query has its price.
MOST_QUERIES = 64
#: Where new rows are fewer than one in so many, most others are of other clients, and need not be hashed.
FEW = 20
#: The place of rows that no part after them can take from them.
HELD = -1


@dataclass(frozen=True)
class Target:
    """Where the rest of a part is written, and beside it the redelivered rows of its file."""

    rest: Path
    redelivered: Path


@dataclass(frozen=True)
class Rewritten:
    """What is left of a part, and whether its file has redelivered rows."""

    figures: Figures
    redelivers: bool


def find_repeated(
    session: Session, parts: Sequence[Path], rows: int, settled: Collection[int] = ()
) -> tuple[int, ...]:
    """Find the rows of each part that an earlier one holds too, and return the places of the parts that have some.

    Parts are in reading order, with `rows` rows in all, and each has distinct rows; those at the places `settled`
    are known to share none with one another. Hashes only narrow the search down: rows are compared by value,
    missing values being equal. What is found is kept for `rewrite`.
    """
    new = [index for index in range(len(parts)) if index not in settled]
    if not new:
        return ()
    candidates = (
        _candidates_against_settled(session, parts, rows, new)
        if settled
        else _candidates_among(session, parts, rows)
    )
    if not candidates:
        return ()
    matches = ["SELECT * FROM matches"] if settled else []
    repeated = "h IN (SELECT h FROM repeats)"
    session.cache_table(
        "repeated_rows", [*matches, *(_among(session, parts, group, repeated) for group in candidates)]
    )
    listed = values(session.columns)
    earlier = f"SELECT *, row_number() OVER (PARTITION BY {listed} ORDER BY part) AS place FROM repeated_rows"
    session.cache_table("duplicate_rows", [f"SELECT part, h, {listed} FROM ({earlier}) WHERE place > 1"])
    for name in ("repeated_rows", "repeats", *(("matches", "new_rows") if settled else ())):
        session.drop_table(name)
    return tuple(
        part for (part,) in session.run("SELECT DISTINCT part FROM duplicate_rows ORDER BY part").fetchall()
    )


def rewrite(
    session: Session, source: Path, place: int, target: Target, shortened: Path | None = None
) -> Rewritten:
    """Write the rows of a file without those found at the place of its part; no file is written of no row.

    `shortened` is the part when it already lacks some: those stay away. It is not the one that is read on, so that
    the bytes are the same as when all go at once.
    """
    load_part(session, source)
    session.cache_table("duplicates", _duplicates(session, place, shortened))
    # each by itself, so that no two large tables are built at once
    session.cache_table("clients", ["SELECT DISTINCT v0 FROM rows WHERE rowid IN (SELECT row FROM duplicates)"])
    last = "SELECT max(rowid) AS row FROM rows WHERE v0 IN (SELECT v0 FROM clients) GROUP BY v0"
    session.cache_table("last_rows", [last])
    session.cache_table(
        "redelivered_numbers", ["SELECT row FROM last_rows WHERE row IN (SELECT row FROM duplicates)"]
    )
    session.cache_table("redelivered", [_redelivered(session.columns)])
    [(redelivered,)] = session.run("SELECT count(*) FROM redelivered").fetchall()
    if redelivered:
        client = quote(session.columns.id)
        session.write_parquet(f"SELECT * FROM redelivered ORDER BY {client}", target.redelivered)
    session.drop_rows("SELECT row FROM duplicates")
    left = figures(session)
    if left.rows:
        write_part(session, target.rest)
    return Rewritten(left, redelivered > 0)


def _candidates_among(session: Session, parts: Sequence[Path], rows: int) -> list[Sequence[int]]:
    """Return the groups of parts that share hashes with any, and keep these hashes as `repeats`."""
    groups = _groups(range(len(parts)))
    return [
        groups[at]
        for at in session.cache_repeated_hashes([_hashes(session, parts, group) for group in groups], rows)
    ]


def _candidates_against_settled(
    session: Session, parts: Sequence[Path], rows: int, new: Sequence[int]
) -> list[Sequence[int]]:
    """Return the groups of new parts that share hashes with any, and keep these hashes as `repeats`.

    Settled parts share rows with new ones alone, so their rows pass by, and those that match are kept as
    `matches`. Before the first new part none of them can lose a row, and nobody asks which one holds what.
    """
    groups = _groups(new)
    hashes = (_hashes(session, parts, group) for group in groups)
    session.cache_table(
        "new_rows", [f"SELECT v0, h, {at} AS place FROM ({query})" for at, query in enumerate(hashes)]
    )
    known = "h IN (SELECT h FROM new_rows)"
    [(count,)] = session.run("SELECT count(*) FROM new_rows").fetchall()
    if count * FEW <= rows:
        known = f"v0 IN (SELECT v0 FROM new_rows) AND {known}"
    settled = [place for place in range(len(parts)) if place not in new]
    held = _groups([place for place in settled if place < new[0]])
    open_ = _groups([place for place in settled if place > new[0]])
    session.cache_table(
        "matches",
        [
            *(
                f"SELECT * FROM ({_valued(session, [parts[at] for at in group], HELD)}) WHERE {known}"
                for group in held
            ),
            *(_among(session, parts, group, known) for group in open_),
        ],
    )
    session.cache_table(
        "repeats", ["SELECT h FROM new_rows GROUP BY h HAVING count(*) > 1", "SELECT h FROM matches"]
    )
    found = session.run("SELECT DISTINCT place FROM new_rows WHERE h IN (SELECT h FROM repeats) ORDER BY place")
    return [groups[at] for (at,) in found.fetchall()]


def _duplicates(session: Session, place: int, shortened: Path | None) -> list[str]:
    """Return queries for the numbers of the rows in the row table that another part holds."""
    columns = session.columns
    same = " AND ".join(f"rows.v{at} IS NOT DISTINCT FROM other.v{at}" for at in range(len(columns.names)))
    found = f"SELECT rows.rowid AS row FROM rows JOIN duplicate_rows AS other ON rows.h = other.h AND {same}"
    queries = [f"{found} WHERE other.part = {place}"]
    if shortened is not None:
        stored = f"SELECT {named(columns)} FROM {read_parts([shortened])}"
        kept = f"(SELECT *, {hashed(columns)} AS h FROM ({stored})) AS other"
        held = f"EXISTS (SELECT 1 FROM {kept} WHERE rows.h = other.h AND {same})"
        queries.append(f"SELECT rowid AS row FROM rows WHERE NOT {held}")
    return queries


def _redelivered(columns: Columns) -> str:
    """Return the query for the duplicates that are the last row of their client in the file."""
    stored = ", ".join(f"v{at} AS {quote(name)}" for at, name in enumerate(columns.names))
    return f"SELECT {stored} FROM rows WHERE rowid IN (SELECT row FROM redelivered_numbers)"


def _groups(places: Sequence[int]) -> list[Sequence[int]]:
    size = max(1, -(-len(places) // MOST_QUERIES))
    return [places[start : start + size] for start in range(0, len(places), size)]


def _hashes(session: Session, parts: Sequence[Path], group: Sequence[int]) -> str:
    stored = f"SELECT {named(session.columns)} FROM {read_parts([parts[place] for place in group])}"
    return f"SELECT v0, {hashed(session.columns)} AS h FROM ({stored})"


def _among(session: Session, parts: Sequence[Path], group: Sequence[int], condition: str) -> str:
    """Return the SQL of the rows of parts that meet a condition, with their hash and the place of their part."""
    return " UNION ALL ".join(
        f"SELECT * FROM ({_valued(session, [parts[place]], place)}) WHERE {condition}" for place in group
    )


def _valued(session: Session, parts: Sequence[Path], place: int) -> str:
    stored = f"SELECT {named(session.columns)} FROM {read_parts(parts)}"
    return f"SELECT *, {hashed(session.columns)} AS h, {place} AS part FROM ({stored})"
