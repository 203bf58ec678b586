"""Which pairs of columns act together: a score test of each pair's table on the residuals of the main effects.

With Z a pair's columns, X the main effects', W = weights x risk x (1 - risk) and r the residuals, the projected
columns are Z - X A, A = (X'WX)^- X'WZ, their score is u = (Z - X A)' r with the variance (Z - X A)' W (Z - X A),
and u' variance^- u is chi-square distributed where the pair does nothing (Cox and Hinkley 1974, section 9.3).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
from scipy.linalg import cho_factor, cho_solve, null_space
from scipy.special import chdtrc

from risk_assets.domain.model.additive.interval import summed
from risk_assets.domain.model.additive.terms import Penalty, scaled_penalty
from risk_assets.domain.model.basis import Basis, frequent, quantile_knots, spikes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from risk_assets.domain.model.basis import Values

    Array = NDArray[np.float64]

#: A pair's table has a cell between quartiles, and of categories the most frequent so many levels.
QUARTERS = (0.0, 0.25, 0.5, 0.75, 1.0)
MOST_CATEGORIES = 6
#: Directions of a table with less information than this (about ten rows of risk 1/2) are left out of the test.
LEAST_INFORMATION = 2.5


@dataclass(frozen=True)
class Margin:
    """One side of a table: a small basis, and the contrast (basis.size, width) that makes its functions average 0.

    >>> margin("size", np.arange(9.0)).design(np.array([4.0])).shape
    (1, 4)
    """

    basis: Basis
    contrast: Array

    def design(self, values: Values) -> Array:
        """Return the centred functions at each value, (rows, width)."""
        return self.basis.evaluate(values) @ self.contrast


@dataclass(frozen=True)
class Pair:
    """A table over two columns, the products of their margins: design(...) @ coefficients, with a ridge.

    >>> pair = Pair(margin("a", np.arange(9.0)), margin("b", np.arange(9.0)))
    >>> pair.name, pair.width, pair.penalties[0].kind
    ('a x b', 16, 'table')
    >>> pair.design(*pair.of({"a": np.zeros(2), "b": np.ones(2)})).shape
    (2, 16)
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
    def penalties(self) -> tuple[Penalty, ...]:
        """Return the table's ridge."""
        return (scaled_penalty("table", np.eye(self.width)),)

    def of(self, columns: Mapping[str, Values]) -> tuple[Values, Values]:
        """Return what `design` takes of the columns."""
        return columns[self.left.basis.column], columns[self.right.basis.column]

    def design(self, left: Values, right: Values) -> Array:
        """Return the table's columns of the design matrix, (rows, width)."""
        return products(self.left.design(left), self.right.design(right))


def products(left: Array, right: Array) -> Array:
    """Return each column of the one times each of the other, row by row; (rows, m), (rows, n) -> (rows, m n).

    >>> products(np.array([[1.0, 2.0]]), np.array([[3.0, 5.0]])).tolist()
    [[3.0, 5.0, 6.0, 10.0]]
    """
    return (left[:, :, None] * right[:, None, :]).reshape(len(left), -1)


def margin(column: str, values: Values) -> Margin:
    """Return a column's side of its tables: lines between quartiles, indicators of levels; values (rows,).

    >>> margin("kind", np.array(["a"] * 30 + ["b"] * 30, dtype=object)).contrast.shape
    (4, 1)
    """
    if values.dtype == object:
        basis = Basis(column, (), 1, frequent(values, most=MOST_CATEGORIES), categorical=True)
    else:
        basis = _numeric_margin(column, np.asarray(values, dtype=float))
    mean = basis.average(values)
    seen = np.flatnonzero(mean > 0)
    contrast = np.zeros((basis.size, max(len(seen) - 1, 0)))
    if len(seen) > 1:
        contrast[seen] = null_space(mean[None, seen])
    return Margin(basis, contrast)


def _numeric_margin(column: str, numbers: Array) -> Basis:
    known = numbers[~np.isnan(numbers)]
    distinct = np.unique(known)
    if len(distinct) <= len(QUARTERS):
        return Basis(column, tuple(distinct.tolist()), 1)
    levels = spikes(numbers)
    rest = known[~np.isin(known, levels)]
    return Basis(column, quantile_knots(rest, QUARTERS) if len(rest) else (), 1, levels)


@dataclass(frozen=True)
class Residuals:
    """The main effects' fit as the tests see it: design (rows, p), residual and working weight (rows,), clients.

    The residual is weights x (outcome - risk) / phi, the working weight weights x risk x (1 - risk) / phi.

    >>> Residuals(np.ones((2, 1)), np.array([0.5, -0.5]), np.array([0.25, 0.25]), None).factor[1]
    False
    """

    design: Array
    residual: Array
    working: Array
    clients: NDArray[np.intp] | None

    @property
    def factor(self) -> tuple[Array, bool]:
        """Return the Cholesky factor of X'WX with a ridge that only matters where X'WX is singular."""
        gram = (self.design * self.working[:, None]).T @ self.design
        ridge = 1e-8 * np.trace(gram) / len(gram) + 1e-12
        return cast("tuple[Array, bool]", cho_factor(gram + ridge * np.eye(len(gram))))


def score_test(table: Array, main: Residuals, factor: tuple[Array, bool]) -> float:
    """Return the p-value of a pair's table (rows, width) given the main effects and their factor.

    >>> main = Residuals(np.ones((40, 1)), np.repeat([0.5, -0.5], 20), np.full(40, 0.25), None)
    >>> round(score_test(np.repeat([[1.0], [-1.0]], 20, axis=0), main, main.factor), 6)
    0.0
    """
    rotated = cho_solve(factor, main.design.T @ (table * main.working[:, None]))
    projected = table - main.design @ rotated
    if main.clients is None:
        variance = (projected * main.working[:, None]).T @ projected
    else:
        scores = summed(projected * main.residual[:, None], main.clients)
        variance = scores.T @ scores
    return _chi_square(projected.T @ main.residual, variance, projected.T @ (projected * main.working[:, None]))


def _chi_square(score: Array, variance: Array, known: Array) -> float:
    values, vectors = np.linalg.eigh(known)
    kept = vectors[:, values > LEAST_INFORMATION]
    if not kept.shape[1]:
        return 1.0
    reduced = kept.T @ variance @ kept
    small, turned = np.linalg.eigh(reduced)
    rank = small > 1e-9 * small[-1]
    along = (turned.T @ (kept.T @ score))[rank]
    return float(chdtrc(int(rank.sum()), float(np.sum(along**2 / small[rank]))))


def screened(margins: Mapping[str, Array], main: Residuals, level: float) -> list[tuple[float, str, str]]:
    """Return (p-value, column, column) of the pairs that pass a first test at `level`, the strongest first.

    `margins` holds each column's centred functions, (rows, width). The first test projects out the two columns'
    own functions alone, which leaves more variance than projecting out all, and costs far less.

    >>> flat = Residuals(np.ones((40, 1)), np.zeros(40), np.full(40, 0.25), None)
    >>> screened({"a": np.ones((40, 1)), "b": np.ones((40, 1))}, flat, 0.5)
    []
    """
    found = []
    names = list(margins)
    for place, left in enumerate(names):
        for right in names[place + 1 :]:
            table = products(margins[left], margins[right])
            if not table.shape[1]:
                continue
            own = np.hstack([np.ones((len(table), 1)), margins[left], margins[right]])
            small = Residuals(own, main.residual, main.working, main.clients)
            found.append((score_test(table, small, small.factor), left, right))
    return sorted(item for item in found if item[0] < level)
