"""How sure the model is: the covariance of its coefficients, and the dispersion of rows that share a client."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from risk_assets.domain.model.additive.design import Design
from risk_assets.domain.model.additive.order import inverse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from risk_assets.domain.model.additive.fit import Fitted
    from risk_assets.domain.model.additive.problem import Problem

    Array = NDArray[np.float64]

#: In the covariance a penalty counts as at most so many times the term's mean information per coefficient: an
#: effect that was shrunk to nothing is not known to be nothing.
CAP = 10.0


def capped_strengths(problem: Problem, fitted: Fitted, *, cap: float = CAP) -> Array:
    """Return the strengths, each at most `cap` times the mean information per penalised coefficient, (penalties,).

    >>> from risk_assets.domain.model.additive.design import of_matrix
    >>> from risk_assets.domain.model.additive.fit import Fitted
    >>> from risk_assets.domain.model.additive.problem import Problem
    >>> one = Problem(of_matrix(np.ones((2, 1))), np.array([0.0, 1.0]), np.ones(2), ())
    >>> fitted = Fitted(np.zeros(1), np.zeros(0), np.eye(1), np.ones(2), 1, np.zeros(2), 0.0, "")
    >>> capped_strengths(one, fitted).shape
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


def clustered_information(problem: Problem, log_odds: Array, clients: NDArray[np.intp]) -> Array:
    """Return M / phi^2, M the sum over clients of outer products of their summed scores, (p, p).

    `clients` (rows,) numbers the client of each row from 0 (Liang and Zeger 1986, Biometrika 73).

    >>> from risk_assets.domain.model.additive.design import of_matrix
    >>> from risk_assets.domain.model.additive.problem import Problem
    >>> two = Problem(of_matrix(np.ones((2, 1))), np.array([0.0, 0.0]), np.ones(2), ())
    >>> clustered_information(two, np.zeros(2), np.array([0, 0])).tolist()
    [[1.0]]
    """
    scores = client_scores(problem.design.functions, problem.residual(log_odds), clients)
    return Design(scores, problem.design.contrast).gram(np.ones(scores.shape[0]))


def client_scores(functions: csr_array, residual: Array, clients: NDArray[np.intp]) -> csr_array:
    """Return each function times the residual, summed by client, (clients, q); residual and clients (rows,).

    >>> rows = csr_array(np.array([[1.0], [2.0], [4.0]]))
    >>> client_scores(rows, np.ones(3), np.array([1, 0, 1])).toarray().tolist()
    [[2.0], [5.0]]
    """
    places = np.arange(len(clients))
    weights = csr_array((residual, (clients, places)), shape=(int(clients.max()) + 1, len(clients)))
    return csr_array(weights @ functions)


def dispersion(covariance: Array, clustered: Array, independent: Array) -> float:
    """Return phi = max(1, tr(V M) / tr(V H)); V, M and H (p, p) at phi = 1.

    >>> dispersion(np.eye(2), 3 * np.eye(2), np.eye(2))
    3.0
    """
    return max(1.0, float(np.sum(covariance * clustered) / np.sum(covariance * independent)))


def covariance_of(problem: Problem, fitted: Fitted, penalty: Array, clients: NDArray[np.intp] | None) -> Array:
    """Return the coefficients' covariance, (p, p): V, or V (M + S) V where several rows share a client.

    `penalty` is S with its strengths capped, V the inverse of X'WX / phi + S (Wood 2017, section 6.10).

    >>> from risk_assets.domain.model.additive.design import of_matrix
    >>> from risk_assets.domain.model.additive.fit import Fitted
    >>> from risk_assets.domain.model.additive.problem import Problem
    >>> one = Problem(of_matrix(np.ones((2, 1))), np.array([0.0, 1.0]), np.ones(2), ())
    >>> fitted = Fitted(np.zeros(1), np.zeros(0), np.eye(1), np.ones(2), 1, np.zeros(2), 0.0, "")
    >>> covariance_of(one, fitted, np.eye(1), None).tolist()
    [[0.5]]
    """
    bread = inverse(fitted.information + penalty)
    if clients is None:
        return bread
    meat = clustered_information(problem, fitted.log_odds, clients) + penalty
    return bread @ meat @ bread
