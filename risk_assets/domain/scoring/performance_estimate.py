"""F1 without labels, from the model's own risks: confidence-based performance estimation (CBPE).

A calibrated risk is the share of such clients that leave, so counts of outcomes have expected values before the
labels arrive (NannyML, "Confidence-based Performance Estimation"). The estimate follows a change of the features,
and not one of the relation between features and target: that changes what a risk means.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from risk_assets.domain.scoring.bootstrap import with_interval
from risk_assets.domain.scoring.metrics import CalibrationBin, Estimate

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class ExpectedPositives:
    """How many of `n` clients leave: the sum of their chances p, and its variance sum p (1 - p)."""

    n: int
    mean: float
    variance: float


def calibrate(risks: NDArray[np.float64], bins: Sequence[CalibrationBin]) -> NDArray[np.float64]:
    """Return calibrated risks (n,), by isotonic regression over bins of labelled rows.

    Between bins the map is linear, beyond the outer ones constant; without bins it is the identity.

    >>> bins = [CalibrationBin(0.0, 0.2, 500, mean_risk=0.1, positive_rate=0.2)]
    >>> bins += [CalibrationBin(0.2, 1.0, 500, mean_risk=0.5, positive_rate=0.4)]
    >>> calibrate(np.array([0.1, 0.3, 0.9]), bins).tolist()
    [0.2, 0.3, 0.4]
    """
    points = calibration_points(bins)
    if not points:
        return risks
    return np.asarray(np.interp(risks, [risk for risk, _ in points], [share for _, share in points]))


def calibration_points(bins: Sequence[CalibrationBin]) -> tuple[tuple[float, float], ...]:
    """Return the points (risk, share that left) between which `calibrate` is linear, in ascending order.

    >>> calibration_points([CalibrationBin(0.0, 0.2, 500, mean_risk=0.1, positive_rate=0.2)])
    ((0.1, 0.2),)
    """
    from scipy.optimize import isotonic_regression

    filled = sorted((each for each in bins if each.n > 0), key=lambda each: each.mean_risk)
    if not filled:
        return ()
    fitted = isotonic_regression([each.positive_rate for each in filled], weights=[each.n for each in filled])
    return tuple((each.mean_risk, float(share)) for each, share in zip(filled, fitted.x, strict=True))


def expected_positives(
    risks: NDArray[np.float64], bins: Sequence[CalibrationBin], *, threshold: float
) -> tuple[ExpectedPositives, ExpectedPositives]:
    """Return how many are expected to leave of the flagged rows and of the others, from their calibrated risks.

    >>> expected_positives(np.array([0.5, 0.5, 0.1]), bins=(), threshold=0.4)
    (ExpectedPositives(n=2, mean=1.0, variance=0.5), ExpectedPositives(n=1, mean=0.1, variance=0.09))
    """
    chances = calibrate(risks, bins)
    flagged = risks >= threshold
    first, second = (
        ExpectedPositives(len(part), float(part.sum()), float((part * (1 - part)).sum()))
        for part in (chances[flagged], chances[~flagged])
    )
    return first, second


def estimate_from(
    flagged: ExpectedPositives, others: ExpectedPositives, *, samples: int, rng: np.random.Generator
) -> Estimate | None:
    """Estimate F1 from expected counts; None without rows.

    The 95 % interval is that of chance: each count is a sum of independent Bernoulli draws, about normal.

    >>> flagged, others = ExpectedPositives(100, 60.0, 20.0), ExpectedPositives(900, 40.0, 30.0)
    >>> estimate_from(flagged, others, samples=2000, rng=np.random.default_rng(0))
    Estimate(value=0.6, low=0.5, high=0.7)
    """
    if flagged.n + others.n == 0:
        return None
    hits = _leaving(flagged, samples, rng)
    misses = _leaving(others, samples, rng)
    total = hits + flagged.n + misses
    f1 = 2 * hits / np.maximum(total, np.finfo(float).tiny)
    return with_interval(float(f1[0]), f1[1:])


def _leaving(expected: ExpectedPositives, samples: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return numbers of clients that leave (1 + samples,): the expected one, then draws."""
    drawn = np.clip(rng.normal(expected.mean, np.sqrt(expected.variance), samples), 0, expected.n)
    return np.asarray(np.append(expected.mean, drawn))
