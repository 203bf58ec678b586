"""A column's term in the additive model: its basis, centred, and the penalties on its coefficients."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, cast

import numpy as np
from scipy.linalg import block_diag, null_space

from risk_assets.domain.model.forms import Basis, frequent, quantile_knots, refuse_infinite, spikes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from risk_assets.domain.model.forms import Values

    Monotone = Literal["increasing", "decreasing"]

#: A numeric column with at most so many distinct values takes a level at each.
MOST_LEVELS = 12
#: A curve's knots are these quantiles, closer at the ends, where a piece of equally many rows would be wide.
KNOTS = (0.0, 0.03, 0.12, 0.25, 0.37, 0.5, 0.63, 0.75, 0.88, 0.97, 1.0)
#: Numbers that lie closer are taken for one.
LEAST_GAP = 1e-100
#: A penalty of levels with at most this rank tells too little of its own strength, which is then 1.
FIXED_RANK = 3


@dataclass(frozen=True)
class Pieces:
    """What a curve is made of: polynomials of a degree between knots with these shares of the rows below them.

    >>> CUBIC.degree, len(CUBIC.shares)
    (3, 11)
    """

    shares: tuple[float, ...]
    degree: int


CUBIC = Pieces(KNOTS, 3)


@dataclass(frozen=True)
class Penalty:
    """A quadratic penalty b' matrix b on a term's coefficients; matrix (width, width), largest eigenvalue 1.

    `fixed` says that its strength is 1 and is not estimated.

    >>> Penalty("levels", np.eye(2), rank=2, fixed=True).rank
    2
    """

    kind: str
    matrix: NDArray[np.float64]
    rank: int
    fixed: bool = False


@dataclass(frozen=True)
class Term:
    """One column's part of the log-odds: design(values) @ coefficients.

    `contrast` (basis.size, width) makes the curve's average over its training rows 0. A monotone term keeps
    `sign * differences of (contrast @ coefficients)` at 0 or more among its curve's functions. `special` are the
    numbers that are levels by declaration.

    >>> term = design_term("size", np.array([1.0, 2.0, 3.0] * 9))
    >>> term.name, term.width, term.design(np.array([2.0])).shape
    ('size', 3, (1, 3))
    >>> term.nonzero({"size": np.array([2.5])}, slice(None))[0].tolist()
    [[1, 2]]
    """

    basis: Basis
    contrast: NDArray[np.float64]
    penalties: tuple[Penalty, ...]
    monotone: Monotone | None = None
    special: tuple[float, ...] = ()

    @property
    def name(self) -> str:
        """Return the column's name."""
        return self.basis.column

    @property
    def width(self) -> int:
        """Return the number of coefficients."""
        return int(self.contrast.shape[1])

    def nonzero(self, columns: Mapping[str, Values], rows: slice) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Return the basis functions that may not be 0 in these rows, and what they are there, (rows, few)."""
        return self.basis.nonzero(columns[self.name][rows])

    def design(self, values: Values) -> NDArray[np.float64]:
        """Return the term's columns of the design matrix, (rows, width). Raises as evaluate does."""
        return self.basis.evaluate(values) @ self.contrast

    def order(self) -> NDArray[np.float64]:
        """Return the rows a of the constraints a @ coefficients >= 0 that make a monotone curve, (number, width).

        Coefficients of B-splines in order make the curve monotone (de Boor, A Practical Guide to Splines, 1978).

        >>> design_term("size", np.arange(3.0), monotone="increasing").order().shape
        (2, 3)
        """
        curve = self.contrast[: self.basis.curve_size]
        if self.monotone is None or len(curve) < 2:  # noqa: PLR2004
            return np.zeros((0, self.width))
        differences = np.diff(curve, axis=0)
        return differences if self.monotone == "increasing" else -differences


def design_term(
    column: str,
    values: Values,
    *,
    monotone: Monotone | None = None,
    pieces: Pieces = CUBIC,
    special: tuple[float, ...] = (),
) -> Term:
    """Return the term of a column; values (rows,), numbers with NaN or objects with None where missing.

    Numbers of more than 12 distinct values: a P-spline (Eilers and Marx 1996) of these pieces. Fewer: straight
    lines from level to level. Numbers that are `special` are levels beside the curve. Categories: indicators with
    a ridge. Raises ValueError for an infinite number, or a monotone category.

    >>> [penalty.kind for penalty in design_term("size", np.arange(50.0)).penalties]
    ['bend', 'line', 'levels']
    """
    if values.dtype == object:
        if monotone:
            raise ValueError(f"{column}: categories have no order to be monotone in")
        return _centred(Basis(column, (), 1, frequent(values), categorical=True), values, None)
    numbers = np.asarray(values, dtype=float)
    refuse_infinite(column, numbers)
    basis = _numeric_basis(column, numbers, pieces, special, spiked=monotone is None)
    return replace(_centred(basis, numbers, monotone), special=special)


