"""Both engines on the same schema, side by side."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from risk_assets.domain.columns import Columns
from risk_assets.engine.opening import open_session
from risk_assets.engine.session import Session
from risk_assets.engine.sql import literal, read_parts
from risk_assets.settings.engine import EngineSetting
from risk_assets_tests.engine.parts import session_of
from risk_assets_tests.services.spark_cluster import QUICK

#: Small pieces, so that a file of a few megabytes is read by several tasks. For few rows, to compile queries takes
#: longer than to interpret them.
OPTIONS = {
    **QUICK,
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.files.maxPartitionBytes": "1m",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}
LOCAL = EngineSetting(kind="spark", master="local[2]", options=OPTIONS)


#: Another folder would be another setting, and so another application.
SPILL = Path(tempfile.gettempdir(), f"spill-{os.getpid()}")


@contextlib.contextmanager
def spark_of(columns: Columns, folder: Path) -> Iterator[Session]:
    """Open a session on the local application that all tests of a process share."""
    with open_session(
        columns, LOCAL, memory_limit="1GB", threads=2, spill=SPILL, shared=folder / "shared"
    ) as session:
        yield session


@dataclass(frozen=True)
class Engines:
    """DuckDB and Spark."""

    duckdb: Session
    spark: Session
    folder: Path

    def table(self, kinds: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
        """Write rows to a parquet file and return the SQL of it, with the columns c0, c1, …"""
        file = self.folder / "table.parquet"
        fields = ", ".join(f"c{place} {kind}" for place, kind in enumerate(kinds))
        with duckdb.connect() as connection:
            connection.execute(f"CREATE TABLE made ({fields})")
            if rows:
                marks = ", ".join("(" + ", ".join("?" for _ in kinds) + ")" for _ in rows)
                connection.execute(f"INSERT INTO made VALUES {marks}", [cell for row in rows for cell in row])
            connection.execute(f"COPY made TO {literal(str(file))} (FORMAT parquet)")
        return read_parts([file])

    def answers(self, sql: str) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
        """Return the rows of a query on DuckDB and on Spark."""
        return self.duckdb.run(sql).fetchall(), self.spark.run(sql).fetchall()


@contextlib.contextmanager
def both_engines(columns: Columns, folder: Path) -> Iterator[Engines]:
    """Open both engines."""
    with session_of(columns, folder / "spill") as embedded, spark_of(columns, folder) as cluster:
        yield Engines(embedded, cluster, folder)
