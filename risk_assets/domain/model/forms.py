"""The forms that a column takes in the model: B-splines, straight lines between levels, indicators of levels."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, cast

import numpy as np

from risk_assets.domain.model.bsplines import lines_between, nonzero_bsplines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Values = NDArray[np.float64] | NDArray[np.object_]

#: Functions are averaged over at most so many rows: what a shape averages to is the intercept's to balance.
AVERAGED_ROWS = 50_000
#: A value that holds at least this share of a numeric column's rows is a level beside the curve.
SPIKE_SHARE = 0.2
#: A category with fewer rows shares the level of rare and unknown categories.
RARE_ROWS = 20
#: The difference of larger knots might overflow.
LARGE = 1e300
#: Knots closer than this share of their range are merged, so that no spline is computed from rounding errors.
SMALLEST_GAP = 1e-6


@dataclass(frozen=True)
class Basis:
    """Functions of one column: B-splines of `degree` over `knots`, then an indicator a level, then the rest.

    The curve functions come first (none where `knots` is empty), then one indicator per level (a number that holds
    many rows, or a category), then *missing*, and for categories *rare or unknown*. Numbers beyond the outer knots
    count as the outer knots. The functions add up to 1 in each row, unless no number was known in training.

    >>> Basis("size", (0.0, 1.0, 3.0), 1).evaluate(np.array([0.5, 9.0, np.nan])).tolist()
    [[0.5, 0.5, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]]
    >>> basis = Basis("size", (0.0, 1.0, 2.0), 1)
    >>> basis.curve_size, basis.size, basis.padded_knots().tolist(), basis.average(np.array([0.0, 2.0])).tolist()
    (3, 4, [0.0, 0.0, 0.5, 1.0, 1.0], [0.5, 0.0, 0.5, 0.0])
    >>> basis.curve_at(np.array([0.5])).tolist()
    [[0.5, 0.5, 0.0]]
    """

    column: str
    knots: tuple[float, ...]
    degree: int
    levels: tuple[float, ...] | tuple[str, ...] = ()
    categorical: bool = False

    @property
    def curve_size(self) -> int:
        """Return the number of B-splines."""
        return len(self.knots) + self.degree - 1 if len(self.knots) > 1 else len(self.knots)

    @property
    def size(self) -> int:
        """Return the number of all functions."""
        return self.curve_size + len(self.levels) + 1 + self.categorical

    def padded_knots(self) -> NDArray[np.float64]:
        """Return the knots with the outer ones repeated, as shares of the way from the first to the last."""
        inner = self.share(np.array(self.knots))
        return np.concatenate([[inner[0]] * self.degree, inner, [inner[-1]] * self.degree])

    def share(self, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return how far from the first to the last knot numbers lie, 0 to 1; those beyond count as the knots.

        The first knot is taken off first: to divide large numbers that lie close together would lose their digits.

        >>> Basis("size", (1.0, 2.0, 5.0), 1).share(np.array([0.0, 3.0, 9.0])).tolist()
        [0.0, 0.5, 1.0]
        """
        low, high = self.knots[0], self.knots[-1]
        scale = largest(self.knots) if largest(self.knots) > LARGE else 1.0
        inside = np.clip(numbers, low, high) / scale
        return np.asarray((inside - low / scale) / (high / scale - low / scale))

    def evaluate(self, values: Values) -> NDArray[np.float64]:
        """Return the functions at each value, (rows, size). Raises ValueError for an infinite number."""
        matrix = np.zeros((len(values), self.size))
        places, shares = self.nonzero(values)
        matrix[np.arange(len(values))[:, None], places] = shares
        return matrix

    def nonzero(self, values: Values) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Return the functions that may not be 0 at each value, and what they are there, both (rows, few).

        Raises ValueError for an infinite number.

        >>> [found.tolist() for found in Basis("size", (0.0, 1.0, 3.0), 1).nonzero(np.array([0.5, np.nan]))]
        [[[0, 1], [3, 0]], [[0.5, 0.5], [1.0, 0.0]]]
        """
        if self.categorical:
            return self._codes(values)[:, None], np.ones((len(values), 1))
        numbers = np.asarray(values, dtype=float)
        refuse_infinite(self.column, numbers)
        places, shares = self._pieces(numbers)
        for place, level in enumerate((*self.levels, np.nan), start=self.curve_size):
            at_level = np.isnan(numbers) if level != level else numbers == level  # noqa: PLR0124
            if at_level.any():
                places[at_level], shares[at_level] = 0, 0.0
                places[at_level, 0], shares[at_level, 0] = place, 1.0
        return places, shares

    def _pieces(self, numbers: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        if len(self.knots) < 2:  # noqa: PLR2004
            return np.zeros((len(numbers), 1), dtype=np.intp), np.full((len(numbers), 1), float(len(self.knots)))
        if self.degree == 1:
            first, values = lines_between(np.clip(numbers, self.knots[0], self.knots[-1]), np.array(self.knots))
        else:
            first, values = nonzero_bsplines(self.share(numbers), self.padded_knots(), self.degree)
        return first[:, None] + np.arange(self.degree + 1), values

    def weights(self, value: float | str | None) -> list[tuple[int, float]]:
        """Return the functions of a basis of lines that are not 0 at a cell, each with its value; None is missing.

        >>> Basis("size", (0.0, 1.0, 3.0), 1, (2.0,)).weights(2.5)
        [(1, 0.25), (2, 0.75)]
        """
        size = self.curve_size
        if value is None:
            return [(size + len(self.levels), 1.0)]
        if value in self._places:
            return [(size + self._places[value], 1.0)]
        if self.categorical:
            return [(self.size - 1, 1.0)]
        if size < 2:  # noqa: PLR2004
            return [(0, 1.0)] * size
        knots, number = self.knots, cast("float", value)
        inside = min(max(number, knots[0]), knots[-1])
        piece = bisect_right(knots, inside, 1, size - 1) - 1
        share = (inside - knots[piece]) / (knots[piece + 1] - knots[piece])
        return [(piece, 1.0 - share), (piece + 1, share)]

    @cached_property
    def _places(self) -> dict[float | str, int]:
        return {cast("float | str", level): place for place, level in enumerate(self.levels)}

    def average(self, values: Values) -> NDArray[np.float64]:
        """Return each function's average over the values, (size,); of numbers over 50,000 spread evenly."""
        if self.categorical:
            return np.bincount(self._codes(values), minlength=self.size) / len(values)
        stride = -(-len(values) // AVERAGED_ROWS)
        return np.asarray(self.evaluate(np.sort(np.asarray(values, dtype=float))[::stride]).mean(axis=0))

    def curve_at(self, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the B-splines at numbers (n,), none of them missing, (n, curve_size); levels are passed over."""
        matrix = np.zeros((len(numbers), self.curve_size))
        if self.curve_size:
            places, values = self._pieces(numbers)
            matrix[np.arange(len(numbers))[:, None], places] = values
        return matrix

    def _codes(self, values: Values) -> NDArray[np.intp]:
        places = cast("Mapping[object, int]", self._places)
        missing, unknown = len(places), len(places) + 1
        codes = [missing if is_missing(value) else places.get(value, unknown) for value in values.tolist()]
        return np.array(codes, dtype=np.intp)


def largest(knots: Sequence[float]) -> float:
    """Return the largest size of a knot, 1 where all are 0.

    >>> largest([-2.0, 1.0])
    2.0
    """
    return max(abs(knot) for knot in knots) or 1.0


def is_missing(value: object) -> bool:
    """Return whether a cell is None or not a number.

    >>> is_missing(None), is_missing(float("nan")), is_missing("")
    (True, True, False)
    """
    return value is None or value != value  # noqa: PLR0124


def refuse_infinite(column: str, numbers: NDArray[np.float64]) -> None:
    """Raise ValueError where a number is infinite.

    >>> refuse_infinite("size", np.array([1.0, np.nan]))
    """
    if np.isinf(numbers).any():
        raise ValueError(f"{column}: an infinite value has no risk")


def spikes(numbers: NDArray[np.float64]) -> tuple[float, ...]:
    """Return the values that hold a fifth of the rows or more, ascending; numbers (rows,), NaN is missing.

    >>> spikes(np.array([0.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]))
    (0.0,)
    """
    values, counts = np.unique(numbers[~np.isnan(numbers)], return_counts=True)
    return tuple(values[counts >= SPIKE_SHARE * len(numbers)].tolist())


def quantile_knots(numbers: NDArray[np.float64], shares: Sequence[float]) -> tuple[float, ...]:
    """Return knots at these quantiles of the numbers (no NaN), merged where they all but coincide.

    The outer knots stay within one more range of the middle 98 %, so that one wild value stretches no curve.

    >>> quantile_knots(np.arange(101.0), (0.0, 0.5, 1.0))
    (0.0, 50.0, 100.0)
    """
    scale = largest([float(numbers.min()), float(numbers.max())])
    scaled = numbers / scale
    low, high = np.quantile(scaled, [0.01, 0.99])
    reach = high - low if high > low else np.inf
    bounded = np.clip(scaled, low - reach, high + reach)
    knots = np.quantile(bounded, shares)
    gap = SMALLEST_GAP * (knots[-1] - knots[0])
    kept = [knots[0]]
    for knot in knots[1:]:
        if knot - kept[-1] > gap:
            kept.append(knot)
    kept[-1] = knots[-1] if len(kept) > 1 else kept[-1]
    return tuple(float(knot * scale) for knot in kept)


def frequent(values: Values, *, most: int | None = None) -> tuple[str, ...]:
    """Return the categories with 20 rows or more, the most frequent first; at most `most` of them.

    >>> frequent(np.array(["a"] * 25 + ["b"] * 30 + ["c", None], dtype=object))
    ('b', 'a')
    """
    counts: dict[str, int] = {}
    for value in values.tolist():
        if not is_missing(value):
            counts[str(value)] = counts.get(str(value), 0) + 1
    order = sorted(
        (level for level in counts if counts[level] >= RARE_ROWS), key=lambda level: (-counts[level], level)
    )
    return tuple(order[:most])
