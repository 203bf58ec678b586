from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from risk_assets.domain.scoring.calls import CallCosts
from risk_assets.domain.scoring.decision import gains, lost_with, rule_outcome

COSTS = CallCosts(cost=20.0, share_kept=0.1)


def ranked(rows: int, seed: int = 0) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    rng = np.random.default_rng(seed)
    risk = rng.random(rows)
    return (rng.random(rows) < risk).astype(np.int64), risk


def test_a_call_pays_where_what_it_keeps_is_more_than_it_costs() -> None:
    value = np.array([1000.0, 1000.0, 100.0, np.nan])
    assert COSTS.pays(np.array([0.21, 0.19, 0.9, 0.9]), value).tolist() == [True, False, False, False]


def test_no_threshold_is_better_than_calling_those_for_whom_it_pays() -> None:
    rng = np.random.default_rng(1)
    risk, value = rng.random(50_000), rng.lognormal(6, 1, 50_000)
    target = (rng.random(50_000) < risk).astype(np.int64)
    best = rule_outcome("value", 0.5, target, risk, value=value, costs=COSTS)
    for threshold in (0.05, 0.2, 0.5, 0.9):
        other = rule_outcome("f1", threshold, target, risk, value=value, costs=COSTS)
        assert best.money is not None
        assert other.money is not None
        assert best.money > other.money


def test_without_values_or_costs_no_money_is_told() -> None:
    target, risk = ranked(100)
    assert rule_outcome("f1", 0.5, target, risk).money is None
    assert rule_outcome("f1", 0.5, target, risk, value=np.ones(100)).money is None
    assert rule_outcome("f1", 0.5, target, risk, costs=COSTS).money is None


@pytest.mark.parametrize(("median", "threshold"), [(1000.0, 0.2), (100.0, 1.0), (0.0, 1.0)])
def test_the_threshold_by_value_is_that_of_a_client_of_median_value(median: float, threshold: float) -> None:
    assert COSTS.threshold(median) == threshold


@given(size=st.integers(1, 500), seed=st.integers(0, 50))
def test_the_first_rows_are_counted_as_they_are_called(size: int, seed: int) -> None:
    target, risk = ranked(300, seed)
    found = gains(target, risk, None, size=size, samples=20, seed=0)
    first = target[np.argsort(-risk, kind="stable")][:size]
    assert (found.size, found.left) == (len(first), first.sum())
    assert found.lift.value == pytest.approx(first.mean() / target.mean())
    calls, reached = np.array(found.curve).T
    assert calls[-1] == reached[-1] == 1.0
    assert (np.diff(calls) > 0).all()
    assert (np.diff(reached) >= 0).all()


def test_the_interval_of_the_lift_holds_the_true_one_in_nineteen_of_twenty_worlds() -> None:
    truth = gains(*ranked(400_000, 99), None, size=40_000, samples=2, seed=0).lift.value
    found = [gains(*ranked(600, seed), None, size=60, samples=200, seed=seed).lift for seed in range(100)]
    assert 87 <= sum(each.low <= truth <= each.high for each in found) <= 100


def test_rows_of_one_client_are_drawn_together() -> None:
    target, risk = ranked(300)
    alone = gains(target, risk, None, size=30, samples=400, seed=0).lift
    clients = np.tile(np.arange(300), 5).astype(object)
    shared = gains(np.tile(target, 5), np.tile(risk, 5), clients, size=150, samples=400, seed=0).lift
    assert shared.high - shared.low == pytest.approx(alone.high - alone.low, rel=0.25)


def test_by_value_lift_and_curve_count_what_leavers_are_worth() -> None:
    target, risk = np.array([1, 0, 1, 0]), np.array([0.2, 0.9, 0.8, 0.1])
    value = np.array([1000.0, 10.0, 100.0, np.nan])
    found = gains(target, risk * np.nan_to_num(value), None, size=1, samples=20, seed=0, worth=value)
    assert (found.by_value, found.left) == (True, 1)
    assert found.lift.value == pytest.approx(1000 / (1100 / 4))
    assert [reached for _, reached in found.curve] == pytest.approx([1000 / 1100, 1, 1, 1])


def test_the_rule_by_value_lies_on_the_curve_by_value() -> None:
    target, risk = ranked(2000)
    value = np.random.default_rng(3).lognormal(5, 1, 2000)
    lost = lost_with(target, value)
    found = rule_outcome("value", 0.5, target, risk, value=value, costs=COSTS, lost=lost)
    in_order = lost[np.argsort(-risk * value, kind="stable")]
    assert found.covered == pytest.approx(in_order[: found.calls].sum() / lost.sum())


def test_leavers_of_no_worth_count_alike() -> None:
    target, risk = ranked(300)
    nothing = gains(target, risk, None, size=30, samples=20, seed=0, worth=np.full(300, np.nan))
    assert nothing.lift == gains(target, risk, None, size=30, samples=20, seed=0).lift
