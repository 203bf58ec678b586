"""The model beside gradient boosting on the same rows, so that nobody has to take our word for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from risk_assets.domain.scoring.bootstrap import with_interval
from risk_assets.domain.scoring.metrics import Estimate
from risk_assets.domain.scoring.score import auc_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

SAMPLES = 500


@dataclass(frozen=True)
class BoostingComparison:
    """Two models on the same test rows: each one's ROC AUC and log-loss, and what the model is ahead by.

    `auc_ahead` is the model's AUC less that of boosting, `log_loss_ahead` boosting's log-loss less the model's.
    """

    rows: int
    auc: float
    boosting_auc: float
    auc_ahead: Estimate
    log_loss: float
    boosting_log_loss: float
    log_loss_ahead: Estimate


def compare_risks(
    target: NDArray[np.int64],
    risk: NDArray[np.float64],
    boosted: NDArray[np.float64],
    clients: NDArray[np.object_],
    *,
    seed: int,
) -> BoostingComparison:
    """Compare two risks (n,) of the same rows; intervals are by a paired bootstrap over clients (n,).

    >>> target, risk = np.array([0, 0, 1, 1] * 25), np.array([0.1, 0.4, 0.3, 0.8] * 25)
    >>> found = compare_risks(target, risk, np.full(100, 0.5), np.arange(100).astype(object), seed=0)
    >>> found.auc, found.boosting_auc, found.auc_ahead.low > 0
    (0.75, 0.5, True)
    """
    places = np.unique(clients.astype(str), return_inverse=True)[1]
    members = np.split(np.argsort(places, kind="stable"), np.cumsum(np.bincount(places))[:-1])
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(SAMPLES):
        chosen = np.concatenate([members[client] for client in rng.integers(0, len(members), len(members))])
        drawn.append(_ahead(target[chosen], risk[chosen], boosted[chosen]))
    auc, loss = np.array(drawn).T
    value = _ahead(target, risk, boosted)
    return BoostingComparison(
        rows=len(target),
        auc=auc_of(target == 1, risk),
        boosting_auc=auc_of(target == 1, boosted),
        auc_ahead=with_interval(value[0], auc),
        log_loss=_log_loss(target, risk),
        boosting_log_loss=_log_loss(target, boosted),
        log_loss_ahead=with_interval(value[1], loss),
    )


def _ahead(
    target: NDArray[np.int64], risk: NDArray[np.float64], boosted: NDArray[np.float64]
) -> tuple[float, float]:
    left = target == 1
    return auc_of(left, risk) - auc_of(left, boosted), _log_loss(target, boosted) - _log_loss(target, risk)


def _log_loss(target: NDArray[np.int64], risk: NDArray[np.float64]) -> float:
    tiny = np.finfo(np.float64).eps
    return float(-np.log(np.clip(np.where(target == 1, risk, 1 - risk), tiny, 1.0)).mean())
