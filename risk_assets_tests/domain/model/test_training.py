from __future__ import annotations

import hashlib
import io
import warnings
from dataclasses import replace
from typing import Any

import joblib
import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import TypeAdapter
from sklearn.metrics import f1_score, log_loss

from risk_assets.domain.columns import Columns, DerivedColumn, Monotone, NumericColumn
from risk_assets.domain.derived import derived_values
from risk_assets.domain.model.reasons import reasons
from risk_assets.domain.model.scorecard import Family
from risk_assets.domain.model.training import TrainedModel, TrainingReport, train
from risk_assets.domain.model.training_rows import TrainingError, TrainingRows
from risk_assets.domain.simulate import simulate
from risk_assets_tests.domain.clients import (
    EVERY_FORM,
    MIXED,
    SIMULATED,
    arrays,
    clients_of_every_form,
    labelled,
    mixed_clients,
    trained_on_every_form,
    trained_on_mixed_clients,
)


def pickled(model: TrainedModel) -> str:
    buffer = io.BytesIO()
    joblib.dump(model.pipeline, buffer)
    return hashlib.sha256(buffer.getvalue()).hexdigest()


def labels(*values: int) -> NDArray[np.int64]:
    return np.array(values, dtype=np.int64)


def rows_of(columns: Columns, target: NDArray[np.int64], **cells: list[Any]) -> TrainingRows:
    numeric = {column.name for column in columns.numeric}
    kinds = {name: float if name in numeric else object for name in cells}
    return TrainingRows({name: np.array(cells[name], dtype=kinds[name]) for name in cells}, target)


def mixed_rows(seed: int = 0) -> TrainingRows:
    frame, target = mixed_clients(seed=seed)
    return TrainingRows(arrays(frame, MIXED), target)


@pytest.mark.parametrize("seed", range(3))
def test_rows_in_any_order_give_the_same_pickle_scorecard_and_report(seed: int) -> None:
    rows, once = clients_of_every_form(), trained_on_every_form()
    order = np.random.default_rng(seed).permutation(len(rows.target))
    mixed = TrainingRows({name: cells[order] for name, cells in rows.features.items()}, rows.target[order])
    again = train(mixed, EVERY_FORM, threshold=None)
    assert pickled(again) == pickled(once)
    assert (again.scorecard, again.report) == (once.scorecard, once.report)


def test_the_spelling_of_missing_texts_and_the_sign_of_zero_leave_no_trace_in_the_pickle() -> None:
    rows, once = mixed_rows(), trained_on_mixed_clients()
    features = dict(rows.features)
    features["region"] = np.array([np.nan if name is None else name for name in features["region"]], dtype=object)
    features["activity"] = np.where(features["activity"] == 0, -0.0, features["activity"].astype(float))
    assert pickled(train(TrainingRows(features, rows.target), MIXED, threshold=None)) == pickled(once)


def test_columns_that_are_no_features_play_no_part() -> None:
    rows = mixed_rows()
    more = {**rows.features, "client": np.full(len(rows.target), "x", dtype=object)}
    assert pickled(train(TrainingRows(more, rows.target), MIXED, threshold=None)) == pickled(
        trained_on_mixed_clients()
    )


def test_the_model_knows_more_than_the_share_of_leavers() -> None:
    rows = mixed_rows(seed=1)
    risk = trained_on_mixed_clients().scorecard.risk(rows.features)
    assert log_loss(rows.target, risk) < log_loss(rows.target, np.full(len(risk), rows.target.mean())) - 0.02


def test_without_a_setting_the_threshold_is_tuned_and_its_f1_told() -> None:
    model = train(labelled(simulate(2000, seed=1)), SIMULATED, threshold=None)
    fresh = labelled(simulate(20_000, seed=2))
    risk, cut = model.scorecard.risk(fresh.features), model.report.threshold
    assert model.scorecard.threshold == cut
    assert f1_score(fresh.target, risk >= cut) > f1_score(fresh.target, risk >= 0.5)
    assert f1_score(fresh.target, risk >= cut) == pytest.approx(model.report.threshold_f1, abs=0.05)


def test_a_fixed_threshold_is_kept() -> None:
    model = train(labelled(simulate(300, seed=1)), SIMULATED, threshold=0.4)
    assert model.scorecard.threshold == model.report.threshold == 0.4


