"""Frames written by the workers and put together by this process; arrays of this process written for the workers.

Each function takes a folder that driver and workers share and that does not exist yet.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from risk_assets.engine.spark import files
from risk_assets.engine.sql import literal, read_parts

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame


def write_parquet(frame: DataFrame, order: Sequence[Column], folder: Path, target: Path) -> None:
    """Write one parquet file in an order: one task sorts and writes it."""
    single = frame.repartition(1).sortWithinPartitions(*order) if order else frame.repartition(1)
    files.without_position(single).write.parquet(str(folder))
    [part] = folder.glob("part-*.parquet")
    shutil.move(part, target)
    shutil.rmtree(folder)


def write_csv(frame: DataFrame, order: Sequence[Column], folder: Path, target: Path) -> None:
    """Write one CSV file in an order: workers write its pieces, which are put together here."""
    files.csv_lines(_sorted(frame, order)).write.text(str(folder))
    with target.open("wb") as whole:
        whole.write(files.csv_header(files.without_position(frame).columns).encode())
        for part in sorted(folder.glob("part-*")):
            with part.open("rb") as piece:
                shutil.copyfileobj(piece, whole, 1 << 20)
    shutil.rmtree(folder)


def arrays_of(frame: DataFrame, order: Sequence[Column], folder: Path) -> dict[str, Any]:
    """Return columns as arrays: workers write them, and this process reads them as it reads any parquet."""
    import duckdb

    files.without_position(_sorted(frame, order)).write.parquet(str(folder))
    with duckdb.connect() as connection:
        parts = sorted(folder.glob("part-*.parquet"))
        found: dict[str, Any] = connection.execute(f"SELECT * FROM {read_parts(parts)}").fetchnumpy()
    shutil.rmtree(folder)
    return found


def write_arrays(blocks: Iterable[Mapping[str, Any]], folder: Path) -> None:
    """Write blocks of columns as one parquet file each."""
    import duckdb

    folder.mkdir()
    with duckdb.connect() as connection:
        for number, block in enumerate(blocks):
            connection.register("arrays", dict(block))
            file = literal(str(folder / f"part-{number:05}.parquet"))
            connection.execute(f"COPY (SELECT * FROM arrays) TO {file} (FORMAT parquet)")
            connection.unregister("arrays")


def _sorted(frame: DataFrame, order: Sequence[Column]) -> DataFrame:
    return frame.sort(*order) if order else frame
