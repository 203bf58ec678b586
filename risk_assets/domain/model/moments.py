"""Objective, gradient and Hessian of the penalised logistic regression, from sums over the rows.

The objective is scikit-learn's: mean log-loss + |weights|^2 / (2 C n), the intercept unpenalised.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from risk_assets.domain.model.piecewise import PiecewiseColumn

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Which sums of w are wanted: none, or those of each column and each pair.
Curvature = Literal["none", "all"]


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


def objective(moments: Moments, beta: NDArray[np.float64], c: float) -> float:
    """Return mean log-loss + |weights|^2 / (2 C n) at intercept and weights `beta` (1 + outputs,).

    >>> moments = Moments(rows=10, loss=7.0, residual=[], weight=[], cross={})
    >>> objective(moments, np.array([-2.0, 1.0]), c=0.5)
    0.8
    """
    return (moments.loss + float(beta[1:] @ beta[1:]) / (2 * c)) / moments.rows


def gradient_of(
    columns: Sequence[PiecewiseColumn], moments: Moments, beta: NDArray[np.float64], c: float
) -> NDArray[np.float64]:
    """Return the gradient (1 + outputs,) of the objective.

    >>> line = PiecewiseColumn("x", basis=np.array([[[0.0], [1.0]]]), breaks=(0.0, 1.0))
    >>> moments = Moments(10, 7.0, residual=[np.array([[3.0, 1.0]])], weight=[], cross={})
    >>> gradient_of([line], moments, np.array([-2.0, 1.0]), c=0.5).tolist()
    [-0.3, 0.1]
    """
    sums = [np.einsum("pai,pa->i", column.basis, r) for column, r in zip(columns, moments.residual, strict=True)]
    gradient = -np.concatenate([[moments.residual[0][:, 0].sum()], *sums])
    gradient[1:] += beta[1:] / c
    return np.asarray(gradient / moments.rows)


def hessian_of(columns: Sequence[PiecewiseColumn], moments: Moments, c: float) -> NDArray[np.float64]:
    """Return the Hessian (1 + outputs, 1 + outputs) of the objective; 0 for pairs whose sums are missing.

    >>> line = PiecewiseColumn("x", basis=np.array([[[0.0], [1.0]]]), breaks=(0.0, 1.0))
    >>> moments = Moments(10, 7.0, residual=[], weight=[np.array([[2.0, 1.0, 0.6]])], cross={})
    >>> hessian_of([line], moments, c=0.5).tolist()
    [[0.2, 0.1], [0.1, 0.26]]
    """
    slices = weight_slices(columns)
    size = slices[-1].stop
    hessian = np.zeros((size, size))
    hessian[0, 0] = moments.weight[0][:, 0].sum()
    for column, own, sums in zip(columns, slices, moments.weight, strict=True):
        hessian[0, own] = np.einsum("pai,pa->i", column.basis, sums[:, : column.degree + 1])
        hessian[own, own] = _own(column, sums)
    for (j, k), sums in moments.cross.items():
        block = np.einsum("pai,pqab,qbl->il", columns[j].basis, sums, columns[k].basis, optimize=True)
        hessian[slices[j], slices[k]] = block
    upper = np.triu(hessian, 1)
    penalty = np.where(np.arange(size) > 0, 1 / c, 0)
    return np.asarray((np.diag(np.diag(hessian) + penalty) + upper + upper.T) / moments.rows)


def _own(column: PiecewiseColumn, sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the Hessian's block of one column."""
    powers = np.arange(column.degree + 1)
    square = sums[:, powers[:, None] + powers[None, :]]
    return np.asarray(np.einsum("pai,pab,pbl->il", column.basis, square, column.basis, optimize=True))


def weight_slices(columns: Sequence[PiecewiseColumn]) -> list[slice]:
    """Return the slice of each column's weights in (1 + outputs,), whose first is the intercept.

    >>> line = PiecewiseColumn("x", basis=np.zeros((1, 2, 1)))
    >>> spline = PiecewiseColumn("y", basis=np.zeros((7, 4, 10)))
    >>> weight_slices([line, spline])
    [slice(1, 2, None), slice(2, 12, None)]
    """
    ends = itertools.accumulate((column.outputs for column in columns), initial=1)
    return [slice(start, end) for start, end in itertools.pairwise(ends)]
