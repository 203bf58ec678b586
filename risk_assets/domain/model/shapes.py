"""What a scorecard adds up: the shape of a numeric or a categorical column, and the table of a pair of columns."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, cast

import numpy as np

from risk_assets.domain.model.forms import Basis

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Cells = NDArray[np.float64] | NDArray[np.object_]


@dataclass(frozen=True)
class NumericShape:
    """A piecewise polynomial of one numeric column, and `levels`: numbers with a value of their own beside it.

    Piece i holds on [breaks[i], breaks[i + 1]) and has the value sum_k coefficients[i][k] * t ** (degree - k),
    highest power first, where t = (x - breaks[i]) / (breaks[i + 1] - breaks[i]) runs from 0 to 1. Beyond the outer
    breaks the shape is constant. `missing` is the value for a missing cell, `mean` the average over the
    training rows, and `usual` the median of the column, None where it is not known.

    >>> activity = NumericShape("activity", (0.0, 20.0), ((-4.0, 2.0),), 0.5, 0.0, ((0.0, 9.0),), usual=10.0)
    >>> activity(np.array([-7.0, 0.0, 5.0, np.nan])).tolist()
    [2.0, 9.0, 1.0, 0.5]
    >>> activity.at(5.0), activity.at(None), activity.at(0.0), activity.at_usual
    (1.0, 0.5, 9.0, 0.0)
    """

    column: str
    breaks: tuple[float, ...]
    coefficients: tuple[tuple[float, ...], ...]
    missing: float
    mean: float
    levels: tuple[tuple[float, float], ...] = ()
    usual: float | None = None

    def __call__(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the log-odds of each value; NaN is a missing cell. Raises ValueError for an infinite value."""
        if np.isinf(values).any():
            raise ValueError(f"{self.column}: an infinite value has no risk")
        breaks, left, width, powers = self._pieces
        inside = np.minimum(np.maximum(values, breaks[0]), breaks[-1])
        piece = breaks[1:-1].searchsorted(inside, side="right")
        t = (inside - left[piece]) / width[piece]
        total = powers[0][piece]
        for power in powers[1:]:
            total = total * t + power[piece]
        for level, value in self.levels:
            total = np.where(values == level, value, total)
        blank = np.isnan(values)
        return np.where(blank, self.missing, total) if blank.any() else total

    def at(self, value: float | None) -> float:
        """Return the log-odds of one value, about ten times as fast as of an array; None is a missing cell."""
        if value is None:
            return self.missing
        levels, breaks = self._levels, self.breaks
        if levels and value in levels:
            return levels[value]
        inside = breaks[0] if value < breaks[0] else min(value, breaks[-1])
        piece = bisect_right(breaks, inside, 1, len(breaks) - 1) - 1
        left, total = breaks[piece], 0.0
        t = (inside - left) / (breaks[piece + 1] - left)
        for power in self.coefficients[piece]:
            total = total * t + power
        return total

    @property
    def at_usual(self) -> float:
        """The log-odds of the usual value, their average where it is not known."""
        return self.mean if self.usual is None else self.at(self.usual)

    @cached_property
    def _levels(self) -> dict[float, float]:
        return dict(self.levels)

    @cached_property
    def _pieces(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        breaks = np.array(self.breaks)
        return breaks, breaks[:-1], np.diff(breaks), np.array(self.coefficients).T.copy()


@dataclass(frozen=True)
class CategoricalShape:
    """A table of one categorical column: value by category, for all others and for a missing cell.

    `unknown` is the value of rare categories and of those that were not in training, `mean` the average over the
    training rows, and `usual` the most frequent category, None where it is not known.

    >>> region = CategoricalShape("region", {"north": 0.7}, unknown=0.1, missing=-0.2, mean=0.0)
    >>> region(np.array(["north", "west", None], dtype=object)).tolist(), region.at("north"), region.at_usual
    ([0.7, 0.1, -0.2], 0.7, 0.0)
    """

    column: str
    values: Mapping[str, float]
    unknown: float
    missing: float
    mean: float
    usual: str | None = None

    def __call__(self, values: NDArray[np.object_]) -> NDArray[np.float64]:
        """Return the log-odds of each category; None is a missing cell."""
        table, unknown = self._table, self.unknown
        log_odds = (table.get(value, unknown) for value in values.tolist())
        return np.fromiter(log_odds, np.float64, len(values))

    def at(self, value: str | None) -> float:
        """Return the log-odds of one category; None is a missing cell."""
        return self._table.get(value, self.unknown)

    @property
    def at_usual(self) -> float:
        """The log-odds of the usual category, their average where it is not known."""
        return self.mean if self.usual is None else self.at(self.usual)

    @cached_property
    def _table(self) -> dict[str | None, float]:
        table: dict[str | None, float] = dict(self.values.items())
        table[None] = self.missing
        return table


@dataclass(frozen=True)
class PairTable:
    """What two columns do together beyond their shapes: left functions' @ values @ right functions.

    `left` and `right` are bases of lines between knots and of levels; `values` holds one row for each function of
    the left one, one column for each of the right one. `mean` is the average over the training rows.

    >>> size = Basis("size", (0.0, 10.0), 1)
    >>> region = Basis("region", (), 1, ("north",), categorical=True)
    >>> pair = PairTable(size, region, ((1.0, 0.0, 0.0), (3.0, 0.0, 0.0), (5.0, 0.0, 0.0)), mean=0.0)
    >>> pair(np.array([5.0, np.nan, 5.0]), np.array(["north", "north", None], dtype=object)).tolist()
    [2.0, 5.0, 0.0]
    >>> pair.name, pair.columns, pair.at(5.0, "north")
    ('size x region', ('size', 'region'), 2.0)
    >>> pair.with_left(10.0).tolist(), pair.with_right("north").tolist()
    ([3.0, 0.0, 0.0], [1.0, 3.0, 5.0])
    """

    left: Basis
    right: Basis
    values: tuple[tuple[float, ...], ...]
    mean: float

    @property
    def name(self) -> str:
        """The two columns' names."""
        return f"{self.left.column} x {self.right.column}"

    @property
    def columns(self) -> tuple[str, str]:
        """The two columns."""
        return self.left.column, self.right.column

    def __call__(self, left: Cells, right: Cells) -> NDArray[np.float64]:
        """Return the log-odds of each two cells (n,). Raises ValueError for an infinite value."""
        found = self.left.evaluate(left) @ self._matrix
        return np.asarray(np.einsum("ij,ij->i", found, self.right.evaluate(right)))

    def at(self, left: float | str | None, right: float | str | None) -> float:
        """Return the log-odds of two cells, faster than of arrays; None is a missing cell."""
        values = self.values
        total = 0.0
        for row, share in self.left.weights(left):
            for column, part in self.right.weights(right):
                total += share * part * values[row][column]
        return total

    def with_left(self, left: float | str | None) -> NDArray[np.float64]:
        """Return the values of the right functions at one left cell."""
        return np.asarray(sum(share * self._matrix[row] for row, share in self.left.weights(left)))

    def with_right(self, right: float | str | None) -> NDArray[np.float64]:
        """Return the values of the left functions at one right cell."""
        return np.asarray(sum(share * self._matrix[:, column] for column, share in self.right.weights(right)))

    @cached_property
    def _matrix(self) -> NDArray[np.float64]:
        return cast("NDArray[np.float64]", np.array(self.values))
