from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk_assets.domain.model.assembly import (
    CategoricalStatistics,
    NumericStatistics,
    set_regression,
    with_fitted_columns,
)
from risk_assets.domain.model.pipeline import build_pipeline


@settings(max_examples=40)
@given(times=st.lists(st.integers(1, 3), min_size=2, max_size=70), seed=st.integers(0, 100))
def test_the_same_categories_are_rare_as_for_scikit_learn_ties_included(times: list[int], seed: int) -> None:
    names = np.random.default_rng(seed).permutation([f"level {place}" for place in range(len(times))]).tolist()
    counts = dict(zip(names, times, strict=True))
    frame = pd.DataFrame({"word": pd.Series(np.repeat(names, times), dtype=object)})
    expected = build_pipeline(frame, {"word": "categorical"}, 1.0).named_steps["columns"].fit(frame)
    ranked = sorted(sorted(names, reverse=True), key=counts.__getitem__, reverse=True)
    pipeline = with_fitted_columns({"word": CategoricalStatistics(ranked)}, {"word": "categorical"}, 1.0)
    found = pipeline.named_steps["columns"]
    assert found.get_feature_names_out().tolist() == expected.get_feature_names_out().tolist()
    assert np.array_equal(found.transform(frame), expected.transform(frame))


def test_a_blank_number_counts_as_the_median() -> None:
    statistics = NumericStatistics(2.5, np.array([[0.0], [4.0]]))
    pipeline = with_fitted_columns({"x": statistics}, {"none": "constant", "x": "linear"}, 1.0)
    set_regression(pipeline, np.array([0.5, -2.0]), 3)
    blank, same = pipeline.predict_proba(pd.DataFrame({"none": [np.nan] * 2, "x": [np.nan, 2.5]}))[:, 1]
    # the one output of a line falls from 1 to 0 between its two knots
    assert blank == same == pytest.approx(1 / (1 + np.exp(-(0.5 - 2 * 1.5 / 4))))
