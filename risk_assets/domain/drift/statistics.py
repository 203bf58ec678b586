"""Distances between new rows and a stored profile: Kolmogorov-Smirnov, chi-square and PSI.

A missing cell is a value of its own everywhere, so a change of the share missing counts as drift.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from risk_assets.domain.drift.profile import CategoricalProfile, NumericProfile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Values = NDArray[np.float64] | NDArray[np.object_]

PSI_BINS = 10
#: Below this expected count the chi-square distribution no longer fits (Cochran 1954).
LEAST_EXPECTED = 5


@dataclass(frozen=True)
class Distance:
    """A statistic with its critical value, the size of the effect and, where it is a test, its p-value."""

    value: float
    threshold: float
    effect: float
    p_value: float | None = None


def kolmogorov_smirnov(values: NDArray[np.float64], reference: NumericProfile, *, alpha: float) -> Distance:
    """Compare values (n,) with a profile's quantiles by the Kolmogorov-Smirnov test.

    D is the least distance that any sample with these quantiles and this share missing can have, so coarse
    quantiles and ties make the test conservative. A missing cell counts as below all numbers. The p-value is that
    of n * m / (n + m) rows against a fixed distribution.

    >>> from risk_assets.domain.drift.profile import profile_of
    >>> before, now = np.arange(1000.0), np.arange(500.0) + 250
    >>> kolmogorov_smirnov(now, profile_of("activity", before), alpha=0.01)
    Distance(value=0.25, threshold=0.089, effect=0.25, p_value=1e-18)
    """
    from scipy.special import kolmogi

    present = np.sort(values[~np.isnan(values)])
    points = np.unique(np.concatenate([present, _quantiles(reference)]))
    missing = 1 - len(present) / len(values)
    missing_before = reference.missing / reference.n
    gaps = [abs(missing - missing_before)]
    for side in ("right", "left"):
        low, high = _share_below(reference, points, side)
        now = missing + np.searchsorted(present, points, side=side) / len(values)
        gaps.extend((now - high).tolist() + (low - now).tolist())
    distance = float(max(gaps))
    size = max(round(len(values) * reference.n / (len(values) + reference.n)), 1)
    critical = float(kolmogi(alpha) / np.sqrt(size))
    return Distance(distance, critical, distance, kolmogorov_p_value(distance, size))


def kolmogorov_p_value(distance: float, rows: int) -> float:
    """Return the probability of so large a Kolmogorov-Smirnov distance, or a larger one, of `rows` rows.

    Kolmogorov's limit at x + 1 / (6 sqrt(n)) + (x - 1) / (4 n), x = sqrt(n) D (Vrbik 2018, Pioneer Journal of
    Theoretical and Applied Statistics 15).

    >>> kolmogorov_p_value(0.2, 50)
    0.032
    """
    from scipy.special import kolmogorov

    root = np.sqrt(rows)
    x = root * distance
    return float(kolmogorov(max(x + 1 / (6 * root) + (x - 1) / (4 * rows), 0.0)))


def _share_below(
    reference: NumericProfile, points: NDArray[np.float64], side: Literal["left", "right"]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return bounds of the reference's share of rows, missing ones included, up to each point."""
    missing = reference.missing / reference.n
    steps = max(len(reference.quantiles) - 1, 1)
    passed = np.searchsorted(_quantiles(reference), points, side=side)
    low, high = np.clip((passed - 1) / steps, 0, 1), np.clip(passed / steps, 0, 1)
    return missing + (1 - missing) * low, missing + (1 - missing) * high


def chi_square(
    values: NDArray[np.object_], reference: CategoricalProfile, *, alpha: float, permutations: int, seed: int
) -> Distance:
    """Compare categories (n,) with a profile's counts by Pearson's chi-square test of homogeneity.

    Where an expected count is under 5 the p-value is that of the permutation test: shuffling which rows are new
    draws their counts from a multivariate hypergeometric distribution.

    >>> regions = CategoricalProfile("region", 900, 0, distinct=2, counts=(("north", 600), ("south", 300)))
    >>> now = np.array(["north"] * 50 + ["south"] * 50, dtype=object)
    >>> chi_square(now, regions, alpha=0.01, permutations=9999, seed=0)
    Distance(value=10.99, threshold=6.63, effect=0.167, p_value=0.00092)
    """
    from scipy.special import chdtrc, chdtri

    counts = contingency_table(count_categories(values, reference), reference)
    if counts.shape[1] == 1:
        return Distance(value=0.0, threshold=0.0, effect=0.0, p_value=1.0)
    new, pooled = counts[0], counts.sum(axis=0)
    expected = pooled * (new.sum() / pooled.sum())
    statistic, freedom = float(_pearson(new, pooled)), len(new) - 1
    if expected.min() >= LEAST_EXPECTED:
        p_value = float(chdtrc(freedom, statistic))
    else:
        rng = np.random.default_rng(seed)
        drawn = rng.multivariate_hypergeometric(pooled, new.sum(), size=permutations, method="marginals")
        p_value = float((1 + np.count_nonzero(_pearson(drawn, pooled) >= statistic - 1e-9)) / (1 + permutations))
    shares = counts / counts.sum(axis=1, keepdims=True)
    effect = float(np.abs(shares[0] - shares[1]).sum() / 2)
    return Distance(statistic, float(chdtri(freedom, alpha)), effect, p_value)


