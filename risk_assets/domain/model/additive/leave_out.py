"""Each row's log-odds by a model without its client, without fitting anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

from risk_assets.domain.model.additive.fit import BLOCK_ROWS, penalty_matrix
from risk_assets.domain.model.additive.interval import inverse, summed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from risk_assets.domain.model.additive.fit import Fitted, Problem

    Array = NDArray[np.float64]

#: A row that determines its own coefficients is left out as if it did so up to this share.
MOST_LEVERAGE = 0.99


def left_out(problem: Problem, fitted: Fitted, clients: NDArray[np.intp] | None) -> Array:
    """Return the log-odds (rows,) of each row by a model that was fitted without the rows of its client.

    One Newton step from the fit: x'b - x'V s / (1 - h), V the inverse of the penalised Hessian, s the summed
    scores of the client and h = x'V x w the leverage of the row (Pregibon 1981, Annals of Statistics 9).

    >>> from risk_assets.domain.model.additive.fit import Problem, fit
    >>> one = Problem(np.ones((4, 1)), np.array([0.0, 0.0, 0.0, 1.0]), np.ones(4), ())
    >>> left_out(one, fit(one, np.zeros(0)), None).tolist()
    [-0.654, -0.654, -0.654, -2.431]
    """
    log_odds = problem.design @ fitted.coefficients
    risk = expit(log_odds)
    covariance = inverse(fitted.information + penalty_matrix(problem, fitted.strengths))
    scale = problem.weights / problem.dispersion
    residual, working = scale * (problem.outcome - risk), scale * risk * (1 - risk)
    scores = None if clients is None else summed(problem.design * residual[:, None], clients)
    for start in range(0, len(log_odds), BLOCK_ROWS):
        block = slice(start, start + BLOCK_ROWS)
        rows = problem.design[block]
        moved = rows @ covariance
        own = np.einsum("ij,ij->i", moved, rows)
        if scores is None or clients is None:
            pull = own * residual[block]
        else:
            pull = np.einsum("ij,ij->i", moved, scores[clients[block]])
        log_odds[block] -= pull / (1.0 - np.minimum(own * working[block], MOST_LEVERAGE))
    return log_odds
