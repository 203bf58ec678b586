"""First step: measure how new rows differ from what the deployed model was at home with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from risk_assets.domain.bootstrap import count_outcomes, f1_of, resample
from risk_assets.domain.drift import DriftMeasurements, DriftReference, DriftRules, Measurement, NewRows
from risk_assets.domain.drift_statistics import (
    Distance,
    bin_counts,
    category_counts,
    chi_square,
    is_missing,
    kolmogorov_smirnov,
    population_stability,
)
from risk_assets.domain.performance_estimate import estimate_f1
from risk_assets.domain.profile import CategoricalProfile, NumericProfile

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from risk_assets.domain.drift_statistics import Values

    ColumnProfile = NumericProfile | CategoricalProfile


def measure_drift(
    rows: NewRows,
    reference: DriftReference,
    rules: DriftRules,
    served_risks: NDArray[np.float64] | None = None,
) -> DriftMeasurements:
    """Compare new rows, and the risks that were served, with the reference.

    Too few rows are not compared, but for F1, which is measured whenever both labels occur.
    """
    found = []
    if rows.target is not None and 0 < np.count_nonzero(rows.target) < len(rows.target):
        found.append(_performance(rows.target, rows.risks, reference, rules))
    if len(rows.risks) >= rules.min_rows:
        profiles: list[ColumnProfile] = [*reference.profile.numeric, *reference.profile.categorical]
        found.extend(_column("feature", profile, rows.features[profile.name], rules) for profile in profiles)
        found.append(_column("score", reference.risks, rows.risks, rules))
    if served_risks is not None and len(served_risks) >= rules.min_rows:
        found.append(_column("served", reference.risks, served_risks, rules))
    estimate = estimate_f1(
        rows.risks,
        reference.metrics.calibration,
        threshold=reference.metrics.threshold,
        samples=rules.samples,
        rng=np.random.default_rng(rules.seed),
    )
    return DriftMeasurements(len(rows.risks), tuple(found), estimate)


def _performance(
    target: NDArray[np.bool_], risks: NDArray[np.float64], reference: DriftReference, rules: DriftRules
) -> Measurement:
    """Compare F1 on the new rows with the recorded one, by a bootstrap of each (they are of different rows)."""
    confusion = count_outcomes(target, risks >= reference.metrics.threshold)
    recorded = reference.metrics.confusion
    rng = np.random.default_rng(rules.seed)
    now = resample(confusion, samples=rules.samples, rng=rng).f1
    before = resample(recorded, samples=rules.samples, rng=rng).f1
    return Measurement(
        kind="performance",
        name="F1",
        n=len(target),
        statistic="F1 difference",
        value=float(np.quantile(now - before, (1 + rules.confidence) / 2)),
        threshold=-rules.margin,
        effect=f1_of(confusion) - f1_of(recorded),
        floor=rules.margin,
        detail=f"{f1_of(confusion):.3f} against {f1_of(recorded):.3f} at deployment",
    )


def _column(
    kind: str,
    profile: ColumnProfile,
    values: Values,
    rules: DriftRules,
) -> Measurement:
    """Compare one column with its profile, by a test while the rows are few and by PSI above."""
    tested = len(values) <= rules.most_tested_rows
    statistic, distance = _test(profile, values, rules) if tested else _index(profile, values, rules)
    return Measurement(
        kind=kind,
        name=profile.name,
        n=len(values),
        statistic=statistic,
        value=distance.value,
        threshold=distance.threshold,
        effect=distance.effect,
        floor=rules.floor if tested else rules.psi_floor,
        p_value=distance.p_value,
        detail=_detail(profile, values),
    )


def _test(
    profile: ColumnProfile,
    values: Values,
    rules: DriftRules,
) -> tuple[str, Distance]:
    if isinstance(profile, NumericProfile):
        return "Kolmogorov-Smirnov", kolmogorov_smirnov(values.astype(np.float64), profile, alpha=rules.alpha)
    found = chi_square(
        values.astype(object), profile, alpha=rules.alpha, permutations=rules.permutations, seed=rules.seed
    )
    return "chi-square", found


def _index(
    profile: ColumnProfile,
    values: Values,
    rules: DriftRules,
) -> tuple[str, Distance]:
    if isinstance(profile, NumericProfile):
        counts = bin_counts(values.astype(np.float64), profile)
    else:
        counts = category_counts(values.astype(object), profile)
    return "PSI", population_stability(counts, quantile=rules.psi_quantile)


def _detail(profile: ColumnProfile, values: Values) -> str:
    """Say what was and what is: the median, and the share missing where there is any."""
    parts = []
    missing = is_missing(values)
    if isinstance(profile, NumericProfile) and profile.median is not None and not missing.all():
        parts.append(f"median {profile.median:.4g} before, {np.median(values[~missing]):.4g} now")
    if profile.missing or missing.any():
        parts.append(f"missing {profile.missing / profile.n:.1%} before, {missing.mean():.1%} now")
    return "; ".join(parts)
