"""Small parquet parts with the schema of the tests."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb

from risk_assets.domain.columns import Columns, NumericColumn
from risk_assets.engine.duck.session import DuckSession, open_duckdb
from risk_assets.engine.sql import quote

COLUMNS = Columns(
    id="corporation",
    target="exited",
    positive="1",
    negative="0",
    numeric=(NumericColumn("activity", 0), NumericColumn("size", 0)),
    categorical=("region",),
)

Row = Sequence[object]


@contextlib.contextmanager
def session_of(columns: Columns, spill: Path, threads: int = 2) -> Iterator[DuckSession]:
    with open_duckdb(columns, memory_limit="1GB", threads=threads, spill=spill) as session:
        yield session


def write_part(path: Path, columns: Columns, rows: Sequence[Row]) -> Path:
    """Write rows of (id, numeric..., categorical..., target), the target as an integer where the labels are."""
    label = "INTEGER" if columns.has_numeric_labels else "VARCHAR"
    kinds = ["VARCHAR", *("DOUBLE" for _ in columns.numeric), *("VARCHAR" for _ in columns.categorical), label]
    fields = ", ".join(f"{quote(name)} {kind}" for name, kind in zip(columns.names, kinds, strict=True))
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE part ({fields})")
        if rows:
            connection.executemany(f"INSERT INTO part VALUES ({', '.join('?' for _ in kinds)})", rows)
        connection.execute("COPY part TO '" + str(path).replace("'", "''") + "' (FORMAT parquet)")
    return path
