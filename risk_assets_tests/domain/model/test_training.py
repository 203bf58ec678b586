from __future__ import annotations

import hashlib
import io
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from pydantic import TypeAdapter
from sklearn.metrics import f1_score, log_loss

from risk_assets.domain.columns import Columns, NumericColumn
from risk_assets.domain.model import training_rows
from risk_assets.domain.model.training import TrainedModel, TrainingReport, train
from risk_assets.domain.model.training_rows import TrainingError
from risk_assets.domain.simulate import simulate
from risk_assets_tests.domain.clients import (
    MIXED,
    SIMULATED,
    arrays,
    labelled,
    mixed_clients,
    trained_on_mixed_clients,
)


def pickled(model: TrainedModel) -> str:
    buffer = io.BytesIO()
    joblib.dump(model.pipeline, buffer)
    return hashlib.sha256(buffer.getvalue()).hexdigest()


def labels(*values: int) -> NDArray[np.int64]:
    return np.array(values, dtype=np.int64)


def frame_of(columns: Columns, **cells: list[Any]) -> pd.DataFrame:
    numeric = {column.name for column in columns.numeric}
    kinds = {name: float if name in numeric else object for name in cells}
    return pd.DataFrame({name: pd.Series(cells[name], dtype=kinds[name]) for name in cells})


@pytest.mark.parametrize("seed", range(3))
def test_rows_in_any_order_give_the_same_pickle_scorecard_and_report(seed: int) -> None:
    (frame, target), once = mixed_clients(), trained_on_mixed_clients()
    order = np.random.default_rng(seed).permutation(len(frame))
    again = train(frame.iloc[order], target[order], MIXED, seed=0, threshold=None)
    assert pickled(again) == pickled(once)
    assert (again.scorecard, again.report) == (once.scorecard, once.report)


def test_the_type_of_text_and_the_sign_of_zero_leave_no_trace_in_the_pickle() -> None:
    (frame, target), once = mixed_clients(), trained_on_mixed_clients()
    texts = {name: frame[name].astype("str") for name in MIXED.categorical}
    zeros = np.where(frame["activity"] == 0, -0.0, frame["activity"])
    again = train(frame.assign(**texts, activity=zeros), target, MIXED, seed=0, threshold=None)
    assert pickled(again) == pickled(once)


def test_columns_that_are_no_features_play_no_part() -> None:
    frame, target = mixed_clients()
    again = train(frame.assign(client="x"), target, MIXED, seed=0, threshold=None)
    assert pickled(again) == pickled(trained_on_mixed_clients())


def test_the_model_knows_more_than_the_share_of_leavers() -> None:
    frame, target = mixed_clients(seed=1)
    risk = trained_on_mixed_clients().scorecard.risk(arrays(frame, MIXED))
    assert log_loss(target, risk) < log_loss(target, np.full(len(target), target.mean())) - 0.02


def test_without_a_setting_the_threshold_is_tuned_and_its_f1_told() -> None:
    features, target = labelled(simulate(2000, seed=1))
    model = train(features, target, SIMULATED, seed=0, threshold=None)
    fresh_features, fresh_target = labelled(simulate(20_000, seed=2))
    risk = model.scorecard.risk(arrays(fresh_features, SIMULATED))
    cut = model.report.threshold
    assert model.scorecard.threshold == cut
    assert f1_score(fresh_target, risk >= cut) > f1_score(fresh_target, risk >= 0.5)
    assert f1_score(fresh_target, risk >= cut) == pytest.approx(model.report.threshold_f1, abs=0.05)


def test_a_fixed_threshold_is_kept() -> None:
    features, target = labelled(simulate(300, seed=1))
    model = train(features, target, SIMULATED, seed=0, threshold=0.4)
    assert model.scorecard.threshold == model.report.threshold == 0.4


def test_the_report_counts_rows_and_positives_and_survives_json() -> None:
    report, adapter = trained_on_mixed_clients().report, TypeAdapter(TrainingReport)
    _, target = mixed_clients()
    assert (report.rows, report.positives) == (len(target), target.sum())
    assert set(report.forms) == set(MIXED.features)
    assert adapter.validate_json(adapter.dump_json(report)) == report


