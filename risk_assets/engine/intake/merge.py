"""Equal keys in several parts: the first in reading order holds the row, so a new last file adds to no other part.

A later copy that brings nothing new is a duplicate, one that brings another outcome an update of the row that is
held. A duplicate still counts as an observation: its client may have returned to an earlier state. So where a
client's last row of a file is a duplicate of a row in an earlier part, it is kept as redelivered, beside the part.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from risk_assets.domain.columns import Columns
from risk_assets.engine.intake.deliveries import in_order_of_delivery, keys, last_values
from risk_assets.engine.intake.row_table import (
    Figures,
    figures,
    hashed,
    load_part,
    named,
    update_values,
    write_part,
)
from risk_assets.engine.session import Session
from risk_assets.engine.sql import quote, read_parts

#: Many small parts are read together: each query has its price.
MOST_QUERIES = 64
#: Where new rows are fewer than one in so many, most others are of other clients, and need not be hashed.
FEW = 20
#: The place of settled parts before the first new one, which are looked at together.
HELD = -1


@dataclass(frozen=True)
class Target:
    """Where the rest of a part is written, and beside it the redelivered rows of its file."""

    rest: Path
    redelivered: Path


@dataclass(frozen=True)
class Rewritten:
    """What is left of a part, and whether its file has redelivered rows.

    `updates` counts rows that went into others, `updated` rows here that have their outcome from another file.
    """

    figures: Figures
    redelivers: bool
    updates: int
    updated: int


def find_shared(
    session: Session, parts: Sequence[Path], rows: int, settled: Collection[int] = ()
) -> tuple[int, ...]:
    """Find the keys that several parts hold, and return the places of the parts that change for it.

    Parts are in reading order, with `rows` rows in all, and each has distinct keys; those at the places `settled`
    are known to share none with one another. HELD stands for those of them before the first other one. Hashes only
    narrow the search down: keys are compared by value, missing values being equal. What is found is kept for
    `rewrite`.
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
    listed = f"part, h, {', '.join(keys(session.columns))}"
    ordered = in_order_of_delivery(session.columns, "repeated_rows", order="part")
    session.cache_table("removed_rows", [f"SELECT {listed}, updates FROM ({ordered}) WHERE place > 1"])
    values = last_values(session.columns)
    session.cache_table(
        "updated_rows", [f"SELECT {listed}, {values} FROM ({ordered}) WHERE place = 1 AND updated"]
    )
    for name in ("repeated_rows", "repeats", *(("matches", "new_rows") if settled else ())):
        session.drop_table(name)
    affected = "SELECT part FROM removed_rows UNION SELECT part FROM updated_rows ORDER BY part"
    return tuple(part for (part,) in session.run(affected).fetchall())


def rewrite(session: Session, source: Path, place: int, target: Target) -> Rewritten:
    """Write the rows of a file as they are at the place of its part: some removed, some with other values.

    No file is written of no row.
    """
    load_part(session, source)
    session.cache_table("removed", [_matching(session.columns, "removed_rows", place, "other.updates")])
    redelivers = session.columns.as_of is None and _write_redelivered(session, target.redelivered)
    updated = _update(session, place)
    [(updates,)] = session.run("SELECT count(*) FROM removed WHERE updates").fetchall()
    session.drop_rows("SELECT row FROM removed")
    left = figures(session)
    if left.rows:
        write_part(session, target.rest)
    return Rewritten(left, redelivers, updates, updated)


def _write_redelivered(session: Session, target: Path) -> bool:
    """Write the duplicates that are the last row of their client, and return whether there are any.

    Without dates they say which state of a client is the latest.
    """
    # each by itself, so that no two large tables are built at once
    session.cache_table("clients", ["SELECT DISTINCT v0 FROM rows WHERE rowid IN (SELECT row FROM removed)"])
    observed = "v0 IN (SELECT v0 FROM clients) AND rowid NOT IN (SELECT row FROM removed WHERE updates)"
    session.cache_table("last_rows", [f"SELECT max(rowid) AS row FROM rows WHERE {observed} GROUP BY v0"])
    duplicates = "SELECT row FROM removed WHERE NOT updates"
    session.cache_table("redelivered_numbers", [f"SELECT row FROM last_rows WHERE row IN ({duplicates})"])
    session.cache_table("redelivered", [_redelivered(session.columns)])
    [(redelivered,)] = session.run("SELECT count(*) FROM redelivered").fetchall()
    if redelivered:
        client = quote(session.columns.id)
        session.write_parquet(f"SELECT * FROM redelivered ORDER BY {client}", target)
    return bool(redelivered)


def _update(session: Session, place: int) -> int:
    """Give the rows of the row table the values that other files brought, and return how many rows those are."""
    session.cache_table("updated", [_matching(session.columns, "updated_rows", place, "other.*")])
    [(count,)] = session.run("SELECT count(*) FROM updated").fetchall()
    if count:
        update_values(session, "SELECT row, {value} FROM updated")
    return int(count)


def _matching(columns: Columns, found: str, place: int, figure: str) -> str:
    """Return the query for the rows of the row table that `found` names at a place, with a figure of it."""
    same = " AND ".join(f"rows.{key} IS NOT DISTINCT FROM other.{key}" for key in keys(columns))
    return (
        f"SELECT rows.rowid AS row, {figure} FROM rows JOIN {found} AS other ON rows.h = other.h AND {same} "
        f"WHERE other.part = {place}"
    )


def _redelivered(columns: Columns) -> str:
    """Return the query for the duplicates that are the last row of their client in the file."""
    stored = ", ".join(f"v{at} AS {quote(name)}" for at, name in enumerate(columns.names))
    return f"SELECT {stored} FROM rows WHERE rowid IN (SELECT row FROM redelivered_numbers)"


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
    `matches`. Those before the first new part are looked at together.
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
