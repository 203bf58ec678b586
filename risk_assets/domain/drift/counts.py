"""New rows as counts: all that drift of many rows is judged by, whoever counts them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from risk_assets.domain.drift.profile import CategoricalProfile, NumericProfile
from risk_assets.domain.drift.statistics import count_bins, count_categories, is_missing
from risk_assets.domain.drift.verdict import DriftReference, NewRows
from risk_assets.domain.scoring.bootstrap import count_outcomes
from risk_assets.domain.scoring.metrics import Confusion
from risk_assets.domain.scoring.performance_estimate import ExpectedPositives, expected_positives

if TYPE_CHECKING:
    from risk_assets.domain.drift.statistics import Values

    ColumnProfile = NumericProfile | CategoricalProfile


@dataclass(frozen=True)
class ColumnCounts:
    """Rows of a column by the bins of its profile (drift_statistics), the missing ones last.

    `median` is that of the numbers; None where there are none.
    """

    bins: tuple[int, ...]
    median: float | None = None

    @property
    def n(self) -> int:
        """All rows."""
        return sum(self.bins)

    @property
    def missing(self) -> int:
        """Rows without a value."""
        return self.bins[-1]


@dataclass(frozen=True)
class CountedRows:
    """Rows that the deployed model was not trained on, counted.

    `confusion` is by what was flagged at the recorded threshold; None while the rows have no labels. `flagged` and
    `others` are those that are expected to leave of the flagged rows and of the others.
    """

    n: int
    features: Mapping[str, ColumnCounts]
    score: ColumnCounts
    flagged: ExpectedPositives
    others: ExpectedPositives
    confusion: Confusion | None = None


def count_rows(rows: NewRows, reference: DriftReference) -> CountedRows:
    """Count rows that are given one by one.

    >>> from risk_assets.domain.drift.profile import Profile, profile_of
    >>> from risk_assets.domain.scoring.score import score
    >>> risks = np.linspace(0, 1, 100)
    >>> metrics = score((risks > 0.5).astype(int), risks, threshold=0.5, samples=100, seed=0)
    >>> reference = DriftReference(Profile(100, 100, 50, (), ()), profile_of("risk", risks), metrics)
    >>> counted = count_rows(NewRows({}, risks[:10]), reference)
    >>> counted.n, counted.flagged.n, counted.confusion
    (10, 0, None)
    """
    metrics = reference.metrics
    profiles: list[ColumnProfile] = [*reference.profile.numeric, *reference.profile.categorical]
    flagged, others = expected_positives(rows.risks, metrics.calibration, threshold=metrics.threshold)
    return CountedRows(
        n=len(rows.risks),
        features={profile.name: count_column(profile, rows.features[profile.name]) for profile in profiles},
        score=count_column(reference.risks, rows.risks),
        flagged=flagged,
        others=others,
        confusion=_confusion(rows, metrics.threshold),
    )


def _confusion(rows: NewRows, threshold: float) -> Confusion | None:
    if rows.target is None:
        return None
    known = slice(None) if rows.known is None else rows.known
    return count_outcomes(rows.target[known], rows.risks[known] >= threshold)


def count_column(profile: ColumnProfile, values: Values) -> ColumnCounts:
    """Count the rows of one column.

    >>> from risk_assets.domain.drift.profile import CategoricalProfile
    >>> regions = CategoricalProfile("region", 10, 0, 2, (("north", 6), ("south", 4)))
    >>> count_column(regions, np.array(["north", "east", None], dtype=object)).bins
    (1, 0, 1, 1)
    """
    if isinstance(profile, CategoricalProfile):
        return ColumnCounts(tuple(count_categories(values.astype(object), profile).tolist()))
    numbers = values.astype(np.float64)
    present = numbers[~is_missing(numbers)]
    median = float(np.median(present)) if len(present) else None
    return ColumnCounts(tuple(count_bins(numbers, profile).tolist()), median)