def test_rows_are_judged_by_a_model_without_their_client() -> None:
    rng = np.random.default_rng(0)
    noise = {f"x{place}": rng.normal(size=200) for place in range(8)}
    columns = Columns("client", "left", "1", "0", tuple(map(NumericColumn, noise)))
    target = (rng.random(200) < 0.4).astype(np.int64)
    model = train(TrainingRows(noise, target), columns, threshold=0.5)
    seen = f1_score(target, model.scorecard.risk(noise) >= 0.5)
    assert model.report.threshold_f1 <= seen


def test_the_report_says_how_the_model_came_about_and_survives_json() -> None:
    report, adapter = trained_on_every_form().report, TypeAdapter(TrainingReport)
    target = clients_of_every_form().target
    assert (report.rows, report.positives) == (len(target), target.sum())
    assert set(report.degrees) == set(trained_on_every_form().scorecard.parts)
    assert report.steps > 1
    assert not report.problem
    assert adapter.validate_json(adapter.dump_json(report)) == report


def test_rows_that_stand_for_others_give_the_risks_of_all_and_say_what_the_sample_costs() -> None:
    rows = labelled(simulate(20_000, seed=1))
    whole = train(rows, SIMULATED, threshold=None)
    kept = np.flatnonzero((rows.target == 1) | (np.arange(20_000) % 5 == 0))
    sample = TrainingRows(
        {name: cells[kept] for name, cells in rows.features.items()},
        rows.target[kept],
        weights=np.where(rows.target[kept] == 1, 1.0, 5.0),
    )
    thinned = train(sample, SIMULATED, threshold=None, rows_known=20_000)
    risk, again = (model.scorecard.risk(rows.features) for model in (whole, thinned))
    assert again.mean() == pytest.approx(risk.mean(), rel=0.02)
    assert np.abs(again - risk).mean() < 0.02
    assert thinned.report.threshold == pytest.approx(whole.report.threshold, abs=0.06)
    assert (thinned.report.rows, thinned.report.rows_known) == (len(kept), 20_000)
    assert 1.2 < thinned.report.error_factor < 2.3


ONE = Columns("client", "left", "1", "0", (NumericColumn("x"),))


def refusal(rows: TrainingRows, columns: Columns = ONE) -> str:
    with pytest.raises(TrainingError) as raised:
        train(rows, columns, threshold=None)
    return str(raised.value)


def test_fewer_than_ten_rows_are_refused() -> None:
    rows = rows_of(ONE, labels(0, 1, 0, 1, 0, 1, 0, 1, 0), x=[1, 2, 3, 4, 5, 6, 7, 8, 9])
    assert refusal(rows) == "9 rows: at least 10 are needed"


def test_one_class_only_is_refused_by_the_name_of_the_target_and_the_label_that_lacks() -> None:
    x = list(range(12))
    assert refusal(rows_of(ONE, labels(*[0] * 12), x=x)).startswith("0 of 12 rows have left = 1")
    assert refusal(rows_of(ONE, labels(*[1] * 12), x=x)).startswith("0 of 12 rows have left = 0")
    assert refusal(rows_of(ONE, labels(1, *[0] * 11), x=x)).startswith("1 of 12 rows have left = 1")


def test_no_feature_at_all_is_refused() -> None:
    nothing = Columns("client", "left", "1", "0", ())
    assert "no feature is declared" in refusal(TrainingRows({}, labels(*[0, 1] * 6)), nothing)


@pytest.mark.parametrize("value", [3.0, np.nan])
def test_features_that_never_vary_are_refused(value: float) -> None:
    assert "one value only" in refusal(rows_of(ONE, labels(*[0, 1] * 6), x=[value] * 12))


def test_an_infinite_value_is_refused_by_the_name_of_its_column() -> None:
    assert refusal(rows_of(ONE, labels(*[0, 1] * 6), x=[np.inf, *range(11)])) == "x: holds an infinite value"


@pytest.mark.parametrize("positives", [2, 3, 5])
def test_two_rows_of_a_class_are_enough(positives: int) -> None:
    rows = rows_of(ONE, labels(*[1] * positives, *[0] * (10 - positives)), x=list(range(10)))
    low, high = train(rows, ONE, threshold=None).scorecard.risk({"x": np.array([0.0, 9.0])})
    assert low > high


def test_that_a_value_is_missing_can_be_learnt() -> None:
    rows = rows_of(ONE, labels(*[1, 0] * 20), x=[np.nan, 3.0] * 20)
    missing, known = train(rows, ONE, threshold=None).scorecard.risk({"x": np.array([np.nan, 3.0])})
    assert missing > 0.7
    assert known < 0.3


def test_classes_that_a_feature_separates_completely_can_be_learnt() -> None:
    rows = rows_of(ONE, labels(*[0] * 200, *[1] * 200), x=[*range(200), *range(1000, 1200)])
    assert train(rows, ONE, threshold=None).report.threshold_f1 == 1.0


