"""The rows to train on as one narrow table, and the sample of them on which a model is chosen.

The table has y (1 is positive), bucket and fold (by the MD5 of the id, other digits than `held_out` goes by), the
features as x0, x1, … in declared order, and what describes the rows: id, drawn and fingerprint (see `select`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from risk_assets.domain.columns import Columns
from risk_assets.engine.dataset import Dataset, Keep, rows, table
from risk_assets.engine.select import declared_columns, draw, fingerprint
from risk_assets.engine.session import Session
from risk_assets.engine.sql import quote

if TYPE_CHECKING:
    from risk_assets.domain.model.training_rows import TrainingRows

BUCKETS = 65536
#: More rows than this many times the sample are thinned before they are fetched.
MOST_OVERSHOOT = 4


@dataclass(frozen=True)
class TrainingTable:
    """The table of labelled rows, and the parts that they are chosen from.

    `apart` is a query for the ids of clients that are left out.
    """

    table: str
    data: Dataset
    keep: Keep
    apart: str = ""


@contextlib.contextmanager
def training_table(
    session: Session, data: Dataset, keep: Keep, *, rows_in_memory: int, apart: str = ""
) -> Iterator[TrainingTable]:
    """Give the rows to train on, and keep them on disk meanwhile if they are more than get into memory.

    Rows of clients whose ids the query `apart` gives are left out.

    Raises SelectionError where the parts lack a declared column.
    """
    query = training_rows(session.columns, data, keep, apart)
    if _labelled_count(session, data) <= rows_in_memory:
        yield TrainingTable(f"({query})", data, keep, apart)
        return
    with contextlib.ExitStack() as stack:
        with declared_columns(session):
            kept = stack.enter_context(session.cache_on_disk("training_rows", query))
        yield TrainingTable(kept, data, keep, apart)


def training_rows(columns: Columns, data: Dataset, keep: Keep, apart: str = "") -> str:
    """Return the query of the table of labelled rows."""
    from risk_assets.domain.model.selection import FOLDS

    features = ", ".join(f"{quote(name)} AS {feature}" for name, feature in feature_names(columns).items())
    return (
        f"SELECT CAST({quote(columns.target)} AS TINYINT) AS y, "
        f"CAST({_digits(columns, 9, 4)} AS INTEGER) AS bucket, "
        f"CAST({_digits(columns, 13, 8)} % {FOLDS} AS TINYINT) AS fold, "
        f"{quote(columns.id)} AS id, {draw(columns)} AS drawn, {fingerprint(columns)} AS fingerprint"
        f"{', ' * bool(features)}{features} "
        f"FROM ({rows(columns, data, keep, apart=apart)}) WHERE {quote(columns.target)} IS NOT NULL"
    )


def count_apart(session: Session, data: Dataset, apart: str) -> int:
    """Return the number of rows with a label of the clients whose ids the query `apart` gives."""
    columns = session.columns
    of_clients = f"{quote(columns.id)} IN ({apart}) AND {quote(columns.target)} IS NOT NULL"
    with declared_columns(session):
        [(count,)] = session.run(f"SELECT count(*) FROM ({rows(columns, data)}) WHERE {of_clients}").fetchall()
    return int(count)


def write_fingerprints(session: Session, rows: TrainingTable, target: Path) -> None:
    """Write the fingerprints of the rows, sorted."""
    name = session.row_hash
    session.write_parquet(f"SELECT fingerprint AS {name} FROM {rows.table} ORDER BY {name}", target)


def feature_names(columns: Columns) -> dict[str, str]:
    """Return the name of each feature in the table: declared names may hold anything."""
    return {name: f"x{place}" for place, name in enumerate(columns.features)}


def _digits(columns: Columns, first: int, count: int) -> str:
    return f"CAST('0x' || substr(md5({quote(columns.id)}), {first}, {count}) AS BIGINT)"


def _labelled_count(session: Session, data: Dataset) -> int:
    """Return the number of rows with a label, held out or not: a quick upper bound of those to train on."""
    with declared_columns(session):
        [(count,)] = session.run(
            f"SELECT count({quote(session.columns.target)}) FROM {table(session.columns, data)}"
        ).fetchall()
    return int(count)


def class_counts(session: Session, table: str) -> tuple[int, int]:
    """Return the number of negative and of positive rows."""
    with declared_columns(session):
        found = dict(session.run(f"SELECT y, count(*) FROM {table} GROUP BY y").fetchall())
    return found.get(0, 0), found.get(1, 0)


def selection_rows(session: Session, table: str, sizes: tuple[int, int]) -> TrainingRows:
    """Return at least so many negative and positive rows, or all there are: those of the clients of least MD5.

    The same rows give the same sample in whatever files. Where a few clients have so many rows that whole clients
    are far too many, every so many-th of the rows in order of their values is taken.
    """
    limits = [_limit(session, table, label, size) for label, size in enumerate(sizes)]
    wanted = " OR ".join(f"(y = {label} AND bucket <= {bucket})" for label, (bucket, _) in enumerate(limits))
    steps = [
        max(1, found // (MOST_OVERSHOOT * max(size, 1))) for (_, found), size in zip(limits, sizes, strict=True)
    ]
    query = f"SELECT * FROM {table} WHERE {wanted}"
    if max(steps) > 1:
        query = _thinned(session.columns, query, steps)
    return _fetched(session, query, with_folds=True)


def all_rows(session: Session, table: str) -> TrainingRows:
    """Return all rows of a small table, without folds: stratified ones do."""
    return _fetched(session, f"SELECT * FROM {table}", with_folds=False)


def _limit(session: Session, table: str, label: int, size: int) -> tuple[int, int]:
    """Return the last bucket to take of a class, and how many rows are then taken."""
    counted = f"SELECT bucket, count(*) AS found FROM {table} WHERE y = {label} GROUP BY bucket"
    running = f"SELECT bucket, CAST(sum(found) OVER (ORDER BY bucket) AS BIGINT) AS total FROM ({counted})"
    reached = f"SELECT bucket, total FROM ({running}) WHERE total >= {size} ORDER BY bucket LIMIT 1"
    [(bucket, total)] = session.run(reached).fetchall()
    return int(bucket), int(total)


def _thinned(columns: Columns, query: str, steps: Sequence[int]) -> str:
    order = ", ".join(f"{feature} NULLS FIRST" for feature in feature_names(columns).values())
    numbered = f"SELECT *, row_number() OVER (PARTITION BY y ORDER BY {order}, fold) AS place FROM ({query})"
    return f"SELECT * FROM ({numbered}) WHERE place % CASE WHEN y = 0 THEN {steps[0]} ELSE {steps[1]} END = 0"


def _fetched(session: Session, query: str, *, with_folds: bool) -> TrainingRows:
    import numpy as np
    import pandas as pd

    from risk_assets.domain.model.training_rows import TrainingRows

    columns, names = session.columns, feature_names(session.columns)
    with declared_columns(session):
        found = session.run(f"SELECT y, fold, {', '.join(names.values())} FROM ({query})").fetchall()
    y, folds, *features = zip(*found, strict=True)
    numeric = {column.name for column in columns.numeric}
    table = {
        name: pd.Series(cells, dtype="float64" if name in numeric else "object")
        for name, cells in zip(names, features, strict=True)
    }
    return TrainingRows(
        pd.DataFrame(table), np.array(y, dtype=np.int64), np.array(folds, dtype=np.int64) if with_folds else None
    )
