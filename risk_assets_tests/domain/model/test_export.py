from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk_assets.domain.columns import MAX_MAGNITUDE, Columns, NumericColumn
from risk_assets.domain.model.training import TrainedModel, train
from risk_assets.domain.model.training_rows import TrainingRows
from risk_assets_tests.domain.clients import (
    EVERY_FORM,
    MIXED,
    arrays,
    clients_of_every_form,
    mixed_clients,
    trained_on_every_form,
    trained_on_mixed_clients,
)
from risk_assets_tests.domain.rows import rows_of

ONE = Columns("client", "left", "1", "0", (NumericColumn("x"),))


def assert_alike(model: TrainedModel, frame: pd.DataFrame, columns: Columns) -> None:
    """The pickle, the scorecard's arrays and its plain numbers give the same risks."""
    expected, cells = model.pipeline.predict_proba(frame)[:, 1], arrays(frame, columns)
    assert model.scorecard.risk(cells) == pytest.approx(expected, rel=0, abs=1e-9)
    plain = [
        model.scorecard.risk_of({str(name): None if pd.isna(cell) else cell for name, cell in row.items()})
        for row in frame.to_dict("records")
    ]
    assert plain == pytest.approx(expected, rel=0, abs=1e-9)


def frame_of(rows: TrainingRows) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(cells, dtype=cells.dtype) for name, cells in rows.features.items()})


@given(frame=rows_of(MIXED))
def test_the_scorecard_gives_the_risks_of_the_pipeline_for_any_row(frame: pd.DataFrame) -> None:
    assert_alike(trained_on_mixed_clients(), frame, MIXED)


@given(frame=rows_of(EVERY_FORM))
def test_curves_levels_and_tables_of_pairs_are_exact_too(frame: pd.DataFrame) -> None:
    assert_alike(trained_on_every_form(), frame, EVERY_FORM)


def test_the_model_of_every_form_has_every_form() -> None:
    card = trained_on_every_form().scorecard
    assert {len(shape.coefficients[0]) for shape in card.numeric} == {2, 4}
    assert card.shape("balance__eur").levels[0][0] == 0.0  # type: ignore[union-attr]
    assert {pair.columns for pair in card.pairs} == {("activity", "balance__eur"), ("activity", "region")}


def test_the_scorecard_gives_the_risks_of_the_pipeline_for_the_training_rows() -> None:
    assert_alike(trained_on_mixed_clients(), mixed_clients()[0], MIXED)
    assert_alike(trained_on_every_form(), frame_of(clients_of_every_form()), EVERY_FORM)


@settings(max_examples=25)
@given(
    seed=st.integers(0, 1000),
    scale=st.sampled_from([1e-90, 1e-9, 1.0, 1e15, 1e90]),
    offset=st.sampled_from([0.0, 1.0, -1e15]),
    digits=st.sampled_from([0, 2]),
)
def test_the_scorecard_is_exact_in_any_units(seed: int, scale: float, offset: float, digits: int) -> None:
    rng = np.random.default_rng(seed)
    x = scale * (np.round(rng.standard_cauchy(250), digits) + offset)
    model = train(TrainingRows({"x": x}, (rng.random(250) < 0.4).astype(int)), ONE, threshold=0.5)
    probes = [*x, *(x[:-1] + x[1:]) / 2, math.nan, 0.0, MAX_MAGNITUDE, -MAX_MAGNITUDE]
    assert_alike(model, pd.DataFrame({"x": probes}), ONE)


def test_contributions_add_up_to_the_log_odds_and_average_to_nothing_over_the_training_rows() -> None:
    card, rows = trained_on_every_form().scorecard, clients_of_every_form().features
    found = card.contributions(rows)
    assert card.parts == (*EVERY_FORM.features, *(pair.name for pair in card.pairs))
    assert found.mean(axis=0) == pytest.approx(0, abs=1e-12)
    assert np.ptp(card.log_odds(rows) - found.sum(axis=1)) == pytest.approx(0, abs=1e-9)


def test_a_pair_says_nothing_on_average_at_any_value_of_either_column() -> None:
    rows = clients_of_every_form().features
    for pair in trained_on_every_form().scorecard.pairs:
        left, right = (rows[name] for name in pair.columns)
        for side, other, at in ((pair.left, pair.right, pair.with_left), (pair.right, pair.left, pair.with_right)):
            average = other.evaluate(right if side is pair.left else left).mean(axis=0)
            probe = side.levels[0] if side.levels else side.knots[1]
            assert at(probe) @ average == pytest.approx(0, abs=1e-9)


def test_missing_is_a_value_of_its_own() -> None:
    card = trained_on_every_form().scorecard
    missing, median = card.shape_value("balance__eur", np.array([math.nan, card.usual["balance__eur"]]))
    assert missing - median > 0.3


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
    values = card.shape_value("remainder", np.array([common, rare, "unheard of"], dtype=object))
    assert values[0] != values[1] == values[2]


def test_the_usual_value_is_the_median_or_the_most_frequent_category() -> None:
    usual, (frame, _) = trained_on_mixed_clients().scorecard.usual, mixed_clients()
    assert usual["activity"] == frame["activity"].median()
    assert usual["region"] in set(frame["region"].mode())
    assert usual["blank"] is None


def test_features_keep_their_declared_order() -> None:
    assert trained_on_mixed_clients().scorecard.features == MIXED.features
