"""Tables over pairs of columns: the products of two small bases, centred against the columns' own shapes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import null_space

from risk_assets.domain.model.additive.terms import Penalty, scaled_penalty
from risk_assets.domain.model.forms import Basis, frequent, quantile_knots, spikes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from risk_assets.domain.model.forms import Values

    Array = NDArray[np.float64]

#: A pair's table has a cell between quartiles, and of categories the most frequent so many levels.
QUARTERS = (0.0, 0.25, 0.5, 0.75, 1.0)
MOST_CATEGORIES = 6


@dataclass(frozen=True)
class Margin:
    """One side of a table: a small basis, and the contrast (basis.size, width) that makes its functions average 0.

    >>> margin("size", np.arange(9.0)).contrast.shape
    (6, 4)
    """

    basis: Basis
    contrast: Array


@dataclass(frozen=True)
class Pair:
    """A table over two columns, the products of their margins, with a ridge.

    >>> pair = Pair(margin("a", np.arange(9.0)), margin("b", np.arange(9.0)))
    >>> pair.name, pair.width, pair.penalties[0].kind, pair.contrast.shape
    ('a x b', 16, 'table', (36, 16))
    >>> [found.tolist() for found in pair.nonzero({"a": np.zeros(2), "b": np.ones(2)}, slice(1))]
    [[[0, 1, 6, 7]], [[0.5, 0.5, 0.0, 0.0]]]
    """

    left: Margin
    right: Margin

    @property
    def name(self) -> str:
        """Return the two columns' names."""
        return f"{self.left.basis.column} x {self.right.basis.column}"

    @property
    def width(self) -> int:
        """Return the number of coefficients."""
        return int(self.left.contrast.shape[1] * self.right.contrast.shape[1])

    @property
    def contrast(self) -> Array:
        """Return the products' contrast, (products of functions, width)."""
        return np.asarray(np.kron(self.left.contrast, self.right.contrast), dtype=float)

    @property
    def penalties(self) -> tuple[Penalty, ...]:
        """Return the table's ridge."""
        return (scaled_penalty("table", np.eye(self.width)),)

    def nonzero(self, columns: Mapping[str, Values], rows: slice) -> tuple[NDArray[np.intp], Array]:
        """Return the products of functions that may not be 0 in these rows, and what they are, (rows, few)."""
        left, one = self.left.basis.nonzero(columns[self.left.basis.column][rows])
        right, two = self.right.basis.nonzero(columns[self.right.basis.column][rows])
        places = left[:, :, None] * self.right.basis.size + right[:, None, :]
        few = left.shape[1] * right.shape[1]
        return places.reshape(len(left), few), (one[:, :, None] * two[:, None, :]).reshape(len(left), few)


def margin(column: str, values: Values, special: tuple[float, ...] = ()) -> Margin:
    """Return a column's side of its tables: lines between quartiles, indicators of levels; values (rows,).

    Numbers that are `special` are levels.

    >>> margin("kind", np.array(["a"] * 30 + ["b"] * 30, dtype=object)).contrast.shape
    (4, 1)
    """
    if values.dtype == object:
        basis = Basis(column, (), 1, frequent(values, most=MOST_CATEGORIES), categorical=True)
    else:
        basis = _numeric_margin(column, np.asarray(values, dtype=float), special)
    mean = basis.average(values)
    seen = np.flatnonzero(mean > 0)
    contrast = np.zeros((basis.size, max(len(seen) - 1, 0)))
    if len(seen) > 1:
        contrast[seen] = null_space(mean[None, seen])
    return Margin(basis, contrast)


def _numeric_margin(column: str, numbers: Array, special: tuple[float, ...]) -> Basis:
    known = numbers[~np.isnan(numbers) & ~np.isin(numbers, special)]
    distinct = np.unique(known)
    if len(distinct) <= len(QUARTERS):
        return Basis(column, tuple(distinct.tolist()), 1, special)
    levels = tuple(dict.fromkeys((*special, *spikes(numbers))))
    rest = known[~np.isin(known, levels)]
    return Basis(column, quantile_knots(rest, QUARTERS) if len(rest) else (), 1, levels)
