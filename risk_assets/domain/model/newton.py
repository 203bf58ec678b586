"""Newton's method for the penalised logistic regression, from sums over the rows alone.

Where the outputs of a column sum to 1, as the intercept does, the penalty alone decides how a constant is split
between the two: at the optimum the weights of such a column sum to 0. So the search stays among those weights,
where nothing is flat.

The sums of a gradient are few, those of a Hessian many: each pair of columns has its own. So a Hessian serves for
several steps, and each of them teaches it what it got wrong (the update of Broyden, Fletcher, Goldfarb and Shanno;
Nocedal and Wright, Numerical Optimization, 2006, section 6.1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from risk_assets.domain.model.moments import Curvature, Moments, gradient_of, hessian_of, objective, places_of
from risk_assets.domain.model.piecewise import PiecewiseColumn
from risk_assets.domain.model.training_rows import TrainingError

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: As newton-cholesky's `tol`: of the largest mean gradient.
TOLERANCE = 1e-8
#: The last step moves the log-odds by less than about 1e-9 (half its squared length by the Hessian), and no weight
#: by more than LAST_STEP, so that what is left behind it is far below what anyone compares.
LAST_DECREMENT, LAST_STEP = 1e-19, 1e-6
#: A Hessian serves for so many steps.
STEPS_PER_HESSIAN = 8
MOST_STEPS, MOST_HALVINGS = 100, 20
#: Relative error of a sum of losses: a rise by less is none.
LOSS_ERROR = 1e-13


class Measure(Protocol):
    """Gives the sums at an intercept followed by weights (1 + outputs,)."""

    def __call__(self, beta: NDArray[np.float64], *, curvature: Curvature) -> Moments:
        """Return the sums, with as many of w as are wanted."""


@dataclass(frozen=True)
class Fit:
    """The optimum: intercept and weights (1 + outputs,), and the number of steps that led there.

    `gradient` is the largest mean gradient before the last step.
    """

    beta: NDArray[np.float64]
    steps: int
    gradient: float


def fit(measure: Measure, columns: Sequence[PiecewiseColumn], c: float, start: NDArray[np.float64]) -> Fit:
    """Return the optimum, looked for from an intercept and weights (1 + outputs,).

    Raises TrainingError when no step gets nearer or MOST_STEPS are not enough.

    >>> column = PiecewiseColumn("region", np.eye(2)[:, None, :], categories=("north", "south"))
    >>> left, stayed = np.array([3.0, 1.0]), np.array([1.0, 3.0])  # of four clients in each region
    >>> def measure(beta, *, curvature):
    ...     p = 1 / (1 + np.exp(-(beta[0] + beta[1:])))
    ...     loss = -(left @ np.log(p) + stayed @ np.log(1 - p))
    ...     residual, weight = left - 4 * p, 4 * p * (1 - p)
    ...     return Moments(8, float(loss), [residual[:, None]], [weight[:, None]], {})
    >>> fit(measure, [column], c=1e6, start=np.zeros(3)).beta.round(3).tolist()  # +-log(3)
    [0.0, 1.099, -1.099]
    """
    space, beta = _weighted(columns), _balance(columns, start)
    moments = measure(beta, curvature="all")
    gradient, hessian = _reduced(space, columns, moments, beta, c)
    for steps in range(1, MOST_STEPS + 1):
        step = _solve(hessian, -gradient)
        if _is_last(gradient, hessian, step):
            return Fit(beta + space @ step, steps, float(np.abs(space @ gradient).max()))
        share, moments = _descend(measure, beta, space @ step, moments, c)
        beta = beta + share * (space @ step)
        if steps % STEPS_PER_HESSIAN:
            before, gradient = gradient, space.T @ gradient_of(columns, moments, beta, c)
            hessian = _fitted_parameters(hessian, share * step, gradient - before)
        else:
            gradient, hessian = _reduced(space, columns, measure(beta, curvature="all"), beta, c)
    raise TrainingError(f"the fit does not converge within {MOST_STEPS} steps")


def _reduced(
    space: NDArray[np.float64],
    columns: Sequence[PiecewiseColumn],
    moments: Moments,
    beta: NDArray[np.float64],
    c: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return gradient and Hessian in the directions of the search."""
    return space.T @ gradient_of(columns, moments, beta, c), space.T @ hessian_of(columns, moments, c) @ space


def _is_last(gradient: NDArray[np.float64], hessian: NDArray[np.float64], step: NDArray[np.float64]) -> bool:
    decrement = 0.5 * float(step @ hessian @ step)
    return bool(
        np.abs(gradient).max() <= TOLERANCE and decrement <= LAST_DECREMENT and np.abs(step).max() <= LAST_STEP
    )


def _descend(
    measure: Measure, beta: NDArray[np.float64], step: NDArray[np.float64], moments: Moments, c: float
) -> tuple[float, Moments]:
    """Return the share of the step after which the objective has not risen, halved as often as needed."""
    before, share = objective(moments, beta, c), 1.0
    for _ in range(MOST_HALVINGS + 1):
        trial = beta + share * step
        found = measure(trial, curvature="none")
        if objective(found, trial, c) <= before * (1 + LOSS_ERROR):
            return share, found
        share /= 2
    raise TrainingError("the fit does not converge: no step along Newton's direction lowers the log-loss")


def _fitted_parameters(
    hessian: NDArray[np.float64], step: NDArray[np.float64], change: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the Hessian that explains the change of the gradient along the step, and is as before otherwise."""
    curved, explained = float(step @ change), hessian @ step
    # the objective is convex: no curvature is rounding, and teaches nothing
    if curved <= np.finfo(np.float64).eps * float(np.linalg.norm(step) * np.linalg.norm(change)):
        return hessian
    return np.asarray(
        hessian + np.outer(change, change) / curved - np.outer(explained, explained) / float(step @ explained)
    )


def _weighted(columns: Sequence[PiecewiseColumn]) -> NDArray[np.float64]:
    """Return an orthonormal basis (1 + outputs, free) of the weights that _balance gives."""
    from scipy.linalg import block_diag, null_space

    blocks = [
        null_space(np.ones((1, column.outputs))) if column.sums_to_one else np.eye(column.outputs)
        for column in columns
    ]
    return np.asarray(block_diag(np.eye(1), *blocks))


def _balance(columns: Sequence[PiecewiseColumn], beta: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the same shapes with weights that sum to 0 where a column's outputs sum to 1."""
    beta = beta.copy()
    for column, place in zip(columns, places_of(columns), strict=True):
        if column.sums_to_one:
            mean = beta[place].mean()
            beta[place] -= mean
            beta[0] += mean
    return beta


def _solve(matrix: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.linalg import LinAlgError, cho_factor, cho_solve

    try:
        return np.asarray(cho_solve(cho_factor(matrix), right))
    except LinAlgError as error:
        raise TrainingError("the fit does not converge: the columns leave some direction undetermined") from error
