"""Each row's log-odds by a model without its client, without fitting anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from risk_assets.domain.model.additive.interval import client_scores
from risk_assets.domain.model.additive.order import inverse
from risk_assets.domain.model.additive.problem import penalty_matrix

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from risk_assets.domain.model.additive.fit import Fitted
    from risk_assets.domain.model.additive.problem import Problem

    Array = NDArray[np.float64]

#: A row that determines its own coefficients is left out as if it did so up to this share.
MOST_LEVERAGE = 0.99


def left_out(problem: Problem, fitted: Fitted, clients: NDArray[np.intp] | None) -> Array:
    """Return the log-odds (rows,) of each row by a model that was fitted without the rows of its client.

    One Newton step from the fit: x'b - x'V s / (1 - h), V the inverse of the penalised Hessian, s the summed
    scores of the client and h = x'V x w the leverage of the row (Pregibon 1981, Annals of Statistics 9).

    >>> from risk_assets.domain.model.additive.design import of_matrix
    >>> from risk_assets.domain.model.additive.fit import fit
    >>> from risk_assets.domain.model.additive.problem import Problem
    >>> one = Problem(of_matrix(np.ones((4, 1))), np.array([0.0, 0.0, 0.0, 1.0]), np.ones(4), ())
    >>> left_out(one, fit(one, np.zeros(0)), None).tolist()
    [-0.654, -0.654, -0.654, -2.431]
    """
    log_odds, design = fitted.log_odds.copy(), problem.design
    covariance = inverse(fitted.information + penalty_matrix(problem, fitted.strengths))
    residual, working = problem.residual(log_odds), problem.working(log_odds)
    scores = None
    if clients is not None:
        scores = client_scores(design.functions, residual, clients) @ design.contrast
    for block, rows in design.blocks():
        moved = rows @ covariance
        own = np.einsum("ij,ij->i", moved, rows)
        if scores is None or clients is None:
            pull = own * residual[block]
        else:
            pull = np.einsum("ij,ij->i", moved, scores[clients[block]])
        log_odds[block] -= pull / (1.0 - np.minimum(own * working[block], MOST_LEVERAGE))
    return log_odds
