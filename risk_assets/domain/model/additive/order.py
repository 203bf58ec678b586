"""Linear algebra of small matrices: an inverse, and the quadratic programme that keeps a curve monotone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import cho_factor, cho_solve, solve_triangular

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


def inverse(matrix: Array) -> Array:
    """Return the inverse of a positive definite matrix, (p, p).

    >>> inverse(np.diag([2.0, 4.0])).tolist()
    [[0.5, 0.0], [0.0, 0.25]]
    """
    return cho_solve(cho_factor(matrix), np.eye(len(matrix)))


def ordered_minimum(hessian: Array, free: Array, order: Array) -> Array:
    """Return the b that minimises (b - free)' hessian (b - free) with order @ b >= 0; (p, p), (p,), (rows, p).

    Its dual is a least-squares problem in multipliers of 0 or more (Lawson and Hanson 1974, chapter 23).

    >>> ordered_minimum(np.eye(2), np.array([3.0, 1.0]), np.array([[-1.0, 1.0]])).tolist()
    [2.0, 2.0]
    """
    factor = cho_factor(hessian, lower=True)
    moved = cho_solve(factor, order.T)
    gram, violation = order @ moved, order @ free
    root = np.linalg.cholesky(gram + 1e-13 * np.trace(gram) * np.eye(len(gram)))
    multipliers = nonnegative_least_squares(root.T, solve_triangular(root, -violation, lower=True))
    result: Array = free + moved @ multipliers
    return result


def nonnegative_least_squares(matrix: Array, target: Array) -> Array:
    """Return the x >= 0 that minimises |matrix x - target|, by Lawson and Hanson's active sets; (m, n), (m,).

    >>> nonnegative_least_squares(np.eye(2), np.array([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    """
    count = matrix.shape[1]
    x, active = np.zeros(count), np.zeros(count, dtype=bool)
    tolerance = 1e-12 * max(float(np.abs(matrix.T @ target).max()), 1e-300)
    for _ in range(10 * count):
        slope = np.where(active, -np.inf, matrix.T @ (target - matrix @ x))
        if slope.max() <= tolerance:
            break
        active[int(slope.argmax())] = True
        x = _feasible(matrix, target, x, active)
    return x


def _feasible(matrix: Array, target: Array, x: Array, active: NDArray[np.bool_]) -> Array:
    while True:
        best = np.zeros(len(x))
        best[active] = np.linalg.lstsq(matrix[:, active], target, rcond=None)[0]
        negative = active & (best <= 0)
        if not negative.any():
            return best
        share = float((x[negative] / np.maximum(x[negative] - best[negative], 1e-300)).min())
        x = np.where(active, x + share * (best - x), 0.0)
        active &= x > 1e-14 * max(float(x.max()), 1e-300)
