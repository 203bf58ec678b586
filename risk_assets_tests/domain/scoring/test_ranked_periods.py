from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from risk_assets.domain.scoring.backtest import Backtest, UntreatedLists
from risk_assets.domain.scoring.ranked_periods import RankedPeriod, compare_periods
from risk_assets.domain.scoring.untreated import Treatment


def day(as_of: str, seed: int, *, n: int = 400, skill: float = 1.0) -> RankedPeriod:
    """Clients whose risk is as true as `skill` says; the column is half as good."""
    rng = np.random.default_rng(seed)
    true = rng.beta(1, 4, n)
    noise = rng.beta(1, 4, n)
    return RankedPeriod(
        as_of=as_of,
        clients=np.array([f"c{number:04d}" for number in range(n)], dtype=object),
        risk=skill * true + (1 - skill) * noise,
        left=rng.random(n) < true,
        threshold=0.3,
        column="calls",
        column_value=true + noise,
        trained_rows=1000,
    )


def compare(*days: RankedPeriod, capacity: int = 50, samples: int = 400) -> Backtest:
    return compare_periods(days, capacity=capacity, horizon_days=90, samples=samples, seed=0)


def test_those_named_are_the_first_by_risk_and_counted_against_what_happened() -> None:
    one, two = day("2025-01-01", 1), day("2025-02-01", 2)
    found = compare(one, two)

    for period, given in zip(found.periods, (one, two), strict=True):
        first = np.argsort(-given.risk)[:50]
        by_column = np.argsort(-given.column_value)[:50]
        assert (period.called, period.hits) == (50, given.left[first].sum())
        assert period.column_hits == given.left[by_column].sum()
        assert period.flagged == (given.risk >= 0.3).sum()
        assert period.roc_auc == pytest.approx(roc_auc_score(given.left, given.risk))
    left = one.left.sum() + two.left.sum()
    assert found.precision.value == found.hits / 100
    assert found.random_precision.value == left / 800
    assert found.lift.value == pytest.approx((found.hits / 100) / (left / 800))
    assert found.curve[-1] == (1.0, 1.0)


def test_equal_risks_are_named_by_id() -> None:
    given = day("2025-01-01", 1)
    same = RankedPeriod(
        given.as_of, given.clients[::-1], np.full(400, 0.1), given.left[::-1], 0.3, "calls", np.zeros(400), 1
    )
    assert same.clients[same.by_risk[:3]].tolist() == ["c0000", "c0001", "c0002"]


def test_a_ranking_without_skill_is_as_good_as_chance_within_its_interval() -> None:
    inside = 0
    for seed in range(40):
        found = compare(*(day(f"2025-0{month}-01", 100 * seed + month, skill=0.0) for month in (1, 2, 3)))
        inside += found.lift.low <= 1 <= found.lift.high
    assert inside >= 34


def test_without_a_period_there_are_no_figures() -> None:
    assert compare() == Backtest(horizon_days=90, capacity=50)


def test_a_list_longer_than_the_clients_names_them_all() -> None:
    [period] = compare(day("2025-01-01", 1), capacity=1000).periods
    assert (period.called, period.hits) == (400, period.left)


def with_calls(given: RankedPeriod, called: NDArray[np.bool_], left: NDArray[np.bool_]) -> RankedPeriod:
    """The clients of a day of whom some were called on the next day, and what became of them."""
    days, leaves_on = (np.where(each, day, np.inf) for each, day in ((called, 1.0), (left, 30.0)))
    return replace(given, left=left, treatment=Treatment(days, leaves_on, np.zeros(len(left), dtype=bool)))


def test_named_clients_that_were_not_called_stand_for_those_that_were() -> None:
    precise, kept = [], []
    for seed in range(20):
        given = day("2025-01-01", seed)
        rng = np.random.default_rng(1000 + seed)
        called = given.is_named(100) & (rng.random(400) < 0.8)
        found = compare(with_calls(given, called, given.left & ~called), capacity=100, samples=50)
        assert found.untreated
        assert found.untreated.precision
        assert (found.untreated.named, found.untreated.called) == (100, called.sum())
        precise.append(found.untreated.precision.value - given.left[given.is_named(100)].mean())
        kept.append(found.precision.value - given.left[given.is_named(100)].mean())
    assert abs(np.mean(precise)) < 0.03
    assert np.mean(kept) < -0.2


def test_where_all_that_were_named_were_called_nobody_stands_for_them() -> None:
    given = day("2025-01-01", 1)
    found = compare(with_calls(given, given.is_named(50), given.left))
    assert found.untreated == UntreatedLists(named=50, called=50, unspoken=50)


def test_calls_change_nothing_that_is_said_of_all_clients() -> None:
    given = day("2025-01-01", 1)
    found = compare(with_calls(given, given.is_named(50), given.left))
    assert replace(found, untreated=None) == compare(given)
