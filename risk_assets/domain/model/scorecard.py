"""The additive scorecard: risk = 1 / (1 + exp(-(intercept + sum of shape_j(x_j)))).

One portable form of the fitted pipeline, evaluated here in numpy alone.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, cast

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FeatureColumns = Mapping[str, NDArray[np.float64] | NDArray[np.object_]]

#: Log-odds beyond this are cut off: exp() of more overflows a double, and the risk is 0 or 1 long before.
MAX_LOG_ODDS = 700.0


@dataclass(frozen=True)
class NumericShape:
    """A piecewise polynomial of one numeric column.

    Piece i holds on [breaks[i], breaks[i + 1]) and has the value sum_k coefficients[i][k] * t ** (degree - k),
    highest power first, where t = (x - breaks[i]) / (breaks[i + 1] - breaks[i]) runs from 0 to 1. Beyond the outer
    breaks the shape is constant. `missing` is the value for a missing cell, `mean` the average over the
    training rows.

    >>> activity = NumericShape("activity", (0.0, 20.0), ((-4.0, 2.0),), missing=0.5, mean=0.0)
    >>> activity(np.array([-7.0, 0.0, 5.0, np.nan])).tolist(), activity.at(5.0), activity.at(None)
    ([2.0, 2.0, 1.0, 0.5], 1.0, 0.5)
    """

    column: str
    breaks: tuple[float, ...]
    coefficients: tuple[tuple[float, ...], ...]
    missing: float
    mean: float

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
        blank = np.isnan(values)
        return np.where(blank, self.missing, total) if blank.any() else total

    def at(self, value: float | None) -> float:
        """Return the log-odds of one value, about ten times as fast as of an array; None is a missing cell."""
        if value is None:
            return self.missing
        breaks = self.breaks
        inside = min(max(value, breaks[0]), breaks[-1])
        piece = bisect_right(breaks, inside, 1, len(breaks) - 1) - 1
        t = (inside - breaks[piece]) / (breaks[piece + 1] - breaks[piece])
        total = 0.0
        for power in self.coefficients[piece]:
            total = total * t + power
        return total

    @cached_property
    def _pieces(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        breaks = np.array(self.breaks)
        return breaks, breaks[:-1], np.diff(breaks), np.array(self.coefficients).T.copy()


@dataclass(frozen=True)
class CategoricalShape:
    """A table of one categorical column: value by category, for an unknown category and for a missing cell.

    `mean` is the average over the training rows.

    >>> region = CategoricalShape("region", {"north": 0.7}, unknown=0.1, missing=-0.2, mean=0.0)
    >>> region(np.array(["north", "west", None], dtype=object)).tolist(), region.at("north")
    ([0.7, 0.1, -0.2], 0.7)
    """

    column: str
    values: Mapping[str, float]
    unknown: float
    missing: float
    mean: float

    def __call__(self, values: NDArray[np.object_]) -> NDArray[np.float64]:
        """Return the log-odds of each category; None is a missing cell."""
        table, unknown = self._table, self.unknown
        log_odds = (table.get(value, unknown) for value in values.tolist())
        return np.fromiter(log_odds, np.float64, len(values))

    def at(self, value: str | None) -> float:
        """Return the log-odds of one category; None is a missing cell."""
        return self._table.get(value, self.unknown)

    @cached_property
    def _table(self) -> dict[str | None, float]:
        table: dict[str | None, float] = dict(self.values.items())
        table[None] = self.missing
        return table


@dataclass(frozen=True)
class Scorecard:
    """Intercept, shapes (numeric first, in feature order) and the threshold above which a client is flagged.

    A client is predicted positive when risk >= threshold. The methods take `columns`: for each feature a float64
    array (numeric; NaN is missing) or an object array of text (categorical; None is missing), all of one length.

    >>> activity = NumericShape("activity", (0.0, 20.0), ((-4.0, 2.0),), missing=0.5, mean=0.5)
    >>> card = Scorecard(-1.0, 0.5, numeric=(activity,), categorical=())
    >>> card.risk({"activity": np.array([0.0, 20.0])}).tolist(), card.risk_of({"activity": 0.0})
    ([0.73, 0.047], 0.73)
    >>> card.contributions({"activity": np.array([0.0, 20.0])}).tolist()
    [[1.5], [-2.5]]
    >>> card.features, card.shapes == (activity,), card.shape_value("activity", np.array([10.0])).tolist()
    (('activity',), True, [0.0])
    """

    intercept: float
    threshold: float
    numeric: tuple[NumericShape, ...]
    categorical: tuple[CategoricalShape, ...]

    @cached_property
    def features(self) -> tuple[str, ...]:
        """Feature names, numeric first."""
        return tuple(shape.column for shape in self.shapes)

    @cached_property
    def shapes(self) -> tuple[NumericShape | CategoricalShape, ...]:
        """All shapes, in feature order."""
        return (*self.numeric, *self.categorical)

    def shape_value(self, column: str, values: NDArray[np.float64] | NDArray[np.object_]) -> NDArray[np.float64]:
        """Return the log-odds (n,) that a feature adds for each of its values."""
        return _evaluate(self._by_column[column], values)

    def risk(self, columns: FeatureColumns) -> NDArray[np.float64]:
        """Return the probability (n,) that each client leaves. Raises ValueError naming an infinite column."""
        log_odds = np.asarray(self.intercept)
        for shape in self.shapes:
            log_odds = log_odds + _evaluate(shape, columns[shape.column])
        bounded = np.minimum(np.maximum(log_odds, -MAX_LOG_ODDS), MAX_LOG_ODDS)
        return np.asarray(1.0 / (1.0 + np.exp(-bounded)))

    def risk_of(self, client: Mapping[str, float | str | None]) -> float:
        """Return the probability that one client leaves, from finite values by feature; None is a missing cell."""
        log_odds = self.intercept
        for numeric in self.numeric:
            log_odds += numeric.at(cast("float | None", client[numeric.column]))
        for categorical in self.categorical:
            log_odds += categorical.at(cast("str | None", client[categorical.column]))
        return 1.0 / (1.0 + math.exp(-min(max(log_odds, -MAX_LOG_ODDS), MAX_LOG_ODDS)))

    def contributions(self, columns: FeatureColumns) -> NDArray[np.float64]:
        """Return the log-odds (n, features) that each feature adds, compared with the average client."""
        return np.column_stack([_evaluate(shape, columns[shape.column]) - shape.mean for shape in self.shapes])

    @cached_property
    def _by_column(self) -> dict[str, NumericShape | CategoricalShape]:
        return {shape.column: shape for shape in self.shapes}


def _evaluate(
    shape: NumericShape | CategoricalShape, values: NDArray[np.float64] | NDArray[np.object_]
) -> NDArray[np.float64]:
    if isinstance(shape, NumericShape):
        return shape(np.asarray(values, dtype=np.float64))
    return shape(np.asarray(values, dtype=object))