def test_categories_alone_make_a_model() -> None:
    words = Columns("client", "left", "1", "0", (), ("mood",))
    rows = rows_of(words, labels(*[1, 0, 0] * 20), mood=["bad", "good", None] * 20)
    model = train(rows, words, threshold=None)
    bad, good, missing = model.scorecard.risk({"mood": np.array(["bad", "good", None], dtype=object)})
    assert bad > 0.5 > max(good, missing)


def test_four_of_four_clients_of_one_level_that_left_do_not_make_it_certain() -> None:
    words = Columns("client", "left", "1", "0", (), ("mood",))
    rows = rows_of(words, labels(*[1] * 4, *[1, 0, 0, 0] * 100), mood=["bad"] * 4 + list("abcde") * 80)
    model = train(rows, words, threshold=None)
    cells = {"mood": np.array(["bad", "a"], dtype=object)}
    bad, usual = model.scorecard.risk(cells)
    interval = model.scorecard.interval(cells)
    assert interval is not None
    widths = interval[1] - interval[0]
    assert 0.2 < usual < 0.3
    assert usual < bad < 0.8
    assert widths[0] > widths[1]


HARD: dict[str, tuple[list[float], list[int]]] = {
    "26 rows": (list(range(26)), [0, 1] * 13),
    "one class nearly missing": (list(range(400)), [1, 1, *[0] * 398]),
    "half of a column at 1e100": ([1e100, 3.0] * 100, [1, 0, 0, 1] * 50),
    "values at the limit of what is accepted": ([-1e100, 1e100, 0.0, 5e-324, 7.0] * 60, [0, 1, 0, 1, 1, 0] * 50),
    "a column that is nearly always missing": ([np.nan] * 198 + [1.0, 2.0], [0, 1] * 100),
}


@pytest.mark.parametrize("case", HARD)
def test_hard_rows_give_a_model_without_a_warning(case: str) -> None:
    x, target = HARD[case]
    twin = Columns("client", "left", "1", "0", (NumericColumn("x"), NumericColumn("copy"), NumericColumn("blank")))
    rows = rows_of(twin, labels(*target), x=x, copy=x, blank=[np.nan] * len(x))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = train(rows, twin, threshold=None)
        interval = model.scorecard.interval(rows.features)
        risk = model.scorecard.risk(rows.features)
    assert not model.report.problem
    assert interval is not None
    assert (interval[0] <= risk).all()
    assert (risk <= interval[1]).all()


@pytest.mark.parametrize(("order", "sign"), [("increasing", 1), ("decreasing", -1)])
def test_with_a_monotone_column_the_risk_only_rises_or_only_falls(order: Monotone, sign: int) -> None:
    rows = labelled(simulate(1500, seed=3))
    name = "lastmonth_activity"
    numeric = tuple(
        replace(column, monotone=order) if column.name == name else column for column in SIMULATED.numeric
    )

    card = train(rows, replace(SIMULATED, numeric=numeric), threshold=0.5).scorecard

    values = np.sort(rows.features[name].astype(float))
    curve = card.shape_value(name, np.linspace(values[0] - 10, values[-1] + 10, 400))
    assert (sign * np.diff(curve) >= -1e-9).all()
    free = train(rows, SIMULATED, threshold=0.5).scorecard
    assert (np.diff(free.shape_value(name, np.linspace(values[0], values[-1], 400))) < -1e-6).any()


def test_a_derived_column_is_told_with_what_it_is_made_of() -> None:
    rows = labelled(simulate(1500, seed=3))
    trend = DerivedColumn("trend", "ratio", ("lastmonth_activity", "lastyear_activity"), times=12.0)
    columns = replace(SIMULATED, derived=(trend,))
    parts = {name: rows.features[name].astype(np.float64) for name in trend.parts}
    features = {**rows.features, "trend": derived_values(trend, parts)}

    card = train(TrainingRows(features, rows.target), columns, threshold=0.5).scorecard

    assert card.derived == (trend,)
    assert card.families == (Family(("trend",), ("lastmonth_activity", "lastyear_activity")),)
    client = {"lastmonth_activity": 5.0, "lastyear_activity": 200.0, "number_of_employees": 10.0, "trend": 0.3}
    [told] = reasons(card, {name: np.array([cell]) for name, cell in client.items()})
    assert "trend is 0.300 (lastmonth_activity 5, lastyear_activity 200; usual: " in " ".join(
        each.text for each in told
    )
