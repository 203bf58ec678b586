"""B-splines by the recursion of Cox and de Boor (de Boor, A Practical Guide to Splines, 1978), in numpy alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def nonzero_bsplines(
    x: NDArray[np.float64], knots: NDArray[np.float64], degree: int
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return the first B-spline that is not 0 at each x (n,), and the values of it and the next `degree`.

    `knots` are ascending, the outer ones included `degree` times more; x lies between the outer ones. The values
    have the shape (n, degree + 1) and add up to 1.

    >>> first, values = nonzero_bsplines(np.array([0.5, 2.0]), np.array([0.0, 0.0, 1.0, 2.0, 2.0]), degree=1)
    >>> first.tolist(), values.tolist()
    ([0, 1], [[0.5, 0.5], [0.0, 1.0]])
    """
    piece = knots[degree + 1 : -degree - 1].searchsorted(x, side="right") + degree
    values = [np.ones(len(x))]
    for order in range(1, degree + 1):
        carried = np.zeros(len(x))
        for place in range(order):
            right, left = knots[piece + place + 1], knots[piece + place + 1 - order]
            share = values[place] / (right - left)
            values[place] = carried + (right - x) * share
            carried = (x - left) * share
        values.append(carried)
    return piece - degree, np.column_stack(values)


def lines_between(
    x: NDArray[np.float64], knots: NDArray[np.float64]
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return the knot before each x (n,), and the shares (n, 2) of it and the next one.

    These are the B-splines of degree 1, exact too where some knots lie a hundred orders closer than others.

    >>> before, shares = lines_between(np.array([0.5, 9.0]), np.array([0.0, 1.0, 3.0]))
    >>> before.tolist(), shares.tolist()
    ([0, 1], [[0.5, 0.5], [0.0, 1.0]])
    """
    before = knots[1:-1].searchsorted(x, side="right")
    low, high = knots[before], knots[before + 1]
    share = np.clip((x - low) / (high - low), 0.0, 1.0)
    return before, np.column_stack([1.0 - share, share])
