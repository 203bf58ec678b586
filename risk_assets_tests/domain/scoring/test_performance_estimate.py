from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from risk_assets.domain.scoring.metrics import CalibrationBin, Estimate
from risk_assets.domain.scoring.performance_estimate import calibrate, estimate_from, expected_positives
from risk_assets_tests.domain.drifting import calibration_bins, labels, new_rows


def f1(actual: np.ndarray, flagged: np.ndarray) -> float:
    return float(2 * (actual & flagged).sum() / (actual.sum() + flagged.sum()))


def estimate(
    risks: NDArray[np.float64], bins: Sequence[CalibrationBin], *, threshold: float, samples: int
) -> Estimate | None:
    expected = expected_positives(risks, bins, threshold=threshold)
    return estimate_from(*expected, samples=samples, rng=np.random.default_rng(0))


def test_the_estimate_comes_close_to_f1_without_seeing_a_label() -> None:
    rows = new_rows(5000)
    assert rows.target is not None
    found = estimate(rows.risks, (), threshold=0.3, samples=500)
    assert found is not None
    assert found.value == pytest.approx(f1(rows.target, rows.risks >= 0.3), abs=0.03)


def test_the_interval_holds_f1_in_about_95_of_100_worlds() -> None:
    rows = new_rows(400)
    found = estimate(rows.risks, (), threshold=0.3, samples=2000)
    assert found is not None
    truths = [f1(labels(rows.risks, seed), rows.risks >= 0.3) for seed in range(300)]
    assert 0.91 <= np.mean([found.low <= truth <= found.high for truth in truths]) <= 0.99


def test_risks_that_promise_too_much_are_calibrated_by_the_recorded_bins() -> None:
    rows = new_rows(20_000)
    assert rows.target is not None
    overconfident = np.sqrt(rows.risks)
    bins = calibration_bins(overconfident, rows.target)
    truth = f1(rows.target, overconfident >= 0.5)
    raw = estimate(overconfident, (), threshold=0.5, samples=100)
    calibrated = estimate(overconfident, bins, threshold=0.5, samples=100)
    assert raw is not None
    assert calibrated is not None
    assert abs(calibrated.value - truth) < 0.02 < abs(raw.value - truth)


def test_no_rows_give_no_estimate() -> None:
    assert estimate(np.array([]), (), threshold=0.3, samples=100) is None


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.integers(0, 50)), max_size=10))
def test_calibration_keeps_the_order_of_clients_and_stays_a_probability(
    bins: list[tuple[float, float, int]],
) -> None:
    risks = np.linspace(0, 1, 50)
    found = calibrate(risks, [CalibrationBin(mean, mean, n, mean, rate) for mean, rate, n in bins])
    assert (np.diff(found) >= -1e-12).all()
    assert ((found >= 0) & (found <= 1 + 1e-12)).all()
