"""Worlds in which calls keep clients, and it is known what would have become of them without a call."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from risk_assets.domain.scoring.calibration import fit_calibration
from risk_assets.domain.scoring.groups import ScoredRows
from risk_assets.domain.scoring.metrics import UntreatedScore
from risk_assets.domain.scoring.score import auc_of
from risk_assets.domain.scoring.untreated import Calls, Treatment, untreated_score, weights

Array = NDArray[np.float64]
HORIZON = 90.0
WORLDS = 30


@dataclass(frozen=True)
class World:
    """Rows of a client each, as they turned out with the calls, and what would have become of them without."""

    rows: ScoredRows
    treatment: Treatment
    left_uncalled: NDArray[np.int64]

    @property
    def auc(self) -> float:
        return auc_of(self.left_uncalled == 1, self.rows.risk)

    @property
    def level(self) -> float:
        return fit_calibration(self.left_uncalled, self.rows.risk, None).level.value

    def told(self, samples: int = 20) -> UntreatedScore:
        found = untreated_score(self.rows, self.treatment, samples=samples, seed=0)
        assert found is not None
        return found


def world(seed: int, n: int = 4000, *, most: float = 0.85, kept: float = 0.7) -> World:
    """The riskier, the more are called, on any day of the horizon; a call keeps most of those that would leave."""
    rng = np.random.default_rng(seed)
    risk = rng.beta(1, 5, n)
    would_leave = rng.random(n) < risk
    leaves_on = np.where(would_leave, rng.uniform(0, HORIZON, n), np.inf)
    is_to_call = rng.random(n) < most * np.clip(4 * risk - 0.6, 0, 1)
    rings_on = np.where(is_to_call, rng.uniform(0, HORIZON, n), np.inf)
    called = np.where(rings_on <= leaves_on, rings_on, np.inf)
    is_kept = np.isfinite(called) & (rng.random(n) < kept)
    left = np.where(is_kept, np.inf, leaves_on)
    rows = ScoredRows(np.isfinite(left).astype(np.int64), risk, 0.3, np.arange(n))
    return World(rows, Treatment(called, left, np.zeros(n, dtype=bool)), would_leave.astype(np.int64))


def test_where_calls_keep_clients_all_rows_mislead_and_weighted_untreated_ones_do_not() -> None:
    auc, level = list[tuple[float, float]](), list[tuple[float, float]]()
    for seed in range(WORLDS):
        given = world(seed)
        found = given.told()
        assert found.untreated
        assert found.every
        assert found.untreated.calibration
        assert found.every.calibration
        auc.append((found.untreated.roc_auc.value - given.auc, found.every.roc_auc.value - given.auc))
        levels = (found.untreated.calibration.level.value, found.every.calibration.level.value)
        level.append((levels[0] - given.level, levels[1] - given.level))
    untreated_auc, every_auc = np.mean(auc, axis=0)
    untreated_level, every_level = np.mean(level, axis=0)

    assert every_auc < -0.03
    assert abs(untreated_auc) < 0.005
    assert every_level < -0.2
    assert abs(untreated_level) < 0.03


def test_the_interval_of_untreated_rows_holds_what_would_have_been() -> None:
    inside = 0
    for seed in range(WORLDS):
        given = world(seed, 1500)
        found = given.told(200).untreated
        assert found
        inside += found.roc_auc.low < given.auc < found.roc_auc.high
    assert inside >= 0.85 * WORLDS


def test_rows_that_left_before_anybody_could_call_do_not_count_twice() -> None:
    given = world(1, 20_000)
    uncalled = ~given.treatment.is_called
    alike = given.rows.risk > 0.4
    weight = weights(given.treatment, given.rows.risk)[alike & uncalled]
    truth = given.left_uncalled[alike].mean()

    assert given.rows.target[alike & uncalled].mean() > truth + 0.05
    assert weight @ given.rows.target[alike & uncalled] / weight.sum() == pytest.approx(truth, abs=0.03)


def test_the_weights_of_untreated_rows_sum_to_all_rows() -> None:
    given = world(2)
    assert weights(given.treatment, given.rows.risk).sum() == pytest.approx(4000)


def test_nobody_stands_for_a_group_that_was_called_whole() -> None:
    risk = np.repeat([0.1, 0.8], 100)
    called = np.where(risk > 0.5, 3.0, np.inf)
    left = np.where(np.arange(200) % 4 == 0, 60.0, np.inf)
    target = np.isfinite(left).astype(np.int64)
    found = untreated_score(
        ScoredRows(target, risk, 0.5, np.arange(200)), Treatment(called, left, risk < 0), samples=20, seed=0
    )

    assert found
    assert (found.rows, found.called, found.unspoken) == (200, 100, 100)
    assert found.untreated
    assert found.untreated.rows == 100


def test_of_listed_rows_those_that_were_drawn_stand_for_all_of_them_and_for_no_others() -> None:
    listed = np.arange(200) < 100
    called = np.where(listed & (np.arange(200) % 5 != 0), 2.0, np.inf)
    weight = weights(Treatment(called, np.full(200, np.inf), listed), np.full(200, 0.5))

    assert weight[listed & np.isinf(called)] == pytest.approx(np.full(20, 5.0))
    assert set(weight[~listed]) == {1.0}


def test_where_nobody_was_called_nothing_is_told_beside_all_rows() -> None:
    given = world(3, most=0.0)
    assert untreated_score(given.rows, given.treatment, samples=20, seed=0) is None


def test_rows_that_were_called_are_of_clients_called_after_their_date_and_within_the_horizon() -> None:
    calls = Calls(called={"a": [10.0, 100.0]}, listed={"a": [10.0]}, left={"a": [40.0]}, horizon_days=30)
    dates = np.array([9.0, 10.0, 69.0, 70.0, 99.0, 100.0])
    found = calls.of(np.full(6, "a", dtype=object), dates)

    assert found.called.tolist() == [1.0, np.inf, np.inf, 30.0, 1.0, np.inf]
    assert found.left.tolist() == [np.inf, 30.0, np.inf, np.inf, np.inf, np.inf]
    assert found.listed.tolist() == [True, False, False, False, False, False]


def test_a_client_that_had_left_before_it_was_rung_was_not_called() -> None:
    calls = Calls(called={"a": [20.0]}, listed={}, left={"a": [15.0]}, horizon_days=30)
    assert calls.of(np.array(["a"], dtype=object), np.array([0.0])).is_called.tolist() == [False]
