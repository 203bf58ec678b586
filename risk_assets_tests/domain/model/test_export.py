from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk_assets.domain.columns import MAX_MAGNITUDE, Columns, NumericColumn
from risk_assets.domain.model.export import to_scorecard
from risk_assets.domain.model.pipeline import Form, build_pipeline
from risk_assets.domain.model.training import train
from risk_assets_tests.domain.clients import MIXED, arrays, mixed_clients, trained_on_mixed_clients
from risk_assets_tests.domain.rows import rows_of

ONE = Columns("client", "left", "1", "0", (NumericColumn("x"),))


@given(frame=rows_of(MIXED))
def test_the_scorecard_gives_the_risks_of_the_pipeline_for_any_row(frame: pd.DataFrame) -> None:
    model = trained_on_mixed_clients()
    expected = model.pipeline.predict_proba(frame)[:, 1]
    assert model.scorecard.risk(arrays(frame, MIXED)) == pytest.approx(expected, rel=0, abs=1e-9)


def test_the_scorecard_gives_the_risks_of_the_pipeline_for_the_training_rows() -> None:
    model, (frame, _) = trained_on_mixed_clients(), mixed_clients()
    expected = model.pipeline.predict_proba(frame)[:, 1]
    assert model.scorecard.risk(arrays(frame, MIXED)) == pytest.approx(expected, rel=0, abs=1e-9)


@settings(max_examples=25)
@given(
    seed=st.integers(0, 1000),
    scale=st.sampled_from([1e-90, 1e-9, 1.0, 1e15, 1e90]),
    offset=st.sampled_from([0.0, 1.0, -1e15]),
    form=st.sampled_from(["linear", "spline"]),
)
def test_the_scorecard_is_exact_in_any_units(seed: int, scale: float, offset: float, form: Form) -> None:
    rng = np.random.default_rng(seed)
    x = scale * (np.round(rng.standard_cauchy(250), 2) + offset)
    frame = pd.DataFrame({"x": x})
    pipeline = build_pipeline(frame, {"x": form}, 10.0).fit(frame, (rng.random(250) < 0.4).astype(int))
    card = to_scorecard(pipeline, ONE, frame, threshold=0.5)
    probes = pd.DataFrame({"x": [*x, *(x[:-1] + x[1:]) / 2, math.nan, 0.0, MAX_MAGNITUDE, -MAX_MAGNITUDE]})
    expected = pipeline.predict_proba(probes)[:, 1]
    assert card.risk(arrays(probes, ONE)) == pytest.approx(expected, rel=0, abs=1e-9)


def test_a_mean_is_the_average_over_the_training_rows() -> None:
    card, (frame, _) = trained_on_mixed_clients().scorecard, mixed_clients()
    assert card.contributions(arrays(frame, MIXED)).mean(axis=0) == pytest.approx(0, abs=1e-12)


def test_a_missing_number_counts_as_the_median_of_the_training_rows() -> None:
    card, (frame, _) = trained_on_mixed_clients().scorecard, mixed_clients()
    median = np.array([frame["activity"].median(), math.nan])
    at_median, missing = card.shape_value("activity", median)
    assert missing == at_median


def test_columns_that_say_nothing_have_flat_shapes() -> None:
    card = trained_on_mixed_clients().scorecard
    probes = np.array([-1e100, 3.0, 7.0, math.nan])
    assert card.shape_value("same", probes).tolist() == [0.0] * 4
    assert card.shape_value("blank", probes).tolist() == [0.0] * 4
    assert card.shape_value("only", np.array(["all alike", "new", None], dtype=object)).tolist() == [0.0] * 3


def test_rare_categories_share_the_value_of_unknown_ones() -> None:
    card, (frame, _) = trained_on_mixed_clients().scorecard, mixed_clients()
    levels = frame["remainder"].value_counts()
    common, rare = levels.index[0], levels.index[-1]
    assert len(levels) > 60
    values = card.shape_value("remainder", np.array([common, rare, "unheard of"], dtype=object))
    assert values[0] != values[1] == values[2]


def test_features_keep_their_declared_order() -> None:
    assert trained_on_mixed_clients().scorecard.features == MIXED.features


def test_a_model_of_one_column_can_be_exported() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=300)})
    model = train(frame, (rng.random(300) < 0.3).astype(np.int64), ONE, seed=0, threshold=0.5)
    expected = model.pipeline.predict_proba(frame)[:, 1]
    assert model.scorecard.risk(arrays(frame, ONE)) == pytest.approx(expected, rel=0, abs=1e-9)
