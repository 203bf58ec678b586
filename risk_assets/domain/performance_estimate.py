"""F1 without labels, from the model's own risks: confidence-based performance estimation (CBPE).

A calibrated risk says how many of such clients leave, so the counts of outcomes can be expected before the labels
come (NannyML, "Confidence-based Performance Estimation"). It sees the effect of other clients, never that of
another relation between features and target: that changes what a risk means.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from risk_assets.domain.metrics import CalibrationBin, Estimate

if TYPE_CHECKING:
    from numpy.typing import NDArray


def calibrate(risks: NDArray[np.float64], bins: Sequence[CalibrationBin]) -> NDArray[np.float64]:
    """Map risks to the share that left at such a risk on labelled rows, by isotonic regression over the bins.

    Between bins the map is linear, beyond the outer ones constant; without bins it changes nothing.
    """
    from scipy.optimize import isotonic_regression

    filled = sorted((each for each in bins if each.n > 0), key=lambda each: each.mean_risk)
    if not filled:
        return risks
    fitted = isotonic_regression([each.positive_rate for each in filled], weights=[each.n for each in filled])
    return np.asarray(np.interp(risks, [each.mean_risk for each in filled], fitted.x))


def estimate_f1(
    risks: NDArray[np.float64],
    bins: Sequence[CalibrationBin],
    *,
    threshold: float,
    samples: int,
    rng: np.random.Generator,
) -> Estimate | None:
    """Estimate F1 over rows with these risks (n,); None without rows.

    Expected counts are sums of calibrated risks. The 95 % interval is the chance in who leaves: each sum is that
    of independent yes-or-no draws, near enough a normal one with variance sum p (1 - p).
    """
    if len(risks) == 0:
        return None
    chances = calibrate(risks, bins)
    flagged = risks >= threshold
    hits = _leaving(chances[flagged], samples, rng)
    misses = _leaving(chances[~flagged], samples, rng)
    total = hits + int(flagged.sum()) + misses
    f1 = 2 * hits / np.maximum(total, np.finfo(float).tiny)
    low, high = np.quantile(f1[1:], [0.025, 0.975])
    return Estimate(float(f1[0]), float(low), float(high))


def _leaving(chances: NDArray[np.float64], samples: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Numbers of clients that leave: first the expected one, then `samples` draws."""
    mean, deviation = chances.sum(), np.sqrt((chances * (1 - chances)).sum())
    drawn = np.clip(rng.normal(mean, deviation, samples), 0, len(chances))
    return np.asarray(np.append(mean, drawn))
