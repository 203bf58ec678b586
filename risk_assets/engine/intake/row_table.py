"""The row table: one temporary table of typed values, v0, v1, … in declared order, and their hash h."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from risk_assets.domain.columns import Columns
from risk_assets.engine.session import Session
from risk_assets.engine.sql import literal, quote, read_parts

WORD = 2**64


@dataclass(frozen=True)
class Figures:
    """Rows, positives, and a fingerprint: two sums of 64-bit row hashes, the same in any order of rows."""

    rows: int
    positives: int
    fingerprint: str


def values(columns: Columns) -> str:
    """Return the list v0, v1, … of the declared columns."""
    return ", ".join(f"v{position}" for position in range(len(columns.names)))


def hashed(columns: Columns) -> str:
    """Return the SQL of the row hash."""
    return f"hash({values(columns)})"


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


def drop_repeated(session: Session) -> int:
    """Delete all but the last of equal rows, missing values being equal, and return how many went."""
    if not session.cache_repeated_hashes(["SELECT h FROM rows"], count_rows(session)):
        return 0
    return session.drop_rows(
        f"SELECT row FROM (SELECT rowid AS row, row_number() OVER (PARTITION BY {values(session.columns)} "
        "ORDER BY rowid DESC) AS place FROM rows WHERE h IN (FROM repeats)) WHERE place > 1",
    )


def figures(session: Session) -> Figures:
    """Return the figures of the row table."""
    columns = session.columns
    target = len(columns.names) - 1
    backwards = ", ".join(f"v{position}" for position in range(target, -1, -1))
    found = session.run(
        f"SELECT count(*), count(*) FILTER (v{target} = {stored_label(columns, columns.positive)}), "
        f"coalesce(sum(CAST(h AS HUGEINT)), 0), coalesce(sum(CAST(hash({backwards}) AS HUGEINT)), 0) FROM rows"
    ).fetchone()
    assert found is not None
    rows, positives, first, second = (int(figure) for figure in found)
    return Figures(rows, positives, f"{first % WORD:016x}{second % WORD:016x}")


def add_fingerprints(fingerprints: list[str]) -> str:
    """Return the fingerprint of all the rows together."""
    sums = (sum(int(print_[start : start + 16], 16) for print_ in fingerprints) for start in (0, 16))
    return "".join(f"{total % WORD:016x}" for total in sums)


def write_part(session: Session, target: Path) -> None:
    """Write the row table, in its order, as a parquet part."""
    selected = ", ".join(f"v{place} AS {quote(name)}" for place, name in enumerate(session.columns.names))
    session.write_parquet(f"SELECT {selected} FROM rows", target)


def stored_label(columns: Columns, label: str) -> str:
    """Return a label as SQL, as finaldata holds it."""
    return label if columns.has_numeric_labels else literal(label)


def _number(session: Session, sql: str) -> int:
    found = session.run(sql).fetchone()
    assert found is not None
    return int(found[0])