def _pearson(new: NDArray[np.int64], pooled: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return chi-square of the table of new and other rows, for one or many counts (..., levels) of new ones."""
    share = new.sum(axis=-1, keepdims=True) / pooled.sum()
    return np.asarray(((new - share * pooled) ** 2 / (share * (1 - share) * pooled)).sum(axis=-1))


def is_missing(values: Values) -> NDArray[np.bool_]:
    """Return which cells (n,) are missing: None and NaN.

    >>> is_missing(np.array(["north", None, float("nan")], dtype=object)).tolist()
    [False, True, True]
    """
    if values.dtype.kind == "f":
        return np.isnan(values.astype(np.float64))
    cells = values.tolist()
    return np.array([cell is None or (isinstance(cell, float) and math.isnan(cell)) for cell in cells], dtype=bool)


def count_categories(values: NDArray[np.object_], reference: CategoricalProfile) -> NDArray[np.int64]:
    """Return the counts (levels,) of values: the categories that the reference lists, all others, missing.

    >>> regions = CategoricalProfile("region", 9, 1, distinct=2, counts=(("north", 6), ("south", 2)))
    >>> count_categories(np.array(["south", "west"], dtype=object), regions).tolist()
    [0, 1, 1, 0]
    """
    level_of = {category: level for level, (category, _) in enumerate(reference.counts)}
    other, missing = len(level_of), len(level_of) + 1
    levels = [level_of.get(value, other) for value in values.tolist()]
    levels_or_missing = np.where(is_missing(values), missing, np.array(levels, dtype=np.int64))
    return np.bincount(levels_or_missing, minlength=missing + 1)


def contingency_table(
    counts: Sequence[int] | NDArray[np.int64], reference: NumericProfile | CategoricalProfile
) -> NDArray[np.int64]:
    """Return counts (2, bins) of new rows, by `count_bins` or `count_categories`, and of the reference.

    Bins that neither has are left out.

    >>> regions = CategoricalProfile("region", 9, 0, distinct=2, counts=(("north", 6), ("south", 3)))
    >>> contingency_table([4, 1, 0, 0], regions).tolist()
    [[4, 1], [6, 3]]
    """
    before = reference_counts(reference)
    new = np.asarray(counts, dtype=np.int64)
    return np.stack([new, before])[:, (new + before) > 0]


def reference_counts(reference: NumericProfile | CategoricalProfile) -> NDArray[np.int64]:
    """Return the rows (bins,) of the reference, by the same bins as new ones.

    >>> regions = CategoricalProfile("region", 9, 1, distinct=2, counts=(("north", 6), ("south", 2)))
    >>> reference_counts(regions).tolist()
    [6, 2, 0, 1]
    """
    if isinstance(reference, NumericProfile):
        return _reference_bins(reference)
    return np.array(
        [*(count for _, count in reference.counts), reference.other, reference.missing], dtype=np.int64
    )


def population_stability(counts: NDArray[np.int64], *, quantile: float) -> Distance:
    """PSI = sum (a - b) ln(a / b) over the shares a, b of the bins of new and reference rows (2, bins).

    Half a row is added to each bin, so an empty one is finite. The critical value is the `quantile` of the index
    when nothing changed: (1 / n + 1 / m) chi-square of bins - 1 degrees of freedom (Yurdakul & Naranjo 2020).

    >>> population_stability(np.array([[600, 400], [500, 500]]), quantile=0.99)
    Distance(value=0.0405, threshold=0.0133, effect=0.0405, p_value=None)
    """
    from scipy.special import chdtri

    smoothed = counts + 0.5
    new, before = smoothed / smoothed.sum(axis=1, keepdims=True)
    index = float(((new - before) * np.log(new / before)).sum())
    rows = counts.sum(axis=1)
    critical = float((1 / rows[0] + 1 / rows[1]) * chdtri(max(counts.shape[1] - 1, 1), 1 - quantile))
    return Distance(index, critical, index)


def count_bins(values: NDArray[np.float64], reference: NumericProfile) -> NDArray[np.int64]:
    """Return the counts (bins,) of values between `decile_edges`, the missing ones last.

    Where many rows share the reference's lowest value, what lies below it has a bin of its own.

    >>> from risk_assets.domain.drift.profile import profile_of
    >>> count_bins(np.array([5.0, 5.0, 99.0, np.nan]), profile_of("activity", np.arange(101.0))).tolist()
    [2, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1]
    """
    present = values[~np.isnan(values)]
    return np.append(_count_between(decile_edges(reference), present), len(values) - len(present))


def _reference_bins(reference: NumericProfile) -> NDArray[np.int64]:
    """Return the reference's counts (bins,): each interval between two of its quantiles holds as many rows."""
    quantiles = _quantiles(reference)
    middles = (quantiles[1:] + quantiles[:-1]) / 2
    shares = _count_between(decile_edges(reference), middles) / max(len(middles), 1)
    present = reference.n - reference.missing
    return np.append(np.rint(shares * present).astype(np.int64), reference.missing)


def _count_between(edges: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the counts (edges + 1,) of values in the bins that end at each edge, and beyond the last."""
    return np.bincount(np.searchsorted(edges, values), minlength=len(edges) + 1)


def _quantiles(reference: NumericProfile) -> NDArray[np.float64]:
    return np.asarray(reference.quantiles, dtype=np.float64)


def decile_edges(reference: NumericProfile) -> NDArray[np.float64]:
    """Return the upper edges, which belong to their bins, of all bins but the last.

    >>> from risk_assets.domain.drift.profile import profile_of
    >>> decile_edges(profile_of("activity", np.arange(101.0))).tolist()
    [10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0]
    """
    quantiles = _quantiles(reference)
    if len(quantiles) == 0:
        return quantiles
    step = (len(quantiles) - 1) // PSI_BINS
    edges = np.unique(quantiles[step:-1:step])
    return np.append(np.nextafter(quantiles[0], -np.inf), edges) if edges[0] == quantiles[0] else edges
