"""The row table: one temporary table of typed values, v0, v1, … in declared order, and the hash h of their key."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from risk_assets.domain.columns import Columns
from risk_assets.engine.intake.deliveries import changeable, in_order_of_delivery, keys, last_values
from risk_assets.engine.session import Session
from risk_assets.engine.sql import quote, read_parts, stored_label

WORD = 2**64


@dataclass(frozen=True)
class Figures:
    """Rows, how many of them are positive or have no known outcome, and a fingerprint.

    The fingerprint is two sums of 64-bit row hashes, the same in any order of rows.
    """

    rows: int
    positives: int
    open: int
    fingerprint: str


@dataclass(frozen=True)
class Repeated:
    """Rows of a file whose key a row after them has too: duplicates, and those that brought another outcome."""

    duplicates: int = 0
    updates: int = 0


def values(columns: Columns) -> str:
    """Return the list v0, v1, … of the declared columns."""
    return ", ".join(f"v{position}" for position in range(len(columns.names)))


def hashed(columns: Columns) -> str:
    """Return the SQL of the hash of a row's key."""
    return f"hash({', '.join(keys(columns))})"


def named(columns: Columns) -> str:
    """Return the SQL list that reads the declared columns of a part as v0, v1 and so on."""
    return ", ".join(f"{quote(name)} AS v{position}" for position, name in enumerate(columns.names))


def count_rows(session: Session) -> int:
    """Return how many rows the row table has."""
    return _number(session, "SELECT count(*) FROM rows")


def count_faults(session: Session) -> int:
    """Return how many rows of the row table break a rule."""
    return _number(session, "SELECT count(fault) FROM rows")


def load_part(session: Session, part: Path) -> None:
    """Load the rows of a part into the row table."""
    stored = f"SELECT {named(session.columns)} FROM {read_parts([part])}"
    session.load_rows(f"SELECT *, {hashed(session.columns)} AS h FROM ({stored})")


def merge_repeated(session: Session) -> Repeated:
    """Leave the last row of each key, with the values that it has in the end; missing values are equal."""
    if not session.cache_repeated_hashes(["SELECT h FROM rows"], count_rows(session)):
        return Repeated()
    columns = session.columns
    repeated = f"(SELECT rowid AS number, {values(columns)} FROM rows WHERE h IN (SELECT h FROM repeats))"
    ordered = in_order_of_delivery(columns, repeated, order="number")
    counted = f"SELECT *, count(*) OVER (PARTITION BY {', '.join(keys(columns))}) AS times FROM ({ordered})"
    session.cache_table(
        "deliveries",
        [f"SELECT number, place, times, updates, updated, {last_values(columns)} FROM ({counted})"],
    )
    removed, updates, updated = (
        _number(session, f"SELECT count(*) FROM deliveries WHERE {condition}")
        for condition in ("place < times", "place > 1 AND updates", "place = times AND updated")
    )
    if updated:
        update_values(session, "SELECT number, {value} FROM deliveries WHERE place = times AND updated")
    if removed:
        session.drop_rows("SELECT number FROM deliveries WHERE place < times")
    session.drop_table("deliveries")
    return Repeated(removed - updates, updates)


def update_values(session: Session, query: str) -> None:
    """Give rows of the row table the values they have in the end; `query` names the one wanted as {value}."""
    for place in changeable(session.columns):
        session.update_rows(f"v{place}", query.format(value=f"w{place}"))


def figures(session: Session) -> Figures:
    """Return the figures of the row table."""
    columns = session.columns
    target = len(columns.names) - 1
    backwards = ", ".join(f"v{position}" for position in range(target, -1, -1))
    hashes = (f"coalesce(sum(CAST(hash({listed}) AS HUGEINT)), 0)" for listed in (values(columns), backwards))
    found = session.run(
        f"SELECT count(*), count(*) FILTER (v{target} = {stored_label(columns, columns.positive)}), "
        f"count(*) FILTER (v{target} IS NULL), {', '.join(hashes)} FROM rows"
    ).fetchone()
    assert found is not None
    rows, positives, unknown, first, second = (int(figure) for figure in found)
    return Figures(rows, positives, unknown, f"{first % WORD:016x}{second % WORD:016x}")


def add_fingerprints(fingerprints: list[str]) -> str:
    """Return the fingerprint of all the rows together."""
    sums = (sum(int(print_[start : start + 16], 16) for print_ in fingerprints) for start in (0, 16))
    return "".join(f"{total % WORD:016x}" for total in sums)


def write_part(session: Session, target: Path) -> None:
    """Write the row table, in its order, as a parquet part."""
    selected = ", ".join(f"v{place} AS {quote(name)}" for place, name in enumerate(session.columns.names))
    session.write_parquet(f"SELECT {selected} FROM rows", target)


def _number(session: Session, sql: str) -> int:
    found = session.run(sql).fetchone()
    assert found is not None
    return int(found[0])
