"""Newton's method for the penalised logistic regression, from sums over the rows alone.

Where the outputs of a column sum to 1, as the intercept does, the penalty alone decides how a constant is split
between the two: at the optimum the weights of such a column sum to 0. So the search stays among those weights,
where nothing is flat.

The sums of a gradient are few, those of a Hessian many: each pair of columns has its own. So a Hessian is reused
for several steps and corrected after each (the update of Broyden, Fletcher, Goldfarb and Shanno; Nocedal and
Wright, Numerical Optimization, 2006, section 6.1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from risk_assets.domain.model.moments import Curvature, Moments, gradient_of, hessian_of, objective, weight_slices
from risk_assets.domain.model.piecewise import PiecewiseColumn
from risk_assets.domain.model.training_rows import TrainingError

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: As newton-cholesky's `tol`: of the largest mean gradient.
TOLERANCE = 1e-8
#: The last step moves the log-odds by less than about 1e-9 (half its squared length by the Hessian), and no weight
#: by more than LAST_STEP, so that the remaining error is far below any tolerance.
LAST_DECREMENT, LAST_STEP = 1e-19, 1e-6
#: After so many steps the Hessian is computed anew.
STEPS_PER_HESSIAN = 8
MOST_STEPS, MOST_HALVINGS = 100, 20
#: Relative error of a sum of losses: a rise by less is none.
LOSS_ERROR = 1e-13


class Measure(Protocol):
    """Computes the sums at an intercept followed by weights (1 + outputs,)."""

    def __call__(self, beta: NDArray[np.float64], *, curvature: Curvature) -> Moments:
        """Return the sums, those of w only with `curvature` "all"."""


@dataclass(frozen=True)
class Fit:
    """The optimum: intercept and weights (1 + outputs,), and the number of steps.

    `gradient` is the largest mean gradient before the last step.
    """

    beta: NDArray[np.float64]
    steps: int
    gradient: float


def fit(measure: Measure, columns: Sequence[PiecewiseColumn], c: float, start: NDArray[np.float64]) -> Fit:
    """Return the optimum, from a start (1 + outputs,): intercept and weights.

    Raises TrainingError when no step lowers the objective or MOST_STEPS are not enough.

    >>> line = PiecewiseColumn("x", basis=np.array([[[0.0], [1.0]]]), breaks=(0.0, 1.0))
    >>> t, left = np.array([0.0, 0.2, 0.8, 1.0]), np.array([0, 1, 0, 1])
    >>> def measure(beta, *, curvature):
    ...     z, powers = beta[0] + beta[1] * t, t ** np.arange(3)[:, None]
    ...     p, loss = 1 / (1 + np.exp(-z)), float((np.logaddexp(0, z) - left * z).sum())
    ...     return Moments(4, loss, [(powers[:2] @ (left - p))[None]], [(powers @ (p * (1 - p)))[None]], {})
    >>> fit(measure, [line], c=10.0, start=np.zeros(2)).beta.tolist()
    [-0.373, 0.745]
    """
    space, beta = _search_directions(columns), _centre(columns, start)
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
            hessian = _bfgs_update(hessian, share * step, gradient - before)
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
    """Return the share of the step, halved until the objective does not rise, and the sums there."""
    before, share = objective(moments, beta, c), 1.0
    for _ in range(MOST_HALVINGS + 1):
        trial = beta + share * step
        reached = measure(trial, curvature="none")
        if objective(reached, trial, c) <= before * (1 + LOSS_ERROR):
            return share, reached
        share /= 2
    raise TrainingError("the fit does not converge: no step along Newton's direction lowers the log-loss")


def _bfgs_update(
    hessian: NDArray[np.float64], step: NDArray[np.float64], change: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the Hessian updated by BFGS, so that it maps the step to the change of the gradient."""
    curved, explained = float(step @ change), hessian @ step
    # the objective is convex: a curvature that is not positive is a rounding error
    if curved <= np.finfo(np.float64).eps * float(np.linalg.norm(step) * np.linalg.norm(change)):
        return hessian
    return np.asarray(
        hessian + np.outer(change, change) / curved - np.outer(explained, explained) / float(step @ explained)
    )


def _search_directions(columns: Sequence[PiecewiseColumn]) -> NDArray[np.float64]:
    """Return an orthonormal basis (1 + outputs, free) of the weights that _centre returns."""
    from scipy.linalg import block_diag, null_space

    blocks = [
        null_space(np.ones((1, column.outputs))) if column.sums_to_one else np.eye(column.outputs)
        for column in columns
    ]
    return np.asarray(block_diag(np.eye(1), *blocks))


def _centre(columns: Sequence[PiecewiseColumn], beta: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the same shapes with weights that sum to 0 where a column's outputs sum to 1."""
    beta = beta.copy()
    for column, own in zip(columns, weight_slices(columns), strict=True):
        if column.sums_to_one:
            mean = beta[own].mean()
            beta[own] -= mean
            beta[0] += mean
    return beta


def _solve(matrix: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.linalg import LinAlgError, cho_factor, cho_solve

    try:
        return np.asarray(cho_solve(cho_factor(matrix), right))
    except LinAlgError as error:
        raise TrainingError("the fit does not converge: the columns leave some direction undetermined") from error
