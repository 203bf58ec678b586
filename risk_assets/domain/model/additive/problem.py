"""What is fitted: a design, outcomes, weights, and penalties on parts of the coefficients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from risk_assets.domain.model.additive.design import Design
    from risk_assets.domain.model.additive.pairs import Pair
    from risk_assets.domain.model.additive.terms import Penalty, Term

    Array = NDArray[np.float64]


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

    >>> from risk_assets.domain.model.additive.design import of_matrix
    >>> one = Problem(of_matrix(np.ones((2, 1))), np.array([0.0, 1.0]), np.ones(2), ())
    >>> one.dispersion, one.residual(np.zeros(2)).tolist(), one.working(np.zeros(2)).tolist()
    (1.0, [-0.5, 0.5], [0.25, 0.25])
    """

    design: Design
    outcome: Array
    weights: Array
    penalties: tuple[Placed, ...]
    dispersion: float = 1.0
    order: Array | None = None

    def residual(self, log_odds: Array) -> Array:
        """Return weights x (outcome - risk) / phi, the slope of the log-likelihood in each log-odds, (rows,)."""
        return self.weights * (self.outcome - expit(log_odds)) / self.dispersion

    def working(self, log_odds: Array) -> Array:
        """Return weights x risk x (1 - risk) / phi, the diagonal of W, (rows,)."""
        risk = expit(log_odds)
        return self.weights * risk * (1.0 - risk) / self.dispersion


def placed_penalties(parts: Sequence[Term | Pair]) -> tuple[Placed, ...]:
    """Return the penalties of terms and pairs, each where its coefficients stand behind the intercept.

    >>> from risk_assets.domain.model.additive.terms import design_term
    >>> [placed.span for placed in placed_penalties([design_term("a", np.arange(4.0))] * 2)]
    [slice(1, 5, None), slice(1, 5, None), slice(5, 9, None), slice(5, 9, None)]
    """
    found: list[Placed] = []
    start = 1
    for part in parts:
        found += [Placed(start, penalty) for penalty in part.penalties]
        start += part.width
    return tuple(found)


def initial_strengths(problem: Problem) -> Array:
    """Return 1 for each penalty, the strengths to begin with, (penalties,).

    >>> from risk_assets.domain.model.additive.design import of_matrix
    >>> initial_strengths(Problem(of_matrix(np.ones((2, 1))), np.array([0.0, 1.0]), np.ones(2), ())).shape
    (0,)
    """
    return np.ones(len(problem.penalties))


def penalty_matrix(problem: Problem, strengths: Array) -> Array:
    """Return S = sum of lambda_j S_j, (p, p).

    >>> from risk_assets.domain.model.additive.design import of_matrix
    >>> one = Problem(of_matrix(np.ones((2, 1))), np.array([0.0, 1.0]), np.ones(2), ())
    >>> penalty_matrix(one, np.zeros(0)).tolist()
    [[0.0]]
    """
    width = problem.design.width
    total = np.zeros((width, width))
    for placed, strength in zip(problem.penalties, strengths, strict=True):
        total[placed.span, placed.span] += strength * placed.penalty.matrix
    return total
