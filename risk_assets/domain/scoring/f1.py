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


def f1_at(
    target: NDArray[np.int64],
    risk: NDArray[np.float64],
    threshold: float,
    weights: NDArray[np.float64] | None = None,
) -> float:
    """Return the F1 of 0/1 outcomes (n,) where risks (n,) of the threshold or more are called positive.

    `weights` (n,) say for how many rows each stands.

    >>> f1_at(np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.3, 0.8]), 0.3)
    0.8
    """
    flagged, share = risk >= threshold, np.ones(len(risk)) if weights is None else weights
    hits = float(share @ (flagged & (target == 1)))
    return float(f1_score(hits, float(share @ flagged), float(share @ target)))


def best_threshold(
    target: NDArray[np.int64], risk: NDArray[np.float64], weights: NDArray[np.float64] | None = None
) -> float:
    """Return the risk from which on calling clients positive gives the best F1; of equal ones the highest.

    F1 is computed at the end of each group of equal risks, of rows that stand for `weights` (n,) rows each.

    >>> best_threshold(np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.3, 0.8]))
    0.3
    """
    order = np.argsort(-risk, kind="stable")
    share = (np.ones(len(risk)) if weights is None else weights)[order]
    descending, hits = risk[order], np.cumsum(share * target[order])
    f1 = f1_score(hits, flagged=np.cumsum(share), positives=hits[-1])
    last_of_group = np.concatenate([descending[1:] < descending[:-1], [True]])
    return float(descending[np.argmax(np.where(last_of_group, f1, -1.0))])
