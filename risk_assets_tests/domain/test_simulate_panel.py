from __future__ import annotations

from datetime import date
from functools import lru_cache
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from pandas.testing import assert_frame_equal
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from risk_assets.domain.simulate_panel import Panel, simulate_panel
from risk_assets_tests.domain.clients import SIMULATED
from risk_assets_tests.panel_reference import Rules, label

START = date(2025, 1, 1)


@lru_cache
def panel(
    *,
    months: int = 12,
    clients: int = 5000,
    horizon: int = 90,
    seed: int = 0,
    reported_within: int = 0,
    first_id: int = 0,
    carried: bool = False,
    steady: bool = False,
) -> Panel:
    return simulate_panel(
        months=months,
        clients=clients,
        horizon_days=horizon,
        seed=seed,
        start=START,
        reported_within_days=reported_within,
        first_id=first_id,
        carried=carried,
        steady=steady,
    )


def all_rows(world: Panel) -> pd.DataFrame:
    return pd.concat(world.rows, ignore_index=True)


def labelled(world: Panel, horizon: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """True risks and outcomes of the complete rows."""
    names = {"corporation": "id", "reported": "arrived"}
    rows, leavings = (frame.rename(columns=names) for frame in (all_rows(world), world.leavings))
    found = label(rows, leavings, Rules(horizon, until=str(world.months[-1])))
    known = found["outcome"].notna().to_numpy()
    return world.truth["risk"].to_numpy()[known], found["outcome"][known].to_numpy(dtype=np.int64)


def test_each_month_has_as_many_clients_with_the_features_of_the_other_simulation() -> None:
    world = panel(months=3)
    assert [len(month) for month in world.rows] == [5000] * 3
    assert [set(month["as_of"]) for month in world.rows] == [{"2025-01-01"}, {"2025-02-01"}, {"2025-03-01"}]
    for month in world.rows:
        assert tuple(month.columns) == (SIMULATED.id, "as_of", *SIMULATED.features)
        assert month["corporation"].is_unique
        assert month[list(SIMULATED.features)].min().min() >= 0


def test_no_client_is_listed_on_or_after_the_day_on_which_it_left() -> None:
    world = panel()
    assert world.leavings["corporation"].is_unique
    rows = all_rows(world).merge(world.leavings, on="corporation")
    assert len(rows) > 1000
    assert (pd.to_datetime(rows["as_of"]) < pd.to_datetime(rows["left_on"])).all()


def test_exactly_those_who_are_told_to_have_left_between_two_months_are_missing_in_the_second() -> None:
    world = panel()
    left_on = world.leavings["left_on"]
    for (day, rows), (next_day, next_rows) in pairwise(zip(world.months, world.rows, strict=True)):
        gone = world.leavings.loc[(left_on > day) & (left_on <= next_day), "corporation"]
        assert set(rows["corporation"]) - set(next_rows["corporation"]) == set(gone)


def test_those_who_left_are_replaced_by_new_clients() -> None:
    world = panel()
    first, last = (set(world.rows[place]["corporation"]) for place in (0, -1))
    assert 0.05 < len(last - first) / len(last) < 0.5
    assert not last & set(world.leavings["corporation"])


@pytest.mark.parametrize("horizon", [20, 90, 200])
def test_as_many_leave_as_the_true_risks_say_in_all_and_in_each_tenth(horizon: int) -> None:
    risk, left = labelled(panel(clients=20_000, horizon=horizon), horizon)
    tenth = np.argsort(np.argsort(risk)) * 10 // len(risk)
    # Rows of a client share its leaving, so that their errors add up: as many times as its rows overlap.
    overlap = 1 + horizon / 30
    for chosen in (np.full(len(risk), fill_value=True), *(tenth == number for number in range(10))):
        error = np.sqrt(overlap * np.sum(risk[chosen] * (1 - risk[chosen])))
        assert abs(left[chosen].sum() - risk[chosen].sum()) < 4 * error


def test_the_risks_of_one_month_hold_within_binomial_error() -> None:
    world = panel(clients=20_000, seed=5)
    assert world.period == 8
    error = np.sqrt(np.sum(world.risk * (1 - world.risk)))
    assert abs(world.left.sum() - world.risk.sum()) < 4 * error


def test_the_best_auc_is_that_of_the_true_risks_weighing_each_row_by_them() -> None:
    world = panel()
    weight, both = np.concatenate([world.risk, 1 - world.risk]), np.tile(world.risk, 2)
    stayed = np.repeat([1, 0], len(world.risk))
    assert world.best_auc == pytest.approx(roc_auc_score(stayed, both, sample_weight=weight), abs=0.001)
    assert 0.75 < world.best_auc < 0.85


def test_the_true_risks_rank_those_who_left_about_as_well_as_the_best_auc_says() -> None:
    world = panel(clients=20_000)
    risk, left = labelled(world, 90)
    assert roc_auc_score(left, risk) == pytest.approx(world.best_auc, abs=0.01)


def test_a_model_of_the_features_comes_within_2_percent_of_the_best_auc() -> None:
    world = panel(clients=20_000)
    rows, risk = np.log1p(all_rows(world)[list(SIMULATED.features)]), world.truth["risk"]
    left = np.random.default_rng(0).random(len(risk)) < risk
    then = all_rows(world)["as_of"] < "2025-06-02"
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(rows[then], left[then])
    last = all_rows(world)["as_of"] == "2025-09-01"
    found = roc_auc_score(left[last], model.predict_proba(rows[last])[:, 1])
    assert world.best_auc - 0.02 < found < roc_auc_score(left[last], risk[last])


def test_leaving_neither_rises_nor_falls_over_the_months() -> None:
    means = [float(risk.mean()) for risk in panel(clients=20_000).risks]
    assert 0.07 < np.mean(means) < 0.12
    assert max(means) - min(means) < 0.015


def test_activity_grows_and_has_seasons() -> None:
    monthly = [rows["lastmonth_activity"].median() for rows in panel(months=24, clients=20_000).rows]
    january, july, next_january = monthly[0], monthly[6], monthly[12]
    assert january > 1.05 * july
    assert next_january > 1.02 * january


def test_a_steady_company_has_neither_season_nor_trend() -> None:
    monthly = [rows["lastmonth_activity"].median() for rows in panel(months=24, clients=20_000, steady=True).rows]
    assert max(monthly) < 1.03 * min(monthly)


def test_the_year_is_the_sum_of_its_months() -> None:
    world = panel(months=13)
    monthly = pd.concat([rows.set_index("corporation")["lastmonth_activity"] for rows in world.rows[1:]], axis=1)
    stayed = monthly.dropna()
    year = world.rows[-1].set_index("corporation")["lastyear_activity"]
    assert len(stayed) > 1000
    assert (stayed.sum(axis=1) == year[stayed.index]).all()


def test_the_same_arguments_give_the_same_panel_and_another_seed_another() -> None:
    again = simulate_panel(months=12, clients=5000, horizon_days=90, seed=0, start=START)
    assert_frame_equal(all_rows(panel()), all_rows(again))
    assert_frame_equal(panel().leavings, again.leavings)
    assert not all_rows(panel()).equals(all_rows(panel(seed=1)))


def test_more_months_go_on_where_fewer_end() -> None:
    short, long = panel(months=5, carried=True), panel(months=7, carried=True)
    assert_frame_equal(all_rows(short), pd.concat(long.rows[:5], ignore_index=True))
    assert_frame_equal(short.leavings, long.leavings[: len(short.leavings)])


def test_leavings_are_reported_at_most_as_late_as_was_asked_for() -> None:
    world = panel(reported_within=20)
    late = (pd.to_datetime(world.leavings["reported"]) - pd.to_datetime(world.leavings["left_on"])).dt.days
    assert (late.min(), late.max()) == (0, 20)
    assert_frame_equal(world.leavings.drop(columns="reported"), panel().leavings.drop(columns="reported"))
    assert (panel().leavings["left_on"] == panel().leavings["reported"]).all()


def test_the_last_complete_month_waits_for_late_reports() -> None:
    assert [panel(reported_within=days).period for days in (0, 20, 60)] == [8, 7, 6]


def test_without_a_complete_month_there_is_no_best_auc_to_tell() -> None:
    world = panel(months=3)
    assert world.period is None
    assert len(world.risk) == 0
    assert panel(months=1).outcomes_until is None


def test_what_is_carried_belongs_to_the_client_and_changes_nothing_else() -> None:
    world = panel(months=3, carried=True)
    plain, frame = all_rows(panel(months=3)), all_rows(world)
    assert_frame_equal(frame[list(plain.columns)], plain)
    assert (frame.groupby("corporation")[["manager", "country", "value"]].nunique() == 1).all().all()
    assert frame["manager"].nunique() == frame["country"].nunique() == 5
    assert frame["value"].min() > 0


def test_ids_begin_where_they_are_told_to() -> None:
    ids, others = (set(all_rows(panel(months=3, first_id=number))["corporation"]) for number in (0, 1_000_000))
    assert len(ids) == len(others)
    assert not ids & others


@pytest.mark.parametrize("wrong", [{"months": 0}, {"clients": 0}, {"horizon": 0}, {"reported_within": -1}])
def test_impossible_panels_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="at least"):
        panel(**wrong)
