"""The engine of the settings, opened."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from risk_assets.domain.columns import Columns
from risk_assets.engine.duck.session import open_duckdb
from risk_assets.engine.session import Session
from risk_assets.settings.engine import EngineSetting


@contextlib.contextmanager
def open_session(
    columns: Columns, engine: EngineSetting, *, memory_limit: str, threads: int | None, spill: Path, shared: Path
) -> Iterator[Session]:
    """Open DuckDB, or Spark, which keeps what it makes meanwhile in `shared`: a folder that its workers see too.

    Raises SettingsError when Spark or Java is not installed.
    """
    if engine.kind == "duckdb":
        with open_duckdb(columns, memory_limit=memory_limit, threads=threads, spill=spill) as embedded:
            yield embedded
        return
    from risk_assets.engine.spark.application import require_spark

    require_spark()  # before what needs it is imported
    from risk_assets.engine.spark.session import open_spark

    with open_spark(
        columns, engine, memory_limit=memory_limit, threads=threads, spill=spill, shared=shared
    ) as cluster:
        yield cluster
