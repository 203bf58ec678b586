"""F1 without labels, from the model's own risks: confidence-based performance estimation (CBPE).

A calibrated risk says how many of such clients leave, so the counts of outcomes can be expected before the labels
come (NannyML, "Confidence-based Performance Estimation"). It sees the effect of other clients, never that of
another relation between features and target: that changes what a risk means.
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
    """Map risks to the share that left at such a risk on labelled rows, by isotonic regression over the bins.

    Between bins the map is linear, beyond the outer ones constant; without bins it changes nothing.
    """
    points = calibration_points(bins)
    if not points:
        return risks
    return np.asarray(np.interp(risks, [risk for risk, _ in points], [share for _, share in points]))


def calibration_points(bins: Sequence[CalibrationBin]) -> tuple[tuple[float, float], ...]:
    """Return the points (risk, share that left) between which `calibrate` is linear."""
    from scipy.optimize import isotonic_regression

    filled = sorted((each for each in bins if each.n > 0), key=lambda each: each.mean_risk)
    if not filled:
        return ()
    fitted = isotonic_regression([each.positive_rate for each in filled], weights=[each.n for each in filled])
    return tuple((each.mean_risk, float(share)) for each, share in zip(filled, fitted.x, strict=True))


def expected_positives(
    risks: NDArray[np.float64], bins: Sequence[CalibrationBin], *, threshold: float
) -> tuple[ExpectedPositives, ExpectedPositives]:
    """Expect how many leave of the flagged rows and of the others, from their calibrated risks."""
    chances = calibrate(risks, bins)
    flagged = risks >= threshold
    first, second = (
        ExpectedPositives(len(found), float(found.sum()), float((found * (1 - found)).sum()))
        for found in (chances[flagged], chances[~flagged])
    )
    return first, second


def estimate_from(
    flagged: ExpectedPositives, others: ExpectedPositives, *, samples: int, rng: np.random.Generator
) -> Estimate | None:
    """Estimate F1 from expected counts; None without rows.

    The 95 % interval is the chance in who leaves: each sum is that of independent yes-or-no draws, near enough a
    normal one.
    """
    if flagged.n + others.n == 0:
        return None
    hits = _leaving(flagged, samples, rng)
    misses = _leaving(others, samples, rng)
    total = hits + flagged.n + misses
    f1 = 2 * hits / np.maximum(total, np.finfo(float).tiny)
    return with_interval(float(f1[0]), f1[1:])


def _leaving(expected: ExpectedPositives, samples: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Numbers of clients that leave: first the expected one, then `samples` draws."""
    drawn = np.clip(rng.normal(expected.mean, np.sqrt(expected.variance), samples), 0, expected.n)
    return np.asarray(np.append(expected.mean, drawn))
