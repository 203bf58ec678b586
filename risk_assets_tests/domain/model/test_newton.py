from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expit

from risk_assets.domain.model.moments import Curvature, Moments
from risk_assets.domain.model.newton import Measure, fit
from risk_assets.domain.model.piecewise import PiecewiseColumn
from risk_assets.domain.model.training_rows import TrainingError

LINE = PiecewiseColumn("x", np.array([[[1.0], [-1.0]]]), breaks=(0.0, 1.0))


def sums_of(t: NDArray[np.float64], target: NDArray[np.int64]) -> Measure:
    """The sums over rows of one straight line."""

    def measure(beta: NDArray[np.float64], *, curvature: Curvature) -> Moments:
        del curvature
        z = beta[0] + beta[1] * (1 - t)
        p = expit(z)
        residual, weight = target - p, p * (1 - p)
        loss = float((np.logaddexp(0, z) - target * z).sum())
        powers = np.stack([t**power for power in range(3)])
        return Moments(len(t), loss, [(powers[:2] @ residual)[None]], [(powers @ weight)[None]], {})

    return measure


def test_the_optimum_is_found_from_a_start_so_far_off_that_full_steps_lead_away() -> None:
    t = np.linspace(0, 1, 50)
    target = (np.arange(50) % 3 == 0).astype(np.int64)
    starts = ([0.0, 0.0], [8.0, 5.0])
    near, far = (fit(sums_of(t, target), [LINE], 10.0, np.array(start)) for start in starts)
    assert far.beta == pytest.approx(near.beta, abs=1e-9)
    assert max(near.gradient, far.gradient) <= 1e-8
    assert near.steps < far.steps


def broken(loss: Callable[[], float]) -> Measure:
    def measure(beta: NDArray[np.float64], *, curvature: Curvature) -> Moments:
        del beta, curvature
        return Moments(10, loss(), [np.array([[3.0, 1.0]])], [np.array([[2.0, 1.0, 0.6]])], {})

    return measure


def test_sums_that_never_settle_are_told_instead_of_a_model_that_is_none() -> None:
    rising, falling = iter(range(1, 1000)), iter(range(1000, 0, -1))
    with pytest.raises(TrainingError, match="does not converge: no step"):
        fit(broken(lambda: float(next(rising))), [LINE], 1.0, np.zeros(2))
    with pytest.raises(TrainingError, match="does not converge within"):
        fit(broken(lambda: float(next(falling) * 1000)), [LINE], 1.0, np.zeros(2))
