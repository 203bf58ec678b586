"""The additive scorecard: risk = 1 / (1 + exp(-(intercept + sum of shape_j(x_j) + sum of table_jk(x_j, x_k)))).

One portable form of the fitted model, evaluated here in numpy alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, cast

import numpy as np

from risk_assets.domain.columns import DerivedColumn
from risk_assets.domain.model.shapes import CategoricalShape, NumericShape, PairTable
from risk_assets.domain.model.uncertainty import Uncertainty

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FeatureColumns = Mapping[str, NDArray[np.float64] | NDArray[np.object_]]

#: Log-odds beyond this are cut off: exp() of more overflows a double, and the risk is 0 or 1 long before.
MAX_LOG_ODDS = 700.0
#: Scorecards of the first format have shapes alone; those of the second may have pairs, and say how sure they are.
FORMAT = 2


@dataclass(frozen=True)
class Family:
    """Features that are told as one reason: those that are derived, and the columns that they are made of.

    >>> Family(("trend",), ("lastmonth", "lastyear")).features
    ('trend', 'lastmonth', 'lastyear')
    """

    derived: tuple[str, ...]
    parts: tuple[str, ...]

    @property
    def features(self) -> tuple[str, ...]:
        """Return all of them."""
        return (*self.derived, *self.parts)


@dataclass(frozen=True)
class Scorecard:
    """Intercept, shapes (numeric first, in feature order), tables of pairs, and the threshold.

    A client is predicted positive when risk >= threshold. `uncertainty` is None in the first format, and `derived`
    says how features are computed that no file holds. The methods take `columns`: for each feature a float64 array
    (numeric; NaN is missing) or an object array of text (categorical; None is missing), all of one length.

    >>> activity = NumericShape("activity", (0.0, 20.0), ((-4.0, 2.0),), missing=0.5, mean=0.5)
    >>> card = Scorecard(-1.0, 0.5, numeric=(activity,), categorical=())
    >>> card.risk({"activity": np.array([0.0, 20.0])}).tolist(), card.risk_of({"activity": 0.0})
    ([0.73, 0.047], 0.73)
    >>> card.contributions({"activity": np.array([0.0, 20.0])}).tolist()
    [[1.5], [-2.5]]
    >>> card.features, card.parts, card.shapes == (activity,)
    (('activity',), ('activity',), True)
    >>> card.shape_value("activity", np.array([10.0])).tolist()
    [0.0]
    """

    intercept: float
    threshold: float
    numeric: tuple[NumericShape, ...]
    categorical: tuple[CategoricalShape, ...]
    pairs: tuple[PairTable, ...] = ()
    uncertainty: Uncertainty | None = None
    families: tuple[Family, ...] = ()
    derived: tuple[DerivedColumn, ...] = ()
    format: int = 1

    def __post_init__(self) -> None:
        """Refuse a format of a later release, whose parts would be passed over."""
        if self.format > FORMAT:
            raise ValueError(f"a scorecard of format {self.format}; formats up to {FORMAT} are known")

    @cached_property
    def features(self) -> tuple[str, ...]:
        """Feature names, numeric first."""
        return tuple(shape.column for shape in self.shapes)

    @cached_property
    def shapes(self) -> tuple[NumericShape | CategoricalShape, ...]:
        """All shapes, in feature order."""
        return (*self.numeric, *self.categorical)

    @cached_property
    def parts(self) -> tuple[str, ...]:
        """The names of what the log-odds are the sum of: the features, then the pairs as "a x b"."""
        return (*self.features, *(pair.name for pair in self.pairs))

    def shape(self, column: str) -> NumericShape | CategoricalShape:
        """Return the shape of a feature.

        >>> activity = NumericShape("activity", (0.0, 20.0), ((-4.0, 2.0),), 0.5, mean=0.5)
        >>> Scorecard(-1.0, 0.5, (activity,), ()).shape("activity").missing
        0.5
        """
        return self._by_column[column]

    def shape_value(self, column: str, values: NDArray[np.float64] | NDArray[np.object_]) -> NDArray[np.float64]:
        """Return the log-odds (n,) that a feature adds for each of its values."""
        return _evaluate(self._by_column[column], values)

    def log_odds(self, columns: FeatureColumns) -> NDArray[np.float64]:
        """Return the log-odds (n,) that each client leaves. Raises ValueError naming an infinite column.

        >>> activity = NumericShape("activity", (0.0, 20.0), ((-4.0, 2.0),), missing=0.5, mean=0.5)
        >>> Scorecard(-1.0, 0.5, (activity,), ()).log_odds({"activity": np.array([10.0, np.nan])}).tolist()
        [-1.0, -0.5]
        """
        log_odds = np.asarray(self.intercept)
        for shape in self.shapes:
            log_odds = log_odds + _evaluate(shape, columns[shape.column])
        for pair in self.pairs:
            log_odds = log_odds + pair(columns[pair.left.column], columns[pair.right.column])
        return log_odds

    def risk(self, columns: FeatureColumns) -> NDArray[np.float64]:
        """Return the probability (n,) that each client leaves. Raises ValueError naming an infinite column."""
        return risk_at(self.log_odds(columns))

    def risk_of(self, client: Mapping[str, float | str | None]) -> float:
        """Return the probability that one client leaves, from finite values by feature; None is a missing cell."""
        log_odds = self.intercept
        for numeric in self.numeric:
            log_odds += numeric.at(cast("float | None", client[numeric.column]))
        for categorical in self.categorical:
            log_odds += categorical.at(cast("str | None", client[categorical.column]))
        for pair in self.pairs:
            log_odds += pair.at(client[pair.left.column], client[pair.right.column])
        return 1.0 / (1.0 + math.exp(-min(max(log_odds, -MAX_LOG_ODDS), MAX_LOG_ODDS)))

    def contributions(self, columns: FeatureColumns) -> NDArray[np.float64]:
        """Return the log-odds (n, parts) that each feature and pair adds, compared with the average client."""
        shapes = [_evaluate(shape, columns[shape.column]) - shape.mean for shape in self.shapes]
        tables = [pair(columns[pair.left.column], columns[pair.right.column]) - pair.mean for pair in self.pairs]
        return np.column_stack([*shapes, *tables])

    def interval(self, columns: FeatureColumns) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """Return the bounds (n,), (n,) of the 90 % interval of each client's risk; None where they are not known.

        >>> activity = NumericShape("activity", (0.0, 20.0), ((-4.0, 2.0),), missing=0.5, mean=0.5)
        >>> card = Scorecard(0.0, 0.5, (activity,), (), uncertainty=Uncertainty((), (), (0.04,)), format=2)
        >>> [bound.tolist() for bound in card.interval({"activity": np.array([10.0])})]
        [[0.418], [0.581]]
        """
        if self.uncertainty is None:
            return None
        log_odds = self.log_odds(columns)
        half = self.uncertainty.half_width(columns, len(log_odds))
        return risk_at(log_odds - half), risk_at(log_odds + half)

    @cached_property
    def usual(self) -> dict[str, float | str | None]:
        """The usual value of each feature, None where it is not known.

        >>> activity = NumericShape("activity", (0.0, 20.0), ((-4.0, 2.0),), 0.5, mean=0.5, usual=5.0)
        >>> card = Scorecard(-1.0, 0.5, (activity,), ())
        >>> card.usual, card.usual_log_odds
        ({'activity': 5.0}, 0.0)
        """
        return {shape.column: shape.usual for shape in self.shapes}

    @cached_property
    def usual_log_odds(self) -> float:
        """The log-odds of a client with the usual value in each column.

        >>> activity = NumericShape("activity", (0.0, 20.0), ((-4.0, 2.0),), 0.5, mean=0.5, usual=5.0)
        >>> Scorecard(-1.0, 0.5, (activity,), ()).usual_log_odds
        0.0
        """
        tables = sum(pair.at(self.usual[pair.columns[0]], self.usual[pair.columns[1]]) for pair in self.pairs)
        return self.intercept + sum(shape.at_usual for shape in self.shapes) + tables

    @cached_property
    def _by_column(self) -> dict[str, NumericShape | CategoricalShape]:
        return {shape.column: shape for shape in self.shapes}


def risk_at(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the probability at log-odds (n,), those beyond MAX_LOG_ODDS cut off.

    >>> risk_at(np.array([0.0, 1e6])).tolist()
    [0.5, 1.0]
    """
    bounded = np.minimum(np.maximum(log_odds, -MAX_LOG_ODDS), MAX_LOG_ODDS)
    return np.asarray(1.0 / (1.0 + np.exp(-bounded)))


def _evaluate(
    shape: NumericShape | CategoricalShape, values: NDArray[np.float64] | NDArray[np.object_]
) -> NDArray[np.float64]:
    if isinstance(shape, NumericShape):
        return shape(np.asarray(values, dtype=np.float64))
    return shape(np.asarray(values, dtype=object))
