from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from risk_assets.domain.columns import Columns, DerivedColumn, NumericColumn
from risk_assets.domain.model.scorecard import Scorecard
from risk_assets.domain.model.shapes import NumericShape
from risk_assets.engine.dataset import Dataset, rows
from risk_assets.engine.model.scorecard_sql import scorable
from risk_assets.engine.select import labelled_rows
from risk_assets_tests.engine.parts import COLUMNS, session_of, write_part

ROWS = [(f"client-{number}", float(number), None, "north", number % 2) for number in range(300)]


def test_rows_come_in_reading_order_with_their_columns_in_declared_order(tmp_path: Path) -> None:
    second = write_part(tmp_path / "a.parquet", COLUMNS, [("c3", 3, 30, None, 0)])
    first = write_part(tmp_path / "b.parquet", COLUMNS, [("c1", 1, None, "north", 1), ("c2", None, 20, "süd", 0)])

    with session_of(COLUMNS, tmp_path / "spill") as session:
        found = labelled_rows(session, Dataset((first, second)), "all")

    assert found.ids.tolist() == ["c1", "c2", "c3"]
    assert found.target.tolist() == [1, 0, 0]
    assert found.target.dtype == np.int64
    assert list(found.features.columns) == ["activity", "size", "region"]
    assert [str(kind) for kind in found.features.dtypes] == ["float64", "float64", "object"]
    assert found.features["region"].tolist() == ["north", "süd", None]
    np.testing.assert_array_equal(found.features["activity"], [1, math.nan, 3])
    np.testing.assert_array_equal(found.features["size"], [math.nan, 20, 30])


def test_the_held_out_clients_are_a_tenth_and_never_in_training(tmp_path: Path) -> None:
    part = write_part(tmp_path / "a.parquet", COLUMNS, [*ROWS, *ROWS[:50]])

    with session_of(COLUMNS, tmp_path / "spill") as session:
        training = labelled_rows(session, Dataset((part,)), "training")
        held_out = labelled_rows(session, Dataset((part,)), "held out")
        everything = labelled_rows(session, Dataset((part,)), "all")

    assert not set(training.ids) & set(held_out.ids)
    assert len(training.ids) + len(held_out.ids) == len(everything.ids) == 350
    assert 15 <= len(set(held_out.ids)) <= 45


@pytest.mark.parametrize("parts", [0, 1])
def test_no_rows_give_empty_arrays_of_the_same_kinds(tmp_path: Path, parts: int) -> None:
    files = [write_part(tmp_path / "a.parquet", COLUMNS, [])][:parts]

    with session_of(COLUMNS, tmp_path / "spill") as session:
        found = labelled_rows(session, Dataset(tuple(files)), "training")

    assert found.features.shape == (0, 3)
    assert [str(kind) for kind in found.features.dtypes] == ["float64", "float64", "object"]
    assert found.target.dtype == np.int64
    assert found.ids.tolist() == []


def test_a_schema_without_features_still_has_its_labels(tmp_path: Path) -> None:
    columns = replace(COLUMNS, numeric=(), categorical=())
    part = write_part(tmp_path / "a.parquet", columns, [("c1", 1), ("c2", 0)])

    with session_of(columns, tmp_path / "spill") as session:
        found = labelled_rows(session, Dataset((part,)), "all")

    assert found.features.shape == (2, 0)
    assert found.target.tolist() == [1, 0]


def test_labels_that_are_words_become_one_and_zero(tmp_path: Path) -> None:
    columns = replace(COLUMNS, positive="Yes", negative="No")
    part = write_part(tmp_path / "a.parquet", columns, [("c1", 1, 1, "x", "Yes"), ("c2", 1, 1, "x", "No")])

    with session_of(columns, tmp_path / "spill") as session:
        assert labelled_rows(session, Dataset((part,)), "all").target.tolist() == [1, 0]


def test_a_positive_label_of_zero_is_the_one(tmp_path: Path) -> None:
    columns = replace(COLUMNS, positive="0", negative="1")
    part = write_part(tmp_path / "a.parquet", columns, [("c1", 1, 1, "x", 0), ("c2", 1, 1, "x", 1)])

    with session_of(columns, tmp_path / "spill") as session:
        assert labelled_rows(session, Dataset((part,)), "all").target.tolist() == [1, 0]


def test_columns_with_odd_names_are_read_as_any_other(tmp_path: Path) -> None:
    columns = Columns(
        id="the 'id'",
        target='exit"ed',
        positive="1",
        negative="0",
        numeric=(NumericColumn("filename"), NumericColumn("file_row_number"), NumericColumn("Größe; DROP")),
        categorical=("select", "日本 "),
    )
    part = write_part(tmp_path / "it's.parquet", columns, [("c1", 1, 2, 3, "a", None, 1)])

    with session_of(columns, tmp_path / "spill") as session:
        found = labelled_rows(session, Dataset((part,)), "all")

    assert found.ids.tolist() == ["c1"]
    assert found.features.to_dict("records") == [
        {"filename": 1, "file_row_number": 2, "Größe; DROP": 3, "select": "a", "日本 ": None}
    ]


def test_a_derived_column_that_a_model_learnt_otherwise_is_missing_for_it(tmp_path: Path) -> None:
    learnt = DerivedColumn("trend", "ratio", ("activity", "size"))
    columns = replace(COLUMNS, derived=(replace(learnt, times=12.0),))
    part = write_part(tmp_path / "a.parquet", COLUMNS, [("c1", 5, 200, None, 1)])
    shapes = (NumericShape("trend", (0.0, 1.0), ((1.0, 0.0),), missing=0.25, mean=0.0),)
    card = Scorecard(0.0, 0.5, shapes, (), derived=(learnt,))

    with session_of(columns, tmp_path / "spill") as session:
        found = labelled_rows(session, Dataset((part,)), "all")
        [[cell]] = session.run(
            f"SELECT {scorable(columns, card)[0]} FROM ({rows(columns, Dataset((part,)))})"
        ).fetchall()

    assert found.features["trend"].tolist() == [0.3]
    np.testing.assert_array_equal(found.columns_for(card)["trend"], [math.nan])
    assert cell is None
    assert found.columns_for(replace(card, derived=columns.derived))["trend"].tolist() == [0.3]
