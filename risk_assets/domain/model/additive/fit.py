"""The penalised likelihood's maximum, and the penalties' strengths by restricted maximum likelihood.

The coefficients b maximise l(b) / phi - b' S b / 2, with l the log-likelihood of the logistic regression and
S = sum of lambda_j S_j, by Newton's method. Before each step the lambdas are updated at the maximum of the step's
quadratic model, a few times, as in performance iteration (Wood, Li, Shaddick and Augustin 2017, JASA 112).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from risk_assets.domain.model.additive.order import inverse, ordered_minimum
from risk_assets.domain.model.additive.problem import Problem, penalty_matrix
from risk_assets.domain.model.additive.strengths import updated_strengths

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

MOST_STEPS = 200
#: The penalties stand still where the restricted log-likelihood's slope in each log(lambda) is below this.
FLAT = 0.01
#: X'WX is computed anew once W has changed by more than this share in all, or steps get shorter by less than that.
SAME, SHORTER = 0.01, 0.1
#: For each X'WX, so many updates of the penalties at most.
UPDATES = 3
#: Newton's method stands still where it promises less of the penalised log-likelihood than this per row.
STILL = 1e-13


@dataclass(frozen=True)
class Fitted:
    """The maximum: coefficients (p,), strengths (penalties,), information X'WX / phi (p, p), log-odds (rows,).

    `working` (rows,) is the diagonal of W / phi that the information was computed with. `problem` says why it did
    not come to rest, and is empty where it converged.

    >>> Fitted(np.zeros(1), np.zeros(0), np.eye(1), np.full(2, 0.5), 3, np.zeros(2), 1.4, "").converged
    True
    """

    coefficients: Array
    strengths: Array
    information: Array
    working: Array
    steps: int
    log_odds: Array
    deviance: float
    problem: str

    @property
    def converged(self) -> bool:
        """Return whether coefficients and penalties stand still."""
        return not self.problem


def deviance(log_odds: Array, outcome: Array, weights: Array) -> float:
    """Return minus twice the weighted log-likelihood; all (rows,).

    >>> deviance(np.zeros(2), np.array([0.0, 1.0]), np.ones(2))
    2.772589
    """
    loss = np.logaddexp(0.0, log_odds) - outcome * log_odds
    return 2.0 * float(weights @ loss)


def restricted_likelihood(problem: Problem, fitted: Fitted) -> float:
    """Return Laplace's approximation of the log of the restricted likelihood, less a constant (Wood 2011).

    l / phi - b'Sb / 2 + log|S| / 2 - log|X'WX / phi + S| / 2. All but the intercept is penalised.

    >>> from risk_assets.domain.model.additive.design import of_matrix
    >>> one = Problem(of_matrix(np.ones((4, 1))), np.array([0.0, 0.0, 1.0, 1.0]), np.ones(4), ())
    >>> restricted_likelihood(one, fit(one, np.zeros(0)))  # 4 log(1 / 2), X'WX = 1
    -2.772589
    """
    b, penalty = fitted.coefficients, penalty_matrix(problem, fitted.strengths)
    prior, posterior = np.linalg.slogdet(penalty[1:, 1:])[1], np.linalg.slogdet(fitted.information + penalty)[1]
    return float(-fitted.deviance / problem.dispersion - b @ penalty @ b + prior - posterior) / 2


def fit(
    problem: Problem, strengths: Array, start: Array | Fitted | None = None, *, updates: int | None = None
) -> Fitted:
    """Return the maximum; strengths (penalties,) to begin with, at most `updates` of the penalties.

    `start` are coefficients (p,), or a fit of the same design, whose X'WX is used as long as W stays as it was.
    updates=0 keeps the strengths given. Raises ValueError where all outcomes are alike.

    >>> from risk_assets.domain.model.additive.design import of_matrix
    >>> one = Problem(of_matrix(np.ones((4, 1))), np.array([0.0, 0.0, 0.0, 1.0]), np.ones(4), ())
    >>> fit(one, np.zeros(0)).coefficients
    array([-1.098612])
    """
    known, weights = np.zeros((0, 0)), np.zeros(len(problem.outcome))
    if isinstance(start, Fitted):
        known, weights, start = start.information, start.working, start.coefficients
    b = _beginning(problem) if start is None else start
    point = Point(b, problem.design @ b)
    updating = updates != 0 and not all(placed.penalty.fixed for placed in problem.penalties)
    updated, promise, slow = 0, np.inf, False
    for step in range(1, MOST_STEPS + 1):
        working = problem.working(point.log_odds)
        if slow or np.abs(working - weights).sum() > SAME * weights.sum():
            known, weights = problem.design.gram(working), working
        slope, flat = problem.design.summed(problem.residual(point.log_odds)), not updating
        while updating and not flat and updated != updates and updated < UPDATES * step:
            strengths, flat = _updated(problem, strengths, known, known @ point.coefficients + slope)
            updated += 1
        penalty = penalty_matrix(problem, strengths)
        before = promise
        point, promise = _newton(problem, point, slope, known, penalty)
        slow = promise > SHORTER**2 * before
        if updating:
            updating = updated != updates and not (flat and promise < FLAT)
        elif promise <= STILL * len(point.log_odds):
            return _result(problem, point, strengths, (known, weights), step)
    why = f"the fit did not come to rest in {MOST_STEPS} steps"
    return replace(_result(problem, point, strengths, (known, weights), MOST_STEPS), problem=why)


def approached(problem: Problem, part: Fitted, factor: float) -> Array:
    """Return coefficients (p,) nearer to the maximum than those of a part, each row of which stands for `factor`.

    One step with the information of the part times `factor`, which spares an X'WX of all rows.

    >>> from risk_assets.domain.model.additive.design import of_matrix
    >>> one = Problem(of_matrix(np.ones((2, 1))), np.array([0.0, 1.0]), np.ones(2), ())
    >>> two = Problem(of_matrix(np.ones((4, 1))), np.array([0.0, 1.0, 1.0, 1.0]), np.ones(4), ())
    >>> approached(two, fit(one, np.zeros(0)), 2.0)
    array([1.])
    """
    point = Point(part.coefficients, problem.design @ part.coefficients)
    slope, penalty = (
        problem.design.summed(problem.residual(point.log_odds)),
        penalty_matrix(problem, part.strengths),
    )
    return _newton(problem, point, slope, factor * part.information, penalty)[0].coefficients


def _updated(problem: Problem, strengths: Array, known: Array, target: Array) -> tuple[Array, bool]:
    """Return the strengths after one update at the quadratic model's maximum, and whether they stand still."""
    covariance = inverse(known + penalty_matrix(problem, strengths))
    strengths, slope = updated_strengths(problem, strengths, covariance @ target, covariance)
    return strengths, slope < FLAT