def _numeric_basis(
    column: str, numbers: NDArray[np.float64], pieces: Pieces, special: tuple[float, ...], *, spiked: bool
) -> Basis:
    known = np.sort(numbers[~np.isnan(numbers) & ~np.isin(numbers, special)])
    distinct, levels = apart(np.unique(known)), special
    if spiked and len(distinct) > MOST_LEVELS and (found := spikes(numbers)):
        levels = tuple(dict.fromkeys((*special, *found)))
        known = known[~np.isin(known, levels)]
        distinct = apart(np.unique(known))
    if len(distinct) <= MOST_LEVELS:
        return Basis(column, tuple(distinct.tolist()), 1, levels)
    knots = quantile_knots(known, pieces.shares)
    return Basis(column, knots, pieces.degree if len(knots) > 2 else 1, levels)  # noqa: PLR2004


def apart(distinct: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ascending numbers without those that lie so close to the one before that to divide by it overflows.

    >>> apart(np.array([0.0, 5e-324, 7.0])).tolist()
    [0.0, 7.0]
    """
    return distinct[np.concatenate([[True], np.diff(distinct) > LEAST_GAP])] if len(distinct) else distinct


def _centred(basis: Basis, values: Values, monotone: Monotone | None) -> Term:
    size = basis.curve_size
    curve = np.zeros((size, 0))
    if size > 1:
        mean = basis.average(values)[:size]
        curve = null_space(mean[None, :] / mean.sum())
    indicators = basis.size - size
    contrast = cast("NDArray[np.float64]", block_diag(curve, np.eye(indicators)))
    kinds = [(kind, _padded(matrix, 0, indicators)) for kind, matrix in _curve_penalties(basis, curve)]
    ridge = _padded(np.eye(indicators), curve.shape[1], 0)
    penalties = tuple(scaled_penalty(kind, matrix) for kind, matrix in [*kinds, ("levels", ridge)])
    return Term(basis, contrast, penalties, monotone)


def _curve_penalties(basis: Basis, curve: NDArray[np.float64]) -> list[tuple[str, NDArray[np.float64]]]:
    if not curve.size:
        return []
    if basis.degree == 1:
        steps = np.diff(curve, axis=0)
        return [("differences", steps.T @ steps)]
    bends = bend_differences(basis) @ curve
    line = null_space(bends)
    return [("bend", bends.T @ bends), ("line", line @ line.T)]


def bend_differences(basis: Basis) -> NDArray[np.float64]:
    """Return how far each B-spline coefficient lies from the line between its neighbours, (size - 2, size).

    The line runs over the Greville abscissae, at which coefficients of a straight line lie on that line, so that
    exactly straight curves go unpenalised whatever the knots.

    >>> bend_differences(Basis("size", (0.0, 1.0, 2.0), 1)).tolist()
    [[-1.0, 2.0, -1.0]]
    """
    padded = basis.padded_knots()
    size = basis.curve_size
    greville = np.array([padded[place + 1 : place + 1 + basis.degree].mean() for place in range(size)])
    gaps = np.diff(greville)
    rows = np.zeros((size - 2, size))
    for row in range(size - 2):
        before, after = gaps[row], gaps[row + 1]
        rows[row, row : row + 3] = np.array([-after, before + after, -before]) * 2 / (before + after)
    return rows


def scaled_penalty(kind: str, matrix: NDArray[np.float64]) -> Penalty:
    """Return the penalty with its largest eigenvalue scaled to 1; matrix (width, width), symmetric, not all 0.

    >>> scaled_penalty("levels", 4.0 * np.eye(2)).matrix.tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    values = np.linalg.eigvalsh(matrix)
    rank = int((values > values[-1] * 1e-9).sum())
    return Penalty(kind, matrix / values[-1], rank, fixed=kind in ("levels", "differences") and rank <= FIXED_RANK)


def _padded(matrix: NDArray[np.float64], before: int, after: int) -> NDArray[np.float64]:
    return np.pad(matrix, (before, after))
