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

from risk_assets.domain.metrics import Confusion

if TYPE_CHECKING:
    from numpy.typing import NDArray


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
        """F1 = 2 TP / (2 TP + FP + FN) = 2 TP / (TP + FP + P); 0 where nothing is, or is called, positive."""
        total = self.hits + self.alarms + self.positives
        scores: NDArray[np.float64] = 2.0 * self.hits / np.maximum(total, 1)
        return scores

    @property
    def informedness(self) -> NDArray[np.float64]:
        """True positive rate minus false positive rate (Youden 1950): 0 for any model that knows nothing."""
        return self.hits / max(self.positives, 1) - self.alarms / max(self.negatives, 1)


def count_outcomes(actual: NDArray[np.bool_], predicted: NDArray[np.bool_]) -> Confusion:
    """Count the rows by actual and predicted label."""
    cells = np.bincount(2 * actual.astype(np.int64) + predicted, minlength=4).tolist()
    return Confusion(*cells)


def f1_of(confusion: Confusion) -> float:
    """Return F1 = 2 TP / (2 TP + FP + FN) of counted outcomes; 0 where it is undefined."""
    hits = confusion.true_positives
    total = 2 * hits + confusion.false_positives + confusion.false_negatives
    return 2 * hits / total if total else 0.0


def resample(confusion: Confusion, *, samples: int, rng: np.random.Generator) -> Outcomes:
    """Bootstrap one model from its counts.

    Within a class the multinomial has two cells, a binomial: TP ~ B(P, TP / P) and FP ~ B(N, FP / N).
    """
    positives = confusion.true_positives + confusion.false_negatives
    negatives = confusion.true_negatives + confusion.false_positives
    hits = rng.binomial(positives, confusion.true_positives / max(positives, 1), samples)
    alarms = rng.binomial(negatives, confusion.false_positives / max(negatives, 1), samples)
    return Outcomes(hits, alarms, positives, negatives)


def resample_pair(
    actual: NDArray[np.bool_],
    first: NDArray[np.bool_],
    second: NDArray[np.bool_],
    *,
    samples: int,
    rng: np.random.Generator,
) -> tuple[Outcomes, Outcomes]:
    """Bootstrap two models on the same resamples of the same rows.

    Within a class a row falls in one of four cells (both say yes, the first alone, the second alone, neither);
    one multinomial draw per resample keeps the dependence of the two models.
    """
    hits = _paired_yes(first[actual], second[actual], samples, rng)
    alarms = _paired_yes(first[~actual], second[~actual], samples, rng)
    positives = int(np.count_nonzero(actual))
    negatives = len(actual) - positives
    return (
        Outcomes(hits[0], alarms[0], positives, negatives),
        Outcomes(hits[1], alarms[1], positives, negatives),
    )


def _paired_yes(
    first: NDArray[np.bool_], second: NDArray[np.bool_], samples: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Count the yes of each model over resamples of one class."""
    cells = np.bincount(2 * first.astype(np.int64) + second, minlength=4)
    shares = cells / len(first) if len(first) else np.array([1.0, 0.0, 0.0, 0.0])
    _, second_alone, first_alone, both = rng.multinomial(len(first), shares, samples).T
    return both + first_alone, both + second_alone