@dataclass(frozen=True)
class Point:
    """Coefficients (p,) and the log-odds (rows,) that follow from them.

    >>> Point(np.zeros(1), np.zeros(3)).moved(np.ones(1), np.ones(3), 0.5).log_odds.tolist()
    [0.5, 0.5, 0.5]
    """

    coefficients: Array
    log_odds: Array

    def moved(self, step: Array, along: Array, share: float) -> Point:
        """Return the point a share of the step further; along (rows,) is the step's change of the log-odds."""
        return Point(self.coefficients + share * step, self.log_odds + share * along)


def _beginning(problem: Problem) -> Array:
    total = problem.weights.sum()
    share = float(problem.weights @ problem.outcome) / total if total else 0.0
    if not 0.0 < share < 1.0:
        raise ValueError("a model needs outcomes of both kinds")
    b = np.zeros(problem.design.width)
    b[0] = np.log(share / (1.0 - share))
    return b


def _result(problem: Problem, point: Point, strengths: Array, known: tuple[Array, Array], steps: int) -> Fitted:
    loss = deviance(point.log_odds, problem.outcome, problem.weights)
    return Fitted(point.coefficients, strengths, *known, steps, point.log_odds, loss, "")


def _newton(problem: Problem, point: Point, slope: Array, known: Array, penalty: Array) -> tuple[Point, float]:
    """Return the next point, and what the step promised of the penalised log-likelihood; slope is unpenalised."""
    b = point.coefficients
    slope = slope - penalty @ b
    step = cho_solve(cho_factor(known + penalty), slope)
    if problem.order is not None and len(problem.order):
        step = ordered_minimum(known + penalty, b + step, problem.order) - b
    promise, along = float(slope @ step), problem.design @ step
    before, share = penalised(problem, point, penalty), 1.0
    while share > 1e-9:  # noqa: PLR2004
        found = point.moved(step, along, share)
        if penalised(problem, found, penalty) <= before + 1e-12 * abs(before):
            return found, promise
        share /= 2.0
    return point, 0.0


def penalised(problem: Problem, point: Point, penalty: Array) -> float:
    """Return the penalised deviance, deviance / phi + b' S b.

    >>> from risk_assets.domain.model.additive.design import of_matrix
    >>> one = Problem(of_matrix(np.ones((1, 1))), np.zeros(1), np.ones(1), ())
    >>> penalised(one, Point(np.zeros(1), np.zeros(1)), np.zeros((1, 1)))
    1.386294
    """
    loss = deviance(point.log_odds, problem.outcome, problem.weights) / problem.dispersion
    return loss + float(point.coefficients @ penalty @ point.coefficients)
