"""Tables of clients as parquet parts, and training on them both ways."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb
import pandas as pd

from risk_assets.domain.columns import Columns
from risk_assets.domain.model.training import TrainedModel
from risk_assets.engine.dataset import Dataset
from risk_assets.engine.model.training import train_on
from risk_assets.engine.model.training_rows import training_table
from risk_assets.engine.sql import literal, quote
from risk_assets_tests.engine.parts import session_of


def write_clients(path: Path, columns: Columns, frame: pd.DataFrame) -> Path:
    """Write a table with the id, the features and the target as a part of finaldata."""
    kinds = {column.name: "DOUBLE" for column in columns.numeric} | dict.fromkeys(columns.categorical, "VARCHAR")
    kinds |= {columns.id: "VARCHAR", columns.target: "INTEGER"}
    cells = ", ".join(f"CAST({quote(name)} AS {kinds[name]}) AS {quote(name)}" for name in columns.names)
    with duckdb.connect() as connection:
        connection.register("clients", frame[list(columns.names)])
        connection.execute(f"COPY (SELECT {cells} FROM clients) TO {literal(str(path))} (FORMAT parquet)")
    return path


def trained(
    parts: Sequence[Path],
    columns: Columns,
    *,
    most_rows: int = 10**6,
    threads: int = 2,
    threshold: float | None = None,
) -> TrainedModel:
    """Train on parts, with what does not fit into memory in a folder beside the first."""
    spill = parts[0].parent / "spill"
    with (
        session_of(columns, spill, threads) as session,
        training_table(session, Dataset(tuple(parts)), "all", most_rows=most_rows) as rows,
    ):
        return train_on(session, rows, threshold=threshold)
