"""The rows to train on as one narrow table, all of them or a weighted sample of the clients.

The table has y (1 is positive), bucket (by the MD5 of purpose and id), the features as x0, x1, … in declared
order, and what describes the rows: id, drawn and fingerprint (see `select`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from risk_assets.domain.columns import Columns
from risk_assets.engine.dataset import Dataset, Keep, rows, table
from risk_assets.engine.select import declared_columns, draw, fingerprint
from risk_assets.engine.session import Session
from risk_assets.engine.sql import literal, quote

if TYPE_CHECKING:
    from risk_assets.domain.model.training_rows import Shares, TrainingRows

BUCKETS = 65536


@dataclass(frozen=True)
class TrainingTable:
    """The table of labelled rows, and how many of them are taken into memory at most."""

    table: str
    keep: Keep
    most_rows: int


@contextlib.contextmanager
def training_table(
    session: Session, data: Dataset, keep: Keep, *, most_rows: int, apart: str = ""
) -> Iterator[TrainingTable]:
    """Give the rows to train on, and keep them on disk meanwhile if they are more than `most_rows`.

    Rows of clients whose ids the query `apart` gives are left out.

    Raises SelectionError where the parts lack a declared column.
    """
    query = training_rows(session.columns, data, keep, apart)
    if _labelled_count(session, data) <= most_rows:
        yield TrainingTable(f"({query})", keep, most_rows)
        return
    with contextlib.ExitStack() as stack:
        with declared_columns(session):
            kept = stack.enter_context(session.cache_on_disk("training_rows", query))
        yield TrainingTable(kept, keep, most_rows)


def training_rows(columns: Columns, data: Dataset, keep: Keep, apart: str = "") -> str:
    """Return the query of the table of labelled rows."""
    features = ", ".join(f"{quote(name)} AS {feature}" for name, feature in feature_names(columns).items())
    drawn = f"md5({literal('training ')} || {quote(columns.id)})"
    return (
        f"SELECT CAST({quote(columns.target)} AS TINYINT) AS y, "
        f"CAST(CAST('0x' || substr({drawn}, 1, 4) AS BIGINT) AS INTEGER) AS bucket, "
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


def _labelled_count(session: Session, data: Dataset) -> int:
    """Return the number of rows with a label, held out or not: a quick upper bound of those to train on."""
    with declared_columns(session):
        [(count,)] = session.run(
            f"SELECT count({quote(session.columns.target)}) FROM {table(session.columns, data)}"
        ).fetchall()
    return int(count)


def class_counts(session: Session, rows: TrainingTable) -> tuple[int, int]:
    """Return the number of negative and of positive rows."""
    with declared_columns(session):
        found = dict(session.run(f"SELECT y, count(*) FROM {rows.table} GROUP BY y").fetchall())
    return found.get(0, 0), found.get(1, 0)


def read_training_rows(session: Session, rows: TrainingTable) -> TrainingRows:
    """Return the rows, or a weighted sample of about `most_rows` of them where they are more.

    The sample is of clients, drawn by a hash of purpose and id: all that have left at some time, or as many as
    fill half of it, and a share of the others. Each row stands for as many as its kind of clients were thinned by.
    """
    from risk_assets.domain.model.training_rows import Shares, shares_of

    if sum(class_counts(session, rows)) <= rows.most_rows:
        return _fetched(session, f"SELECT *, 1 AS has_left FROM {rows.table}", Shares())
    leavers = f"SELECT DISTINCT id FROM {rows.table} WHERE y = 1"
    marked = f"SELECT *, CASE WHEN id IN ({leavers}) THEN 1 ELSE 0 END AS has_left FROM {rows.table}"
    counted = dict(session.run(f"SELECT has_left, count(*) FROM ({marked}) GROUP BY has_left").fetchall())
    shares = shares_of(counted.get(1, 0), counted.get(0, 0), rows.most_rows)
    limit = f"CASE WHEN has_left = 1 THEN {_limit(shares.left)} ELSE {_limit(shares.stayed)} END"
    return _fetched(session, f"SELECT * FROM ({marked}) WHERE bucket < {limit}", shares)


def _limit(share: float) -> int:
    return max(1, round(share * BUCKETS))


def _fetched(session: Session, query: str, shares: Shares) -> TrainingRows:
    import numpy as np

    from risk_assets.domain.model.training_rows import TrainingRows

    columns, names = session.columns, feature_names(session.columns)
    with declared_columns(session):
        found = session.run(f"SELECT id, y, has_left, {', '.join(names.values())} FROM ({query})").fetchnumpy()
    numeric = {column.name for column in columns.numeric_features}
    features = {
        name: np.ma.filled(found[cell].astype(np.float64), np.nan)
        if name in numeric
        else np.ma.getdata(found[cell])
        for name, cell in names.items()
    }
    weights = None
    if not shares.whole:
        stands_for = np.array([BUCKETS / _limit(shares.stayed), BUCKETS / _limit(shares.left)])
        weights = stands_for[np.ma.getdata(found["has_left"]).astype(np.intp)]
    target = np.ma.getdata(found["y"]).astype(np.int64)
    return TrainingRows(features, target, np.ma.getdata(found["id"]), weights)
