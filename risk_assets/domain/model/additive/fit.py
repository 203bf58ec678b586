"""The penalised likelihood's maximum, and the penalties' strengths by restricted maximum likelihood.

The coefficients b maximise l(b) / phi - b' S b / 2, with l the log-likelihood of the logistic regression and
S = sum of lambda_j S_j, by Newton's method. After each step each lambda follows Fellner and Schall's formula
(Wood and Fasiolo 2017, Biometrics 73): lambda_j <- lambda_j (rank_j - lambda_j tr(V S_j)) / (lambda_j b' S_j b),
V the inverse of the penalised Hessian, which climbs Laplace's approximation of the restricted likelihood
(Wood 2011, JRSS B 73).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.special import expit

from risk_assets.domain.model.additive.order import ordered_minimum

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from risk_assets.domain.model.additive.terms import Penalty

    Array = NDArray[np.float64]

LEAST_PENALTY, GREATEST_PENALTY = 1e-4, 1e6
#: A penalty changes by at most this factor a step.
LARGEST_CHANGE = 10.0
MOST_STEPS = 200
#: The penalties stand still where the restricted log-likelihood's slope in each log(lambda) is below this.
FLAT = 0.01
#: Products are summed over blocks of rows that fit a processor's cache.
BLOCK_ROWS = 2048
#: Newton's method stands still where it promises less of the penalised log-likelihood than this per unit of
#: weight.
STILL = 1e-13


@dataclass(frozen=True)
class Placed:
    """A penalty on the coefficients from `start` on.

    >>> from risk_assets.domain.model.additive.terms import scaled_penalty
    >>> Placed(1, scaled_penalty("levels", np.eye(2))).span
    slice(1, 3, None)
    """

    start: int
    penalty: Penalty

    @property
    def span(self) -> slice:
        """Return where the penalised coefficients stand."""
        return slice(self.start, self.start + len(self.penalty.matrix))


@dataclass(frozen=True)
class Problem:
    """What is fitted: the design (rows, p) whose first column is 1, outcomes 0 or 1, weights, penalties, phi.

    `order` (constraints, p) holds the rows a of a @ b >= 0; `dispersion` is phi, 1 or more.

    >>> Problem(np.ones((2, 1)), np.array([0.0, 1.0]), np.ones(2), ()).dispersion
    1.0
    """

    design: Array
    outcome: Array
    weights: Array
    penalties: tuple[Placed, ...]
    dispersion: float = 1.0
    order: Array | None = None


@dataclass(frozen=True)
class Fitted:
    """The maximum: coefficients (p,), strengths (penalties,), information X'WX / phi (p, p), steps and deviance.

    `problem` says why it did not come to rest, and is empty where it converged.

    >>> Fitted(np.zeros(1), np.zeros(0), np.eye(1), 3, 1.4, "").converged
    True
    """

    coefficients: Array
    strengths: Array
    information: Array
    steps: int
    deviance: float
    problem: str

    @property
    def converged(self) -> bool:
        """Return whether coefficients and penalties stand still."""
        return not self.problem


def initial_strengths(problem: Problem) -> Array:
    """Return 1 for each penalty, the strengths to begin with, (penalties,).

    >>> initial_strengths(Problem(np.ones((2, 1)), np.array([0.0, 1.0]), np.ones(2), ())).shape
    (0,)
    """
    return np.ones(len(problem.penalties))


def penalty_matrix(problem: Problem, strengths: Array) -> Array:
    """Return S = sum of lambda_j S_j, (p, p).

    >>> penalty_matrix(Problem(np.ones((2, 1)), np.array([0.0, 1.0]), np.ones(2), ()), np.zeros(0)).tolist()
    [[0.0]]
    """
    width = problem.design.shape[1]
    total = np.zeros((width, width))
    for placed, strength in zip(problem.penalties, strengths, strict=True):
        total[placed.span, placed.span] += strength * placed.penalty.matrix
    return total


def deviance(log_odds: Array, outcome: Array, weights: Array) -> float:
    """Return minus twice the weighted log-likelihood; all (rows,).

    >>> deviance(np.zeros(2), np.array([0.0, 1.0]), np.ones(2))
    2.772589
    """
    loss = np.logaddexp(0.0, log_odds) - outcome * log_odds
    return 2.0 * float(weights @ loss)


def information(problem: Problem, coefficients: Array) -> Array:
    """Return X'WX / phi, the Hessian of minus the log-likelihood, (p, p).

    >>> information(Problem(np.ones((4, 1)), np.zeros(4), np.ones(4), ()), np.zeros(1)).tolist()
    [[1.0]]
    """
    risk = expit(problem.design @ coefficients)
    roots = np.sqrt(problem.weights * risk * (1.0 - risk) / problem.dispersion)[:, None]
    total = np.zeros((len(coefficients), len(coefficients)))
    for start in range(0, len(roots), BLOCK_ROWS):
        block = problem.design[start : start + BLOCK_ROWS] * roots[start : start + BLOCK_ROWS]
        total += block.T @ block
    return total


def fit(problem: Problem, strengths: Array, start: Array | None = None, *, updates: int | None = None) -> Fitted:
    """Return the maximum; strengths (penalties,) to begin with, start (p,), at most `updates` of the penalties.

    updates=0 keeps the strengths given. Raises ValueError where all outcomes are alike.

    >>> one = Problem(np.ones((4, 1)), np.array([0.0, 0.0, 0.0, 1.0]), np.ones(4), ())
    >>> fit(one, np.zeros(0)).coefficients
    array([-1.098612])
    """
    b = _beginning(problem) if start is None else start
    updating = updates != 0 and not all(placed.penalty.fixed for placed in problem.penalties)
    updated = 0
    for step in range(1, MOST_STEPS + 1):
        penalty, hessian = penalty_matrix(problem, strengths), information(problem, b)
        b, promise = _newton(problem, b, hessian, penalty)
        still = promise <= STILL * problem.weights.sum()
        if updating:
            strengths, slope = updated_strengths(problem, strengths, b, hessian + penalty)
            updated += 1
            updating = updated != updates and not (slope < FLAT and promise < FLAT)
        elif still:
            return _result(problem, b, strengths, step, "")
    return _result(problem, b, strengths, MOST_STEPS, f"the fit did not come to rest in {MOST_STEPS} steps")


def _beginning(problem: Problem) -> Array:
    total = problem.weights.sum()
    share = float(problem.weights @ problem.outcome) / total if total else 0.0
    if not 0.0 < share < 1.0:
        raise ValueError("a model needs outcomes of both kinds")
    b = np.zeros(problem.design.shape[1])
    b[0] = np.log(share / (1.0 - share))
    return b


def _result(problem: Problem, b: Array, strengths: Array, steps: int, why: str) -> Fitted:
    loss = deviance(problem.design @ b, problem.outcome, problem.weights)
    return Fitted(b, strengths, information(problem, b), steps, loss, why)


def _newton(problem: Problem, b: Array, hessian: Array, penalty: Array) -> tuple[Array, float]:
    """Return the coefficients after one step, and what it promised of the penalised log-likelihood."""
    log_odds = problem.design @ b
    residual = problem.weights * (problem.outcome - expit(log_odds)) / problem.dispersion
    slope = problem.design.T @ residual - penalty @ b
    step = cho_solve(cho_factor(hessian + penalty), slope)
    if problem.order is not None and len(problem.order):
        step = ordered_minimum(hessian + penalty, b + step, problem.order) - b
    promise = float(slope @ step)
    along, before = problem.design @ step, penalised(problem, log_odds, b, penalty)
    share = 1.0
    while share > 1e-9:  # noqa: PLR2004
        after = penalised(problem, log_odds + share * along, b + share * step, penalty)
        if after <= before + 1e-12 * abs(before):
            return b + share * step, promise
        share /= 2.0
    return b, 0.0


def penalised(problem: Problem, log_odds: Array, b: Array, penalty: Array) -> float:
    """Return the penalised deviance, deviance / phi + b' S b.

    >>> one = Problem(np.ones((1, 1)), np.zeros(1), np.ones(1), ())
    >>> penalised(one, np.zeros(1), np.zeros(1), np.zeros((1, 1)))
    1.386294
    """
    return deviance(log_odds, problem.outcome, problem.weights) / problem.dispersion + float(b @ penalty @ b)


def updated_strengths(problem: Problem, strengths: Array, b: Array, hessian: Array) -> tuple[Array, float]:
    """Return the strengths after one update, and the greatest slope of the restricted likelihood in a log(lambda).

    `hessian` is the penalised one, (p, p). A slope that a bound holds back does not count.

    >>> one = Problem(np.ones((4, 1)), np.zeros(4), np.ones(4), ())
    >>> updated_strengths(one, np.zeros(0), np.zeros(1), np.eye(1))[1]
    0.0
    """
    covariance = cho_solve(cho_factor(hessian), np.eye(len(b)))
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
