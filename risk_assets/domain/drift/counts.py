"""New rows as counts, by which drift of many rows is judged, whether numpy or the engine counts them."""

from __future__ import annotations

from collections import Counter
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

#: Categories that a profile does not list of which the names are kept.
MOST_UNLISTED = 3


@dataclass(frozen=True)
class ColumnCounts:
    """Rows of a column by the bins of its profile (drift.statistics), the missing ones last.

    `median` is that of the numbers; None where there are none. `unlisted` are the most frequent categories that
    the profile does not list, with their rows.

    >>> counts = ColumnCounts(bins=(10, 25, 5))
    >>> counts.n, counts.missing
    (40, 5)
    """

    bins: tuple[int, ...]
    median: float | None = None
    unlisted: tuple[tuple[str, int], ...] = ()

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

    `confusion` is that at the recorded threshold; None while the rows have no labels. `flagged` and `others` are
    the numbers expected to leave of the flagged rows and of the others.
    """

    n: int
    features: Mapping[str, ColumnCounts]
    score: ColumnCounts
    flagged: ExpectedPositives
    others: ExpectedPositives
    confusion: Confusion | None = None


def count_rows(rows: NewRows, reference: DriftReference) -> CountedRows:
    """Return the counts of rows that are in memory.

    >>> from risk_assets_tests.domain.drifting import new_rows, reference
    >>> counted = count_rows(new_rows(200), reference())
    >>> counted.n, counted.features["region"].bins
    (200, (102, 57, 41, 0, 0))
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
    """Return the counts of one column's values (n,) by the bins of its profile.

    >>> regions = CategoricalProfile("region", 9, 0, distinct=2, counts=(("north", 6), ("south", 3)))
    >>> count_column(regions, np.array(["south", "west", None, "south"], dtype=object)).bins
    (0, 2, 1, 1)
    """
    if isinstance(profile, CategoricalProfile):
        categories = values.astype(object)
        bins = tuple(count_categories(categories, profile).tolist())
        return ColumnCounts(bins, unlisted=_unlisted(categories[~is_missing(categories)].tolist(), profile))
    numbers = values.astype(np.float64)
    present = numbers[~is_missing(numbers)]
    median = float(np.median(present)) if len(present) else None
    return ColumnCounts(tuple(count_bins(numbers, profile).tolist()), median)


def _unlisted(present: list[str], profile: CategoricalProfile) -> tuple[tuple[str, int], ...]:
    listed = {name for name, _ in profile.counts}
    found = Counter(value for value in present if value not in listed)
    return tuple(sorted(found.items(), key=lambda each: (-each[1], each[0]))[:MOST_UNLISTED])
