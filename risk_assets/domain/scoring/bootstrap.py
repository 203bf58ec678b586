"""Bootstrap of counts: exact, and as fast for ten million rows as for ten.

F1 depends on the rows only through counts. Drawing n rows with replacement and counting outcomes is the same as
drawing the counts from a multinomial with the observed shares, so no row is ever resampled (Efron & Tibshirani
1993, An Introduction to the Bootstrap, chapter 6). Both bootstraps are stratified by class: the numbers of
positives and of negatives stay as observed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from risk_assets.domain.scoring.f1 import f1_score
from risk_assets.domain.scoring.metrics import Confusion, Estimate

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: The probabilities between which a 95 % interval lies.
INTERVAL = (0.025, 0.975)


@dataclass(frozen=True)
class Outcomes:
    """Outcomes of one model over many resamples: `hits` are true positives, `alarms` false positives.

    Both hold one count per resample; `positives` and `negatives` are the rows of each class.

    >>> outcomes = Outcomes(hits=np.array([3, 4]), alarms=np.array([1, 0]), positives=5, negatives=10)
    >>> outcomes.f1.tolist(), outcomes.informedness.tolist()
    ([0.667, 0.889], [0.5, 0.8])
    """

    hits: NDArray[np.int64]
    alarms: NDArray[np.int64]
    positives: int
    negatives: int

    @property
    def f1(self) -> NDArray[np.float64]:
        """F1 per resample; 0 where nothing is flagged or positive."""
        return f1_score(self.hits, self.hits + self.alarms, self.positives)

    def f1_at(self, prevalence: float) -> NDArray[np.float64]:
        """F1 per resample, were the share `prevalence` of the rows positive: it rises with that share.

        2 TPR p / (TPR p + FPR (1 - p) + p), with the true and false positive rates of the resample.

        >>> outcomes = Outcomes(hits=np.array([4]), alarms=np.array([2]), positives=5, negatives=10)
        >>> outcomes.f1.tolist(), outcomes.f1_at(5 / 15).tolist(), outcomes.f1_at(0.1).tolist()
        ([0.727], [0.727], [0.444])
        """
        found = self.hits / max(self.positives, 1) * prevalence
        flagged = found + self.alarms / max(self.negatives, 1) * (1 - prevalence)
        return f1_score(found, flagged, prevalence)

    @property
    def informedness(self) -> NDArray[np.float64]:
        """True positive rate minus false positive rate per resample: 0 for guesses (Youden 1950)."""
        return self.hits / max(self.positives, 1) - self.alarms / max(self.negatives, 1)


def count_outcomes(actual: NDArray[np.bool_], predicted: NDArray[np.bool_]) -> Confusion:
    """Count the rows by actual and predicted label (n,).

    >>> count_outcomes(np.array([True, True, False]), np.array([True, False, False]))
    Confusion(true_negatives=1, false_positives=0, false_negatives=1, true_positives=1)
    """
    cells = np.bincount(2 * actual.astype(np.int64) + predicted, minlength=4).tolist()
    return Confusion(*cells)


def resample(confusion: Confusion, *, samples: int, rng: np.random.Generator) -> Outcomes:
    """Bootstrap one model from its counts.

    Within a class the multinomial has two cells, a binomial: TP ~ B(P, TP / P) and FP ~ B(N, FP / N).

    >>> counted = Confusion(true_negatives=850, false_positives=50, false_negatives=40, true_positives=60)
    >>> outcomes = resample(counted, samples=2000, rng=np.random.default_rng(0))
    >>> with_interval(0.571, outcomes.f1)
    Estimate(value=0.571, low=0.493, high=0.647)
    """
    positives, negatives = confusion.positives, confusion.negatives
    hits = rng.binomial(positives, confusion.true_positives / max(positives, 1), samples)
    alarms = rng.binomial(negatives, confusion.false_positives / max(negatives, 1), samples)
    return Outcomes(hits, alarms, positives, negatives)


@dataclass(frozen=True)
class PairedCounts:
    """Rows of each class by which of two models flag them: neither, the second alone, the first alone, both.

    >>> counts = PairedCounts(positives=(1, 3, 2, 4), negatives=(20, 0, 5, 0))
    >>> counts.rows, counts.first.true_positives, counts.second.true_positives
    (35, 6, 7)
    """

    positives: tuple[int, ...]
    negatives: tuple[int, ...]

    @property
    def first(self) -> Confusion:
        """The outcomes of the first model."""
        return self._outcomes(flags=(0, 0, 1, 1))

    @property
    def second(self) -> Confusion:
        """The outcomes of the second model."""
        return self._outcomes(flags=(0, 1, 0, 1))

    @property
    def rows(self) -> int:
        """All rows."""
        return sum(self.positives) + sum(self.negatives)

    def _outcomes(self, *, flags: tuple[int, ...]) -> Confusion:
        alarms, hits = (
            sum(count for count, flagged in zip(cells, flags, strict=True) if flagged)
            for cells in (self.negatives, self.positives)
        )
        return Confusion(sum(self.negatives) - alarms, alarms, sum(self.positives) - hits, hits)


def count_pairs(actual: NDArray[np.bool_], first: NDArray[np.bool_], second: NDArray[np.bool_]) -> PairedCounts:
    """Count rows by actual label and by which of two models flag them; all arrays are (n,).

    >>> actual = np.array([True, True, False])
    >>> count_pairs(actual, first=np.array([True, False, False]), second=actual)
    PairedCounts(positives=(0, 1, 0, 1), negatives=(1, 0, 0, 0))
    """
    cells = 2 * first.astype(np.int64) + second
    positives, negatives = (
        tuple(np.bincount(cells[rows_of_class], minlength=4).tolist()) for rows_of_class in (actual, ~actual)
    )
    return PairedCounts(positives, negatives)


def resample_pair(counts: PairedCounts, *, samples: int, rng: np.random.Generator) -> tuple[Outcomes, Outcomes]:
    """Bootstrap two models on the same resamples of the same rows.

    Within a class a row falls in one of four cells; one multinomial draw per resample keeps the dependence of the
    two models.

    >>> counts = PairedCounts(positives=(40, 20, 10, 130), negatives=(700, 30, 40, 30))
    >>> first, second = resample_pair(counts, samples=2000, rng=np.random.default_rng(0))
    >>> with_interval(0.06, second.f1 - first.f1)
    Estimate(value=0.06, low=0.006, high=0.094)
    """
    hits = _paired_flags(counts.positives, samples, rng)
    alarms = _paired_flags(counts.negatives, samples, rng)
    positives, negatives = sum(counts.positives), sum(counts.negatives)
    return (
        Outcomes(hits[0], alarms[0], positives, negatives),
        Outcomes(hits[1], alarms[1], positives, negatives),
    )


def _paired_flags(
    cells: tuple[int, ...], samples: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return how many rows of one class each model flags (samples,), the first model's first."""
    n = sum(cells)
    shares = np.array(cells) / n if n else np.array([1.0, 0.0, 0.0, 0.0])
    _, second_alone, first_alone, both = rng.multinomial(n, shares, samples).T
    return both + first_alone, both + second_alone


def with_interval(value: float, samples: NDArray[np.float64]) -> Estimate:
    """Return a figure with the 95 % percentile interval of its resamples (m,).

    >>> with_interval(0.5, samples=np.linspace(0, 1, 201))
    Estimate(value=0.5, low=0.025, high=0.975)
    """
    low, high = np.quantile(samples, INTERVAL)
    return Estimate(value, float(low), float(high))
