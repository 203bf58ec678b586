"""Scoring: how well predicted risks agree with what happened, each figure with a bootstrap interval.

The bootstrap is stratified: each resample draws as many positives and as many negatives as there are. A resample
is a vector of weights (how often each row was drawn), so every figure is a few sums over rows sorted once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from risk_assets.domain.scoring.bootstrap import with_interval
from risk_assets.domain.scoring.calibration import calibration_bins
from risk_assets.domain.scoring.f1 import f1_score
from risk_assets.domain.scoring.groups import ScoredRows
from risk_assets.domain.scoring.metrics import Confusion, Estimate, Metrics

if TYPE_CHECKING:
    from numpy.typing import NDArray

CURVE_POINTS = 200
#: Draws held in memory at once.
CHUNK = 2_000_000
BOTH_CLASSES = (
    "a score needs both classes. Bring more clients with known outcomes into testdata, or raise test_share"
)


class ScoringError(ValueError):
    """The rows cannot score a model; the message says why."""


def score(
    target: NDArray[np.int64],
    risk: NDArray[np.float64],
    *,
    threshold: float,
    samples: int,
    seed: int,
    clients: NDArray[np.object_] | None = None,
    model_sha256: str = "",
    quarantined: int = 0,
) -> Metrics:
    """Score risks (n,) against 0/1 labels (n,), with 95 % percentile intervals from `samples` seeded resamples.

    Where `clients` (n,) names some more than once, clients are drawn with all of their rows (Davison and Hinkley
    1997, Bootstrap Methods, section 3.8), else rows within each class. Precision and F1 are 0 where nobody is
    flagged. Raises ScoringError without rows of both classes: they have neither AUC nor a comparable F1.

    >>> target, risk = np.array([0, 0, 0, 1, 1] * 40), np.array([0.1, 0.2, 0.6, 0.3, 0.9] * 40)
    >>> metrics = score(target, risk, threshold=0.5, samples=500, seed=0)
    >>> metrics.f1, metrics.roc_auc.value
    (Estimate(value=0.50, low=0.41, high=0.58), 0.833)
    """
    positives = int(target.sum())
    if positives in (0, len(target)):
        raise ScoringError(f"{len(target)} test rows of which {positives} are positive: {BOTH_CLASSES}")
    rows = _sorted_rows(target, risk, threshold, clients)
    roc, precision_recall = _curves(target, risk)
    return Metrics(
        n=len(target),
        positives=positives,
        threshold=threshold,
        **cast("dict[str, Any]", _estimates(rows, samples, seed)),
        confusion=_confusion(rows),
        calibration=calibration_bins(target, risk),
        roc=roc,
        precision_recall=precision_recall,
        all_positive_f1=float(f1_score(positives, len(target), positives)),
        model_sha256=model_sha256,
        quarantined=quarantined,
        clients=None if clients is None else len(set(clients.tolist())),
    )


def weighted_estimates(
    rows: ScoredRows, weights: NDArray[np.float64], *, samples: int, seed: int
) -> dict[str, Estimate]:
    """Return the figures of weighted rows (n,) of both classes by name, with intervals as of `score`.

    >>> rows = ScoredRows(np.array([0, 0, 0, 1] * 40), np.array([0.1, 0.2, 0.6, 0.3] * 40), 0.5, np.arange(160))
    >>> weighted_estimates(rows, np.array([1.0, 1.0, 0.0, 1.0] * 40), samples=50, seed=0)["roc_auc"].value
    1.0
    """
    return _estimates(_sorted_rows(rows.target, rows.risk, rows.threshold, rows.clients, weights), samples, seed)


@dataclass(frozen=True)
class _Rows:
    """Risks of the positives and of the negatives, each ascending; `owners` of clients with several rows.

    `weights` are those of the positives and of the negatives, 1 if there are none.
    """

    positive: NDArray[np.float64]
    negative: NDArray[np.float64]
    threshold: float
    owners: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None
    weights: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None

    @property
    def n_positive(self) -> int:
        return len(self.positive)

    @property
    def n_negative(self) -> int:
        return len(self.negative)


def _sorted_rows(
    target: NDArray[np.int64],
    risk: NDArray[np.float64],
    threshold: float,
    clients: NDArray[np.object_] | NDArray[np.intp] | None,
    weights: NDArray[np.float64] | None = None,
) -> _Rows:
    """Return the rows in order; those of one risk stand in the order of their clients, whatever the input's."""
    names, places = (
        np.unique(np.asarray(clients, dtype=str), return_inverse=True) if clients is not None else ((), ())
    )
    if len(names) == len(places) and weights is None:
        return _Rows(np.sort(risk[target == 1]), np.sort(risk[target == 0]), threshold)
    orders = [
        rows[np.lexsort((places[rows], risk[rows]))] for rows in map(np.flatnonzero, (target == 1, target == 0))
    ]
    positive, negative = orders
    own = None if weights is None else (weights[positive], weights[negative])
    return _Rows(risk[positive], risk[negative], threshold, (places[positive], places[negative]), own)


def _estimates(rows: _Rows, samples: int, seed: int) -> dict[str, Estimate]:
    """Return every figure by name with its interval."""
    own = rows.weights or (np.ones(rows.n_positive), np.ones(rows.n_negative))
    value = _figures(rows, own[0][None], own[1][None])
    resamples = _resamples(rows, samples, np.random.default_rng(seed))
    drawn = [_figures(rows, positive * own[0], negative * own[1]) for positive, negative in resamples]
    return {
        name: with_interval(float(value[name][0]), np.concatenate([part[name] for part in drawn]))
        for name in value
    }


