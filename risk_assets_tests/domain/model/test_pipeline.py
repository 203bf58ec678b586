from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest

from risk_assets.domain.columns import Columns, NumericColumn
from risk_assets.domain.model.pipeline import SPLINE_KNOTS, Form, build_pipeline, knots, possible_forms
from risk_assets_tests.domain.clients import MIXED, mixed_clients, trained_on_mixed_clients

ONE = Columns("client", "left", "1", "0", (NumericColumn("x"),))


def forms_of(*values: float) -> tuple[Form, ...]:
    return possible_forms(pd.DataFrame({"x": np.array(values)}), ONE)["x"]


def test_many_different_numbers_may_bend() -> None:
    assert forms_of(*range(250)) == ("linear", "spline")


def test_few_rows_or_few_distinct_values_mean_a_straight_line() -> None:
    assert forms_of(*range(100)) == ("linear",)
    assert forms_of(*([1.0, 2.0, 3.0] * 100)) == ("linear",)


@pytest.mark.parametrize("values", [[np.nan] * 9, [7.0] * 9, [7.0, np.nan] * 5, [0.0, 5e-324] * 5])
def test_a_column_of_one_value_says_nothing(values: list[float]) -> None:
    assert forms_of(*values) == ("constant",)


def test_knots_are_ascending_values_of_the_column_within_its_outer_quantiles() -> None:
    values = np.append(np.random.default_rng(0).exponential(10, 1000), 1e100)
    found = knots(values, "spline")[:, 0]
    assert len(found) == SPLINE_KNOTS
    assert (np.diff(found) > 0).all()
    assert set(found) <= set(values)
    assert found[-1] < 1e3


def test_ties_never_repeat_a_knot() -> None:
    values = np.append(np.zeros(700), np.arange(300.0))
    found = knots(values, "spline")[:, 0]
    assert 1 < len(found) < SPLINE_KNOTS
    assert (np.diff(found) > 0).all()


def test_a_value_so_rare_that_no_quantile_sees_it_still_spans_the_line() -> None:
    assert knots(np.append(np.zeros(500), 1.0), "linear")[:, 0].tolist() == [0.0, 1.0]


def test_a_step_may_be_named_as_scikit_learn_forbids() -> None:
    frame = pd.DataFrame({"a__b": [0.0, 1.0, 2.0, 3.0], "remainder": [0.0, 1.0, 1.0, 2.0]})
    pipeline = build_pipeline(frame, {"a__b": "linear", "remainder": "linear"}, 1.0).fit(frame, [0, 1, 0, 1])
    assert pipeline.predict_proba(frame).shape == (4, 2)


@pytest.mark.parametrize("missing", [None, np.nan])
def test_both_spellings_of_a_missing_text_mean_the_same(missing: float | None) -> None:
    frame, _ = mixed_clients()
    row = frame.iloc[[5]].assign(region=pd.Series([missing], index=[5], dtype=object))
    as_text = frame.iloc[[5]].assign(region=pd.Series([None], index=[5], dtype="str"))
    predict = trained_on_mixed_clients().pipeline.predict_proba
    assert predict(row).tolist() == predict(as_text).tolist()


def test_the_order_of_a_tables_columns_plays_no_part() -> None:
    frame, _ = mixed_clients()
    predict = trained_on_mixed_clients().pipeline.predict_proba
    assert predict(frame[frame.columns[::-1]]).tolist() == predict(frame).tolist()


def test_the_pickle_loads_where_risk_assets_is_not_installed(tmp_path: Path) -> None:
    joblib.dump(trained_on_mixed_clients().pipeline, tmp_path / "trainedmodel.pkl")
    code = (
        "import sys; sys.modules['risk_assets'] = None; import joblib\n"
        "print(type(joblib.load('trainedmodel.pkl')).__name__)"
    )
    command = [sys.executable, "-W", "error", "-c", code]
    result = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert result.stdout.strip() == "Pipeline"
    assert MIXED.features == tuple(trained_on_mixed_clients().pipeline.feature_names_in_)
