"""First step: measure how new rows differ from those that the deployed model was trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from risk_assets.domain.drift.counts import ColumnCounts, CountedRows, count_column, count_rows
from risk_assets.domain.drift.levels import level_shares, moved_most
from risk_assets.domain.drift.profile import CategoricalProfile, NumericProfile
from risk_assets.domain.drift.statistics import (
    Distance,
    chi_square,
    contingency_table,
    kolmogorov_smirnov,
    population_stability,
)
from risk_assets.domain.drift.verdict import DriftMeasurements, DriftReference, DriftRules, Measurement, NewRows
from risk_assets.domain.figures import figure
from risk_assets.domain.scoring.bootstrap import Outcomes, resample
from risk_assets.domain.scoring.f1 import f1_of
from risk_assets.domain.scoring.metrics import Confusion, Metrics
from risk_assets.domain.scoring.performance_estimate import estimate_from

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from risk_assets.domain.drift.statistics import Values

    ColumnProfile = NumericProfile | CategoricalProfile

#: Shares of leavers that differ by more are worth a word beside F1.
SHARES_APART = 0.005


def measure_drift(
    rows: NewRows | CountedRows,
    reference: DriftReference,
    rules: DriftRules,
    served_risks: NDArray[np.float64] | None = None,
) -> DriftMeasurements:
    """Compare new rows, and the risks that were served, with the reference.

    Counts are enough for more rows than `rules.most_tested_rows`; up to there the rows themselves are needed, and
    counts raise ValueError. Fewer than `rules.min_rows` are not compared, but F1 is whenever both labels occur.

    >>> from risk_assets_tests.domain.drifting import new_rows, reference
    >>> drift = measure_drift(new_rows(500), reference(), DriftRules())
    >>> [measurement.name for measurement in drift.measurements]
    ['F1', 'activity', 'employees', 'region', 'risk']
    """
    counted = count_rows(rows, reference) if isinstance(rows, NewRows) else rows
    compared = []
    if counted.confusion is not None and counted.confusion.positives and counted.confusion.negatives:
        compared.append(_performance(counted.confusion, reference, rules))
    if counted.n >= rules.min_rows:
        profiles: list[ColumnProfile] = [*reference.profile.numeric, *reference.profile.categorical]
        columns = [("feature", profile, counted.features[profile.name]) for profile in profiles]
        columns.append(("score", reference.risks, counted.score))
        for kind, profile, counts in columns:
            values = _values(rows, kind, profile.name) if counted.n <= rules.most_tested_rows else None
            compared.append(_column(kind, profile, counts, values, rules))
    if served_risks is not None and len(served_risks) >= rules.min_rows:
        values = served_risks if len(served_risks) <= rules.most_tested_rows else None
        counts = count_column(reference.risks, served_risks)
        compared.append(_column("served", reference.risks, counts, values, rules))
    rng = np.random.default_rng(rules.seed)
    estimate = estimate_from(counted.flagged, counted.others, samples=rules.samples, rng=rng)
    return DriftMeasurements(counted.n, tuple(compared), estimate)


def _values(rows: NewRows | CountedRows, kind: str, name: str) -> Values:
    if isinstance(rows, CountedRows):
        raise ValueError(f"{rows.n:,} rows are few enough to be tested: pass the rows, not their counts")  # noqa: TRY004  # it is their number that is wrong
    return rows.risks if kind == "score" else rows.features[name]


def _performance(confusion: Confusion, reference: DriftReference, rules: DriftRules) -> Measurement:
    """Compare F1 on the new rows with the recorded one, by a bootstrap of each (they are of different rows).

    F1 of the new rows is taken at the recorded share of leavers: it rises and falls with that share, and a season
    in which fewer leave is no fault of the model.
    """
    recorded = reference.metrics.confusion
    share = recorded.positives / recorded.rows
    rng = np.random.default_rng(rules.seed)
    now = resample(confusion, samples=rules.samples, rng=rng).f1_at(share)
    before = resample(_a_client_once(reference.metrics), samples=rules.samples, rng=rng).f1
    return Measurement(
        kind="performance",
        name="F1",
        n=confusion.rows,
        statistic="F1 difference",
        value=float(np.quantile(now - before, (1 + rules.confidence) / 2)),
        threshold=-rules.margin,
        effect=f1_of(confusion) - f1_of(recorded),
        floor=rules.margin,
        detail=_f1_detail(confusion, recorded),
    )


def _a_client_once(metrics: Metrics) -> Confusion:
    """Return the recorded counts as if each client had one row: more of one say less than as many of others."""
    cells = metrics.confusion
    if metrics.clients is None or metrics.clients >= cells.rows:
        return cells
    share = metrics.clients / cells.rows
    return Confusion(
        *(round(share * count) for count in (cells.true_negatives, cells.false_positives)),
        *(round(share * count) for count in (cells.false_negatives, cells.true_positives)),
    )


def _f1_detail(confusion: Confusion, recorded: Confusion) -> str:
    """Return F1 now and before, and what it would be now if as many left as then."""
    now, before = f1_of(confusion), f1_of(recorded)
    share, then = confusion.positives / confusion.rows, recorded.positives / recorded.rows
    counted = Outcomes(
        np.array([confusion.true_positives]),
        np.array([confusion.false_positives]),
        confusion.positives,
        confusion.negatives,
    )
    at_share = ""
    if abs(share - then) > SHARES_APART:
        at_share = f" ({float(counted.f1_at(then)[0]):.3f} if {then:.1%} left as then, not {share:.1%})"
    return f"{now:.3f}{at_share} against {before:.3f} at deployment"


def _column(
    kind: str, profile: ColumnProfile, counts: ColumnCounts, values: Values | None, rules: DriftRules
) -> Measurement:
    """Compare one column with its profile: by a test of its values where they are given, else by PSI."""
    if values is None:
        distance = population_stability(contingency_table(counts.bins, profile), quantile=rules.psi_quantile)
        statistic, floor = "PSI", rules.psi_floor
    else:
        (statistic, distance), floor = _test(profile, values, rules), rules.floor
    shares = level_shares(profile, counts) if distance.effect > floor else ()
    return Measurement(
        kind=kind,
        name=profile.name,
        n=counts.n,
        statistic=statistic,
        value=distance.value,
        threshold=distance.threshold,
        effect=distance.effect,
        floor=floor,
        p_value=distance.p_value,
        detail="; ".join(filter(None, (moved_most(profile, shares), _detail(profile, counts)))),
        shares=shares,
    )


def _test(
    profile: ColumnProfile,
    values: Values,
    rules: DriftRules,
) -> tuple[str, Distance]:
    if isinstance(profile, NumericProfile):
        return "Kolmogorov-Smirnov", kolmogorov_smirnov(values.astype(np.float64), profile, alpha=rules.alpha)
    distance = chi_square(
        values.astype(object), profile, alpha=rules.alpha, permutations=rules.permutations, seed=rules.seed
    )
    return "chi-square", distance


def _detail(profile: ColumnProfile, counts: ColumnCounts) -> str:
    """Return the median before and now, and the share missing where there is any."""
    parts = []
    if isinstance(profile, NumericProfile) and profile.median is not None and counts.median is not None:
        parts.append(f"median {figure(profile.median)} before, {figure(counts.median)} now")
    if profile.missing or counts.missing:
        missing = counts.missing / counts.n
        parts.append(f"missing {profile.missing / profile.n:.1%} before, {missing:.1%} now")
    return "; ".join(parts)
