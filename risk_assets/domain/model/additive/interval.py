"""How sure the model is: the covariance of its coefficients, and the dispersion of rows that share a client."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.special import expit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from risk_assets.domain.model.additive.fit import Fitted, Problem

    Array = NDArray[np.float64]

#: In the covariance a penalty counts as at most so many times the term's mean information per coefficient: an
#: effect that was shrunk to nothing is not known to be nothing.
CAP = 10.0


def inverse(matrix: Array) -> Array:
    """Return the inverse of a positive definite matrix, (p, p).

    >>> inverse(np.diag([2.0, 4.0])).tolist()
    [[0.5, 0.0], [0.0, 0.25]]
    """
    return cho_solve(cho_factor(matrix), np.eye(len(matrix)))


def capped_strengths(problem: Problem, fitted: Fitted, *, cap: float = CAP) -> Array:
    """Return the strengths, each at most `cap` times the mean information per penalised coefficient, (penalties,).

    >>> from risk_assets.domain.model.additive.fit import Fitted, Problem
    >>> one = Problem(np.ones((2, 1)), np.array([0.0, 1.0]), np.ones(2), ())
    >>> capped_strengths(one, Fitted(np.zeros(1), np.zeros(0), np.eye(1), 1, 0.0, "")).shape
    (0,)
    """
    result = fitted.strengths.copy()
    diagonal = np.diag(fitted.information)
    for place, placed in enumerate(problem.penalties):
        if not placed.penalty.fixed:
            known = float(np.sum(diagonal[placed.span] * np.diag(placed.penalty.matrix)))
            known /= float(np.trace(placed.penalty.matrix))
            result[place] = min(result[place], max(cap * known, 1.0))
    return result


def clustered_information(problem: Problem, coefficients: Array, clients: NDArray[np.intp]) -> Array:
    """Return M / phi^2, M the sum over clients of outer products of their summed scores, (p, p).

    `clients` (rows,) numbers the client of each row from 0 (Liang and Zeger 1986, Biometrika 73).

    >>> from risk_assets.domain.model.additive.fit import Problem
    >>> two = Problem(np.ones((2, 1)), np.array([0.0, 0.0]), np.ones(2), ())
    >>> clustered_information(two, np.zeros(1), np.array([0, 0])).tolist()
    [[1.0]]
    """
    residual = problem.weights * (problem.outcome - expit(problem.design @ coefficients)) / problem.dispersion
    scores = summed(problem.design * residual[:, None], clients)
    return scores.T @ scores


def summed(rows: Array, clients: NDArray[np.intp]) -> Array:
    """Return the rows summed by client, (clients, columns).

    >>> summed(np.array([[1.0], [2.0], [4.0]]), np.array([1, 0, 1])).tolist()
    [[2.0], [5.0]]
    """
    order = np.argsort(clients, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(clients[order]) > 0])
    return np.add.reduceat(rows[order], starts, axis=0)


def dispersion(covariance: Array, clustered: Array, independent: Array) -> float:
    """Return phi = max(1, tr(V M) / tr(V H)); V, M and H (p, p) at phi = 1.

    >>> dispersion(np.eye(2), 3 * np.eye(2), np.eye(2))
    3.0
    """
    return max(1.0, float(np.sum(covariance * clustered) / np.sum(covariance * independent)))


def covariance_of(problem: Problem, fitted: Fitted, penalty: Array, clients: NDArray[np.intp] | None) -> Array:
    """Return the coefficients' covariance, (p, p): V, or V (M + S) V where several rows share a client.

    `penalty` is S with its strengths capped, V the inverse of X'WX / phi + S (Wood 2017, section 6.10).

    >>> from risk_assets.domain.model.additive.fit import Fitted, Problem
    >>> one = Problem(np.ones((2, 1)), np.array([0.0, 1.0]), np.ones(2), ())
    >>> covariance_of(one, Fitted(np.zeros(1), np.zeros(0), np.eye(1), 1, 0.0, ""), np.eye(1), None).tolist()
    [[0.5]]
    """
    bread = inverse(fitted.information + penalty)
    if clients is None:
        return bread
    meat = clustered_information(problem, fitted.coefficients, clients) + penalty
    return bread @ meat @ bread