def _resamples(
    rows: _Rows, samples: int, rng: np.random.Generator
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Yield weights (samples, positives) and (samples, negatives), in chunks that fit in memory."""
    size = max(1, CHUNK // (rows.n_positive + rows.n_negative))
    for start in range(0, samples, size):
        count = min(size, samples - start)
        if rows.owners is None:
            yield _weights(rows.n_positive, count, rng), _weights(rows.n_negative, count, rng)
        else:
            drawn = _weights(1 + max(int(owner.max()) for owner in rows.owners), count, rng)
            yield drawn[:, rows.owners[0]], drawn[:, rows.owners[1]]


def _weights(n: int, samples: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return how often each of n rows is drawn in n draws with replacement, per sample (samples, n)."""
    drawn = rng.integers(0, n, (samples, n)) + np.arange(samples)[:, None] * n
    return np.bincount(drawn.ravel(), minlength=samples * n).reshape(samples, n).astype(np.float64)


def _figures(
    rows: _Rows, positive: NDArray[np.float64], negative: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """Return every figure for each of m weightings (m, positives) and (m, negatives) of the rows."""
    hits = positive[:, rows.positive.searchsorted(rows.threshold) :].sum(axis=1)
    alarms = negative[:, rows.negative.searchsorted(rows.threshold) :].sum(axis=1)
    n_positive, n_negative = (np.maximum(weights.sum(axis=1), 1) for weights in (positive, negative))
    n = n_positive + n_negative
    brier = positive @ (1 - rows.positive) ** 2 + negative @ rows.negative**2
    loss = positive @ _log_loss(rows.positive) + negative @ _log_loss(1 - rows.negative)
    auc, precision = _ranking(rows, positive, negative)
    return {
        "f1": f1_score(hits, hits + alarms, n_positive),
        "precision": hits / np.maximum(hits + alarms, 1),
        "recall": hits / n_positive,
        "accuracy": (hits + n_negative - alarms) / n,
        "roc_auc": auc,
        "average_precision": precision,
        "brier": brier / n,
        "log_loss": loss / n,
    }


def _ranking(
    rows: _Rows, positive: NDArray[np.float64], negative: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return ROC AUC and average precision for each weighting.

    AUC = P(risk of a positive > risk of a negative) + P(equal) / 2 (Hanley & McNeil 1982). Average precision is
    the mean over positives of the precision among the rows with at least their risk: scikit-learn's definition.
    """
    below = _cumulated(negative)
    lower = below[:, rows.negative.searchsorted(rows.positive, side="left")]
    not_higher = below[:, rows.negative.searchsorted(rows.positive, side="right")]
    n_positive, n_negative = (np.maximum(weights.sum(axis=1), 1) for weights in (positive, negative))
    auc = (positive * (lower + not_higher)).sum(axis=1) / (2 * n_positive * n_negative)
    hits = n_positive[:, None] - _cumulated(positive)[:, rows.positive.searchsorted(rows.positive)]
    flagged = np.maximum(hits + n_negative[:, None] - lower, 1)
    return auc, (positive * hits / flagged).sum(axis=1) / n_positive


def _cumulated(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return sums of the first 0, 1, … n weights (m, n + 1)."""
    return np.pad(np.cumsum(weights, axis=1), ((0, 0), (1, 0)))


def _log_loss(likelihood: NDArray[np.float64]) -> NDArray[np.float64]:
    tiny = np.finfo(np.float64).eps
    return np.asarray(-np.log(np.clip(likelihood, tiny, 1 - tiny)))


def _confusion(rows: _Rows) -> Confusion:
    missed = int(rows.positive.searchsorted(rows.threshold))
    unflagged = int(rows.negative.searchsorted(rows.threshold))
    return Confusion(unflagged, rows.n_negative - unflagged, missed, rows.n_positive - missed)


def auc_of(target: NDArray[np.bool_], risk: NDArray[np.float64]) -> float:
    """Return the ROC AUC of risks (n,); NaN where one class has no row.

    >>> auc_of(np.array([True, False, False]), np.array([0.5, 0.2, 0.5]))
    0.75
    """
    rows = _Rows(np.sort(risk[target]), np.sort(risk[~target]), 0.5)
    if not rows.n_positive or not rows.n_negative:
        return float("nan")
    auc, _ = _ranking(rows, np.ones((1, rows.n_positive)), np.ones((1, rows.n_negative)))
    return float(auc[0])


def _curves(
    target: NDArray[np.int64], risk: NDArray[np.float64]
) -> tuple[tuple[tuple[float, float], ...], tuple[tuple[float, float], ...]]:
    """Return the ROC curve from (0, 0) to (1, 1), and (recall, precision) from the highest risk down, thinned."""
    order = np.argsort(-risk, kind="stable")
    ends = np.flatnonzero(np.diff(risk[order], append=-np.inf))
    hits = np.cumsum(target[order])[ends]
    alarms = ends + 1 - hits
    recall, false_rate = hits / target.sum(), alarms / (len(target) - target.sum())
    thinned = np.unique(np.linspace(0, len(ends) - 1, CURVE_POINTS).round().astype(np.int64))
    roc = [(0.0, 0.0), *zip(false_rate[thinned].tolist(), recall[thinned].tolist(), strict=True)]
    precision = hits / (ends + 1)
    return tuple(roc), tuple(zip(recall[thinned].tolist(), precision[thinned].tolist(), strict=True))
