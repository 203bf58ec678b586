from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from risk_assets.domain.scoring.calibration import calibration_level, fit_calibration
from risk_assets.domain.scoring.metrics import Estimate


def world(rows: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    rng = np.random.default_rng(seed)
    risk = 1 / (1 + np.exp(-rng.normal(-1, 1.3, rows)))
    return (rng.random(rows) < risk).astype(np.int64), risk


def shifted(risk: NDArray[np.float64], slope: float, level: float) -> NDArray[np.float64]:
    """Risks whose log-odds would have to be stretched by `slope` and moved by `level` to be true."""
    return np.asarray(1 / (1 + np.exp(-(np.log(risk / (1 - risk)) - level) / slope)))


def test_the_intervals_of_true_risks_hold_slope_1_and_level_0_in_nineteen_of_twenty_worlds() -> None:
    found = [fit_calibration(*world(1500, seed), None) for seed in range(100)]
    slopes = [each.slope for each in found if each.slope is not None]
    assert 88 <= sum(slope.low < 1 < slope.high for slope in slopes) <= 99
    assert 88 <= sum(each.level.low < 0 < each.level.high for each in found) <= 99


def test_the_error_of_true_risks_is_what_chance_leaves_of_it() -> None:
    found = [fit_calibration(*world(2000, seed), None) for seed in range(20)]
    assert np.mean([each.error for each in found]) == pytest.approx(
        np.mean([each.error_by_chance for each in found]), rel=0.15
    )


@pytest.mark.parametrize(("slope", "level"), [(0.6, 0.0), (1.5, 0.0), (1.0, 0.7)])
def test_risks_that_are_off_are_told_by_how_much(slope: float, level: float) -> None:
    target, risk = world(20_000, 1)
    found = fit_calibration(target, shifted(risk, slope, level), None)
    assert found.slope is not None
    assert found.slope.value == pytest.approx(slope, abs=0.06)
    assert found.error > 3 * found.error_by_chance
    if level:
        assert calibration_level(target, shifted(risk, slope, level), None).value == pytest.approx(level, abs=0.06)


def test_rows_of_one_client_tell_no_more_than_one_of_them() -> None:
    target, risk = world(800, 2)
    clients = np.tile(np.arange(800), 6).astype(object)
    alone, blind, shared = (
        width(fit_calibration(np.tile(target, times), np.tile(risk, times), owners).slope)
        for times, owners in ((1, None), (6, None), (6, clients))
    )
    assert shared == pytest.approx(alone, rel=0.01)
    assert blind < 0.5 * alone


def width(estimate: Estimate | None) -> float:
    assert estimate is not None
    return estimate.high - estimate.low


@pytest.mark.parametrize("risk", [np.array([0.0, 1.0] * 30), np.full(60, 1e-300), np.full(60, 0.3)])
def test_certain_and_equal_risks_give_figures(risk: NDArray[np.float64]) -> None:
    with np.errstate(all="raise", under="ignore"):
        found = fit_calibration(np.array([0, 1, 1] * 20), risk, None)
    assert np.isfinite([found.error, found.level.value, found.level.low]).all()
    assert (found.slope is None) == (len(set(risk)) == 1)
