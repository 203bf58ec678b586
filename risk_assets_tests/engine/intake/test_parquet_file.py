from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from risk_assets.domain.columns import Columns, NumericColumn
from risk_assets_tests.engine.outcome import COLUMNS, Outcome
from risk_assets_tests.engine.parts import session_of


def read(folder: Path, rows: str, columns: Columns = COLUMNS) -> Outcome:
    """Parse a parquet file of the rows that an SQL query gives."""
    made = folder / "made.parquet"
    duckdb.sql(f"COPY ({rows}) TO '{made}' (FORMAT parquet)")
    with session_of(columns, folder / "spill") as session:
        return Outcome(session, folder, "clients.parquet", made.read_bytes())


@pytest.mark.parametrize("name", ["filename", "File_Row_Number", "fault", "value", "file", "raw", "number", "v0"])
def test_a_column_may_have_any_name_and_refused_rows_are_told_all_the_same(tmp_path: Path, name: str) -> None:
    rows = f"SELECT id, 2 - id AS calls, 'n' AS region, 1 AS exited, 7 AS {name} FROM range(1, 4) AS t(id)"
    found = read(tmp_path, rows)
    assert [row[0] for row in found.rows] == ["1", "2"]
    raw = f'{{"id":3,"calls":-1,"region":"n","exited":1,"{name}":7}}'
    assert found.refused == [(3, 'calls: "-1" is below 0', raw)]
    assert found.parsed.dropped_columns == (name,)


def test_declared_columns_may_be_called_as_the_engine_calls_its_own(tmp_path: Path) -> None:
    columns = Columns("filename", "exited", "1", "0", (NumericColumn("file_row_number", 0),), ("rowid",))
    rows = "SELECT 'A' AS filename, 5 AS file_row_number, 'x' AS rowid, 1 AS exited"
    assert read(tmp_path, rows, columns).rows == [("A", 5.0, "x", 1)]


@pytest.mark.parametrize("kind", ["DOUBLE", "FLOAT"])
def test_whole_numbers_as_names_are_written_as_in_a_csv_file(tmp_path: Path, kind: str) -> None:
    cells = f"n::{kind} AS id, 1 AS calls, n::{kind} AS region, 1 AS exited"
    found = read(tmp_path, f"SELECT {cells} FROM (VALUES (123), (0.5)) AS t(n)")
    assert [(row[0], row[2]) for row in found.rows] == [("123", "123"), ("0.5", "0.5")]
