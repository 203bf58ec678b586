"""Challenger and champion on the same rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from risk_assets.domain.scoring.bootstrap import PairedCounts, count_pairs, resample_pair
from risk_assets.domain.scoring.f1 import f1_of

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class PairedPredictions:
    """Labels, and which rows both models flag, each at its own threshold: boolean arrays (n,) over the same rows.

    `champion` is None while nothing is deployed; calling every client positive stands in for it.

    >>> pair = PairedPredictions(np.array([True, True, False]), challenger=np.array([True, True, False]))
    >>> pair.counts
    PairedCounts(positives=(0, 0, 0, 2), negatives=(0, 0, 1, 0))
    """

    actual: NDArray[np.bool_]
    challenger: NDArray[np.bool_]
    champion: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        """Refuse predictions that do not belong to the same rows."""
        for predicted in (self.challenger, self.champion):
            if predicted is not None and len(predicted) != len(self.actual):
                raise ValueError(f"{len(predicted)} predictions for {len(self.actual)} labels")

    @property
    def counts(self) -> PairedCounts:
        """The rows by label and by which of champion (first) and challenger flag them."""
        champion = np.ones_like(self.actual) if self.champion is None else self.champion
        return count_pairs(self.actual, champion, self.challenger)


@dataclass(frozen=True)
class Comparison:
    """Challenger against champion on one set of rows.

    `bound` is the lower bound of F1(challenger) - F1(champion). `informedness_bound` is that of the challenger's
    informedness (true minus false positive rate), above 0 only where its flags separate the classes, and
    `informedness_gain_bound` that of its informedness minus the champion's.

    >>> bounds = {"bound": 0.08, "informedness_bound": 1.0, "informedness_gain_bound": 0.09}
    >>> comparison = Comparison(rows=1000, positives=200, champion_f1=0.9, challenger_f1=1.0, **bounds)
    >>> comparison.difference, comparison.rarer_class
    (0.1, 200)
    """

    rows: int
    positives: int
    champion_f1: float
    challenger_f1: float
    bound: float
    informedness_bound: float
    informedness_gain_bound: float

    @property
    def difference(self) -> float:
        """F1(challenger) - F1(champion)."""
        return self.challenger_f1 - self.champion_f1

    @property
    def rarer_class(self) -> int:
        """Rows of the rarer class."""
        return min(self.positives, self.rows - self.positives)


def compare(pair: PairedPredictions | PairedCounts, *, confidence: float, samples: int, seed: int) -> Comparison:
    """Compare both models on the same rows by a paired bootstrap; bounds are one-sided, at `confidence`.

    >>> actual = np.arange(1000) < 200
    >>> pair = PairedPredictions(actual, challenger=actual, champion=np.roll(actual, 20))
    >>> comparison = compare(pair, confidence=0.95, samples=2000, seed=0)
    >>> comparison.champion_f1, comparison.challenger_f1, comparison.bound
    (0.9, 1.0, 0.075)
    """
    counts = pair.counts if isinstance(pair, PairedPredictions) else pair
    rng = np.random.default_rng(seed)
    first, second = resample_pair(counts, samples=samples, rng=rng)
    level = 1 - confidence
    return Comparison(
        rows=counts.rows,
        positives=sum(counts.positives),
        champion_f1=f1_of(counts.first),
        challenger_f1=f1_of(counts.second),
        bound=float(np.quantile(second.f1 - first.f1, level)),
        informedness_bound=float(np.quantile(second.informedness, level)),
        informedness_gain_bound=float(np.quantile(second.informedness - first.informedness, level)),
    )
