"""The penalties' strengths by restricted maximum likelihood.

Each lambda follows Fellner and Schall's formula (Wood and Fasiolo 2017, Biometrics 73):
lambda_j <- lambda_j (rank_j - lambda_j tr(V S_j)) / (lambda_j b' S_j b), V the inverse of the penalised Hessian,
which climbs Laplace's approximation of the restricted likelihood (Wood 2011, JRSS B 73).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from risk_assets.domain.model.additive.problem import Placed, Problem

    Array = NDArray[np.float64]

LEAST_PENALTY, GREATEST_PENALTY = 1e-4, 1e6
#: A penalty changes by at most this factor an update.
LARGEST_CHANGE = 10.0


def updated_strengths(problem: Problem, strengths: Array, b: Array, covariance: Array) -> tuple[Array, float]:
    """Return the strengths after one update, and the greatest slope of the restricted likelihood in a log(lambda).

    `covariance` is the inverse of the penalised Hessian, (p, p). A slope that a bound holds back does not count.

    >>> from risk_assets.domain.model.additive.design import of_matrix
    >>> from risk_assets.domain.model.additive.problem import Problem
    >>> one = Problem(of_matrix(np.ones((4, 1))), np.zeros(4), np.ones(4), ())
    >>> updated_strengths(one, np.zeros(0), np.zeros(1), np.eye(1))[1]
    0.0
    """
    result, greatest = strengths.copy(), 0.0
    for place, placed in enumerate(problem.penalties):
        if placed.penalty.fixed:
            continue
        free, used = _halves(placed, strengths[place], b, covariance)
        factor = min(max(free / max(used, 1e-300), 1 / LARGEST_CHANGE), LARGEST_CHANGE)
        result[place] = min(max(strengths[place] * factor, LEAST_PENALTY), GREATEST_PENALTY)
        if result[place] != strengths[place]:
            greatest = max(greatest, abs(free - used) / 2)
    return result, greatest


def _halves(placed: Placed, strength: float, b: Array, covariance: Array) -> tuple[float, float]:
    part, matrix = b[placed.span], placed.penalty.matrix
    trace = strength * float(np.sum(covariance[placed.span, placed.span] * matrix))
    return max(placed.penalty.rank - trace, 1e-12), strength * float(part @ matrix @ part)
