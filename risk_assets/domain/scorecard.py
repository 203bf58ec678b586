"""The additive scorecard: risk = 1 / (1 + exp(-(intercept + sum of shape_j(x_j)))).

One portable form of the fitted pipeline, evaluated here in numpy alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class NumericShape:
    """A piecewise polynomial of one numeric column.

    Piece i holds on [breaks[i], breaks[i + 1]) and has the value sum_k coefficients[i][k] * (x - breaks[i]) **
    (degree - k) (highest power first, as in scipy.interpolate.PPoly). With `bounded`, x is first clamped to
    [breaks[0], breaks[-1]]; without, the outer pieces go on (a straight line: one break, one piece).
    `missing` is the value for a missing cell, `mean` the average over the training rows.
    """

    column: str
    breaks: tuple[float, ...]
    coefficients: tuple[tuple[float, ...], ...]
    bounded: bool
    missing: float
    mean: float


@dataclass(frozen=True)
class CategoricalShape:
    """A table of one categorical column: value by category, for an unknown category and for a missing cell."""

    column: str
    values: Mapping[str, float]
    unknown: float
    missing: float
    mean: float


@dataclass(frozen=True)
class Scorecard:
    """Intercept, shapes (numeric first, in feature order) and the threshold above which a client is flagged.

    A client is predicted positive when risk >= threshold.
    """

    intercept: float
    threshold: float
    numeric: tuple[NumericShape, ...]
    categorical: tuple[CategoricalShape, ...]