def test_a_large_table_is_fitted_whole_though_selection_samples_it(monkeypatch: pytest.MonkeyPatch) -> None:
    features, target = labelled(simulate(1200, seed=1))
    whole = train(features, target, SIMULATED, seed=0, threshold=None)
    monkeypatch.setattr(training_rows, "MOST_SELECTION_ROWS", 600)
    sampled = train(features, target, SIMULATED, seed=0, threshold=None)
    assert sampled.report.rows == 1200
    assert sampled.report.candidates != whole.report.candidates
    knots = [shape.breaks for shape in sampled.scorecard.numeric if sampled.report.forms[shape.column] == "spline"]
    assert knots
    assert all(breaks in [shape.breaks for shape in whole.scorecard.numeric] for breaks in knots)


ONE = Columns("client", "left", "1", "0", (NumericColumn("x"),))


def refusal(frame: pd.DataFrame, target: NDArray[np.int64], columns: Columns = ONE) -> str:
    with pytest.raises(TrainingError) as raised:
        train(frame, target, columns, seed=0, threshold=None)
    return str(raised.value)


def test_fewer_than_ten_rows_are_refused() -> None:
    frame = frame_of(ONE, x=[1, 2, 3, 4, 5, 6, 7, 8, 9])
    assert refusal(frame, labels(0, 1, 0, 1, 0, 1, 0, 1, 0)) == "9 rows: at least 10 are needed"


def test_one_class_only_is_refused_by_the_name_of_the_target_and_the_label_that_lacks() -> None:
    frame = frame_of(ONE, x=list(range(12)))
    assert refusal(frame, labels(*[0] * 12)).startswith("0 of 12 rows have left = 1")
    assert refusal(frame, labels(*[1] * 12)).startswith("0 of 12 rows have left = 0")
    assert refusal(frame, labels(1, *[0] * 11)).startswith("1 of 12 rows have left = 1")


def test_no_feature_at_all_is_refused() -> None:
    nothing = Columns("client", "left", "1", "0", ())
    assert "no feature is declared" in refusal(pd.DataFrame(index=range(12)), labels(*[0, 1] * 6), nothing)


def test_features_that_never_vary_are_refused() -> None:
    frame = frame_of(ONE, x=[3.0, np.nan] * 6)
    assert "one value only" in refusal(frame, labels(*[0, 1] * 6))


def test_an_infinite_value_is_refused_by_the_name_of_its_column() -> None:
    frame = frame_of(ONE, x=[np.inf, *range(11)])
    assert refusal(frame, labels(*[0, 1] * 6)) == "x: holds an infinite value"


@pytest.mark.parametrize("positives", [2, 3, 5])
def test_two_rows_of_a_class_are_enough(positives: int) -> None:
    frame = frame_of(ONE, x=list(range(10)))
    model = train(frame, labels(*[1] * positives, *[0] * (10 - positives)), ONE, seed=0, threshold=None)
    low, high = model.scorecard.risk({"x": np.array([0.0, 9.0])})
    assert low > high


def test_classes_that_a_feature_separates_completely_can_be_learnt() -> None:
    frame = frame_of(ONE, x=[*range(200), *range(1000, 1200)])
    model = train(frame, labels(*[0] * 200, *[1] * 200), ONE, seed=0, threshold=None)
    assert model.report.threshold_f1 == 1.0


def test_categories_alone_make_a_model() -> None:
    words = Columns("client", "left", "1", "0", (), ("mood",))
    frame = frame_of(words, mood=["bad", "good", None] * 10)
    model = train(frame, labels(*[1, 0, 0] * 10), words, seed=0, threshold=None)
    bad, good, missing = model.scorecard.risk({"mood": np.array(["bad", "good", None], dtype=object)})
    assert bad > 0.5 > max(good, missing)


def test_values_at_the_limit_of_what_is_accepted_train_a_model() -> None:
    rng = np.random.default_rng(0)
    frame = frame_of(ONE, x=list(rng.choice([-1e100, 1e100, 0.0, 5e-324, 7.0], 300)))
    target = (frame["x"].to_numpy() > 1).astype(np.int64)
    model = train(frame, target, ONE, seed=0, threshold=None)
    assert np.isfinite(model.scorecard.risk(arrays(frame, ONE))).all()
