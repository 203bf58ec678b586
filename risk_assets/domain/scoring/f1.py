"""F1, by which models are compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from risk_assets.domain.scoring.metrics import Confusion

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def f1_score(true_positives: ArrayLike, flagged: ArrayLike, positives: ArrayLike) -> NDArray[np.float64]:
    """Return F1 = 2 TP / (flagged + positives), of numbers or arrays; 0 where nothing is flagged or positive.

    It is the harmonic mean of precision, TP / flagged, and recall, TP / positives.

    >>> f1_score([3, 0], flagged=[4, 0], positives=[5, 0]).tolist()
    [0.6666666666666666, 0.0]
    """
    total = np.add(flagged, positives)
    return np.asarray(np.multiply(2.0, true_positives) / np.maximum(total, np.finfo(np.float64).tiny))


def f1_of(confusion: Confusion) -> float:
    """Return F1 of counted rows; 0 where nothing is flagged or positive.

    >>> f1_of(Confusion(true_negatives=90, false_positives=1, false_negatives=2, true_positives=3))
    0.6666666666666666
    """
    return float(f1_score(confusion.true_positives, confusion.flagged, confusion.positives))
