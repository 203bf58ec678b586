"""Bootstrap on counts of outcomes: exact, and as fast for ten million rows as for ten.

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
    """

    hits: NDArray[np.int64]
    alarms: NDArray[np.int64]
    positives: int
    negatives: int

    @property
    def f1(self) -> NDArray[np.float64]:
        """F1 per resample; 0 where nothing is flagged or positive."""
        return f1_score(self.hits, self.hits + self.alarms, self.positives)

    @property
    def informedness(self) -> NDArray[np.float64]:
        """True positive rate minus false positive rate (Youden 1950): 0 for any model that knows nothing."""
        return self.hits / max(self.positives, 1) - self.alarms / max(self.negatives, 1)


def count_outcomes(actual: NDArray[np.bool_], predicted: NDArray[np.bool_]) -> Confusion:
    """Count the rows by actual and predicted label."""
    cells = np.bincount(2 * actual.astype(np.int64) + predicted, minlength=4).tolist()
    return Confusion(*cells)


def resample(confusion: Confusion, *, samples: int, rng: np.random.Generator) -> Outcomes:
    """Bootstrap one model from its counts.

    Within a class the multinomial has two cells, a binomial: TP ~ B(P, TP / P) and FP ~ B(N, FP / N).
    """
    positives, negatives = confusion.positives, confusion.negatives
    hits = rng.binomial(positives, confusion.true_positives / max(positives, 1), samples)
    alarms = rng.binomial(negatives, confusion.false_positives / max(negatives, 1), samples)
    return Outcomes(hits, alarms, positives, negatives)


@dataclass(frozen=True)
class PairedCounts:
    """Rows by class and by what two models say: neither yes, the second alone, the first alone, both."""

    positives: tuple[int, ...]
    negatives: tuple[int, ...]

    @property
    def first(self) -> Confusion:
        """The outcomes of the first model."""
        return self._outcomes(says=(0, 0, 1, 1))

    @property
    def second(self) -> Confusion:
        """The outcomes of the second model."""
        return self._outcomes(says=(0, 1, 0, 1))

    @property
    def rows(self) -> int:
        """All rows."""
        return sum(self.positives) + sum(self.negatives)

    def _outcomes(self, *, says: tuple[int, ...]) -> Confusion:
        alarms, hits = (
            sum(count for count, yes in zip(cells, says, strict=True) if yes)
            for cells in (self.negatives, self.positives)
        )
        return Confusion(sum(self.negatives) - alarms, alarms, sum(self.positives) - hits, hits)


def count_pairs(actual: NDArray[np.bool_], first: NDArray[np.bool_], second: NDArray[np.bool_]) -> PairedCounts:
    """Count rows by actual label and by what two models say of them."""
    said = 2 * first.astype(np.int64) + second
    yes, no = (tuple(np.bincount(said[of_class], minlength=4).tolist()) for of_class in (actual, ~actual))
    return PairedCounts(yes, no)


def resample_pair(counts: PairedCounts, *, samples: int, rng: np.random.Generator) -> tuple[Outcomes, Outcomes]:
    """Bootstrap two models on the same resamples of the same rows.

    Within a class a row falls in one of four cells; one multinomial draw per resample keeps the dependence of the
    two models.
    """
    hits = _paired_yes(counts.positives, samples, rng)
    alarms = _paired_yes(counts.negatives, samples, rng)
    positives, negatives = sum(counts.positives), sum(counts.negatives)
    return (
        Outcomes(hits[0], alarms[0], positives, negatives),
        Outcomes(hits[1], alarms[1], positives, negatives),
    )


def _paired_yes(
    cells: tuple[int, ...], samples: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Count the yes of each model over resamples of one class."""
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
