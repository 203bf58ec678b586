"""Newton's method for the penalised logistic regression, from sums over the rows alone.

The objective is scikit-learn's: mean log-loss + |weights|^2 / (2 C n), the intercept unpenalised. Where the
outputs of a column sum to 1, as the intercept does, the penalty alone decides how a constant is split between the
two: at the optimum the weights of such a column sum to 0. So the search stays among those weights, where nothing
is flat.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from risk_assets.domain.piecewise import PiecewiseColumn
from risk_assets.domain.training_rows import TrainingError

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: As newton-cholesky's `tol`: of the largest mean gradient, and of half the squared Newton decrement.
TOLERANCE = 1e-8
#: The last step may be no longer than this, so that what is left behind it is far below what anyone compares.
LAST_STEP = 1e-5
MOST_STEPS, MOST_HALVINGS = 100, 20
#: Relative error of a sum of losses: a rise by less is none.
LOSS_ERROR = 1e-13


@dataclass(frozen=True)
class Moments:
    """Sums over the rows at some weights, where p is the risk, r = y - p and w = p * (1 - p).

    `loss` is the sum of the log-losses, `residual[j][piece, a]` that of r * t_j ** a, `weight[j][piece, a]` that
    of w * t_j ** a (a up to twice the degree), and `cross[j, k][piece_j, piece_k, a, b]` that of
    w * t_j ** a * t_k ** b for j < k.
    """

    rows: int
    loss: float
    residual: Sequence[NDArray[np.float64]]
    weight: Sequence[NDArray[np.float64]]
    cross: Mapping[tuple[int, int], NDArray[np.float64]]


@dataclass(frozen=True)
class Fit:
    """The optimum: intercept and weights (1 + outputs,), and the number of steps that led there.

    `gradient` is the largest mean gradient before the last step.
    """

    beta: NDArray[np.float64]
    steps: int
    gradient: float


#: Gives the sums at an intercept followed by weights (1 + outputs,).
Measure = Callable[["NDArray[np.float64]"], Moments]


def fit(measure: Measure, columns: Sequence[PiecewiseColumn], c: float, start: NDArray[np.float64]) -> Fit:
    """Return the optimum, from an intercept and weights (1 + outputs,) to start with.

    Raises TrainingError when no step gets nearer or MOST_STEPS are not enough.
    """
    space = _balanced(columns)
    beta = _balance(columns, start)
    moments = measure(beta)
    for steps in range(1, MOST_STEPS + 1):
        gradient, hessian = system(columns, moments, beta, c)
        step = space @ _solve(space.T @ hessian @ space, -(space.T @ gradient))
        if _is_last(gradient, hessian, step):
            return Fit(beta + step, steps, float(np.abs(gradient).max()))
        beta, moments = _descend(measure, beta, step, moments, c)
    raise TrainingError(f"the fit does not converge within {MOST_STEPS} Newton steps")


def _is_last(gradient: NDArray[np.float64], hessian: NDArray[np.float64], step: NDArray[np.float64]) -> bool:
    decrement = 0.5 * float(step @ hessian @ step)
    return bool(np.abs(gradient).max() <= TOLERANCE and decrement <= TOLERANCE and np.abs(step).max() <= LAST_STEP)


def _descend(
    measure: Measure, beta: NDArray[np.float64], step: NDArray[np.float64], moments: Moments, c: float
) -> tuple[NDArray[np.float64], Moments]:
    """Go the step, or half of it as often as needed for the objective not to rise."""
    before = objective(moments, beta, c)
    for _ in range(MOST_HALVINGS + 1):
        trial = beta + step
        found = measure(trial)
        if objective(found, trial, c) <= before * (1 + LOSS_ERROR):
            return trial, found
        step = step / 2
    raise TrainingError("the fit does not converge: no step along Newton's direction lowers the log-loss")


def objective(moments: Moments, beta: NDArray[np.float64], c: float) -> float:
    """Return mean log-loss + |weights|^2 / (2 C n)."""
    return (moments.loss + float(beta[1:] @ beta[1:]) / (2 * c)) / moments.rows


def system(
    columns: Sequence[PiecewiseColumn], moments: Moments, beta: NDArray[np.float64], c: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return gradient (1 + outputs,) and Hessian (1 + outputs, 1 + outputs) of the objective."""
    ends = np.cumsum([1, *(column.outputs for column in columns)])
    places = [slice(start, end) for start, end in itertools.pairwise(ends.tolist())]
    gradient, hessian = np.zeros(ends[-1]), np.zeros((ends[-1], ends[-1]))
    gradient[0], hessian[0, 0] = -moments.residual[0][:, 0].sum(), moments.weight[0][:, 0].sum()
    for j, (column, place) in enumerate(zip(columns, places, strict=True)):
        gradient[place] = -np.einsum("pai,pa->i", column.basis, moments.residual[j])
        hessian[0, place] = np.einsum("pai,pa->i", column.basis, moments.weight[j][:, : column.degree + 1])
        hessian[place, place] = _own(column, moments.weight[j])
    for (j, k), sums in moments.cross.items():
        block = np.einsum("pai,pqab,qbl->il", columns[j].basis, sums, columns[k].basis, optimize=True)
        hessian[places[j], places[k]] = block
    upper = np.triu(hessian, 1)
    hessian = np.diag(np.diag(hessian)) + upper + upper.T
    gradient[1:] += beta[1:] / c
    hessian[np.arange(1, ends[-1]), np.arange(1, ends[-1])] += 1 / c
    return gradient / moments.rows, hessian / moments.rows


def _own(column: PiecewiseColumn, sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the Hessian's block of one column."""
    powers = np.arange(column.degree + 1)
    square = sums[:, powers[:, None] + powers[None, :]]
    return np.asarray(np.einsum("pai,pab,pbl->il", column.basis, square, column.basis, optimize=True))


def _balanced(columns: Sequence[PiecewiseColumn]) -> NDArray[np.float64]:
    """Return an orthonormal basis (1 + outputs, free) of the weights that _balance gives."""
    from scipy.linalg import block_diag, null_space

    blocks = [
        null_space(np.ones((1, column.outputs))) if column.sums_to_one else np.eye(column.outputs)
        for column in columns
    ]
    return np.asarray(block_diag(np.eye(1), *blocks))


def _balance(columns: Sequence[PiecewiseColumn], beta: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the same shapes with weights that sum to 0 where a column's outputs sum to 1."""
    beta, start = beta.copy(), 1
    for column in columns:
        place = slice(start, start + column.outputs)
        if column.sums_to_one:
            mean = beta[place].mean()
            beta[place] -= mean
            beta[0] += mean
        start += column.outputs
    return beta


def _solve(matrix: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.linalg import LinAlgError, cho_factor, cho_solve

    try:
        return np.asarray(cho_solve(cho_factor(matrix), right))
    except LinAlgError as error:
        raise TrainingError("the fit does not converge: the columns leave some direction undetermined") from error
