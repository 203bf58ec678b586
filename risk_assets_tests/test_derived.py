"""A derived column has the same value whoever computes it: SQL over finaldata, numpy, or the API."""

from __future__ import annotations

import math
import struct
import tempfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import duckdb
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from risk_assets.domain.columns import Columns, DerivedColumn, NumericColumn
from risk_assets.domain.derived import day_number, derived_values, families
from risk_assets.engine.dataset import Dataset
from risk_assets.engine.select import labelled_rows
from risk_assets.engine.sql import literal
from risk_assets.serve.http.client_validation import ClientValidator
from risk_assets_tests.engine.parts import session_of

DERIVED = (
    DerivedColumn("ratio", "ratio", ("a", "b"), times=12.0),
    DerivedColumn("plain ratio", "ratio", ("b", "c")),
    DerivedColumn("difference", "difference", ("a", "b")),
    DerivedColumn("sum", "sum", ("a", "b", "c")),
    DerivedColumn("days", "days_between", ("since", "as_of")),
)
COLUMNS = Columns(
    "id",
    "left",
    "1",
    "0",
    (NumericColumn("a"), NumericColumn("b"), NumericColumn("c", feature=False)),
    ("region",),
    as_of="as_of",
    date_columns=("since",),
    derived=DERIVED,
)
NAMES = [column.name for column in DERIVED]

extremes = st.sampled_from([0.0, -0.0, 5e-324, -5e-324, 1e-300, 1e100, -1e100, 9e99, 1.0, -1.0, 3.0, 0.1, 1e16])
numbers = st.none() | extremes | st.integers(-1000, 1000).map(float) | st.floats(-1e100, 1e100)
times = st.none() | st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1))  # noqa: DTZ001  # as files have them
clients = st.fixed_dictionaries({"a": numbers, "b": numbers, "c": numbers, "since": times, "as_of": times})
Client = Mapping[str, object]


def in_sql(rows: Sequence[Client], folder: Path) -> dict[str, list[float]]:
    part = folder / "part.parquet"
    fields = "id VARCHAR, a DOUBLE, b DOUBLE, c DOUBLE, region VARCHAR, as_of TIMESTAMP, since TIMESTAMP"
    with duckdb.connect() as connection:
        connection.execute(f'CREATE TABLE made ({fields}, "left" INTEGER)')
        cells = [
            [str(place), row["a"], row["b"], row["c"], "north", row["as_of"], row["since"], 1]
            for place, row in enumerate(rows)
        ]
        connection.executemany("INSERT INTO made VALUES (?, ?, ?, ?, ?, ?, ?, ?)", cells)
        connection.execute(f"COPY made TO {literal(str(part))} (FORMAT parquet)")
    with session_of(COLUMNS, folder / "spill") as session:
        found = labelled_rows(session, Dataset((part,)), "all")
    assert list(found.features.columns) == list(COLUMNS.features)
    return {name: found.features[name].tolist() for name in NAMES}


def in_numpy(rows: Sequence[Client]) -> dict[str, list[float]]:
    def cells(name: str) -> list[object]:
        found = [row[name] for row in rows]
        return [day_number(cell.date()) if isinstance(cell, datetime) else cell for cell in found]

    parts = {name: np.array(cells(name), dtype=np.float64) for name in ("a", "b", "c", "since", "as_of")}
    return {column.name: derived_values(column, parts).tolist() for column in DERIVED}


def in_api(rows: Sequence[Client]) -> dict[str, list[float]]:
    def sent(row: Client) -> dict[str, object]:
        return {
            "region": "north",
            **{name: cell.isoformat() if isinstance(cell, datetime) else cell for name, cell in row.items()},
        }

    found = ClientValidator(COLUMNS, max_rows=1000).clients([sent(row) for row in rows])
    return {name: [math.nan if cell is None else float(cell) for cell in found.columns[name]] for name in NAMES}


def bits(values: Mapping[str, Sequence[float]]) -> dict[str, list[str]]:
    """Tell -0.0 from 0.0, and one NaN from no other."""
    return {
        name: ["missing" if math.isnan(value) else struct.pack("d", value).hex() for value in cells]
        for name, cells in values.items()
    }


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=st.lists(clients, min_size=1, max_size=8))
def test_sql_numpy_and_the_api_agree_to_the_last_bit(tmp_path: Path, rows: list[Client]) -> None:
    sql = in_sql(rows, Path(tempfile.mkdtemp(dir=tmp_path)))

    assert bits(in_numpy(rows)) == bits(sql)
    assert bits(in_api(rows)) == bits(sql)
    alone = [in_api([row]) for row in rows]
    assert bits({name: [each[name][0] for each in alone] for name in NAMES}) == bits(sql)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"a": 5.0, "b": 200.0}, 0.3),
        ({"a": 0.0, "b": 0.0}, None),
        ({"a": 7.0, "b": 0.0}, None),
        ({"a": None, "b": 1.0}, None),
        ({"a": 1.0, "b": None}, None),
        ({"a": 1e100, "b": 1e-300}, None),
        ({"a": 0.0, "b": -1.0}, 0.0),
    ],
)
def test_a_ratio_is_missing_where_it_has_no_finite_value(
    tmp_path: Path, parts: Client, expected: float | None
) -> None:
    row = {"c": None, "since": None, "as_of": None, **parts}
    wanted = [math.nan if expected is None else expected]
    for found in (in_sql([row], tmp_path), in_numpy([row]), in_api([row])):
        assert bits({"ratio": found["ratio"]}) == bits({"ratio": wanted})


def test_days_are_those_of_the_calendar_and_negative_where_the_second_date_is_earlier() -> None:
    dates = [("2026-01-31T23:59", "2026-02-01T00:01"), ("2026-03-01", "2026-02-01"), ("2024-02-28", "2024-03-01")]
    rows = [{"since": since, "as_of": as_of, "a": 1} for since, as_of in dates]

    assert ClientValidator(COLUMNS, max_rows=9).clients(rows).columns["days"] == [1.0, -28.0, 2.0]


def test_a_table_without_derived_columns_is_as_it_was() -> None:
    plain = Columns("id", "left", "1", "0", (NumericColumn("a"),), ("region",), value="fee", as_of="day")
    assert plain.names == plain.known == ("id", "a", "region", "fee", "day", "left")
    assert plain.features == plain.inputs == ("a", "region")


def test_features_that_share_a_part_are_one_family() -> None:
    assert families(COLUMNS) == (
        ("a", "b", "ratio", "plain ratio", "difference", "sum"),
        ("days",),
        ("region",),
    )
