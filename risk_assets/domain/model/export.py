"""From the fitted pipeline to the scorecard: the same model, exactly, as a portable table of numbers."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from risk_assets.domain.columns import Columns
from risk_assets.domain.model.pipeline import MISSING_CATEGORY
from risk_assets.domain.model.scorecard import CategoricalShape, NumericShape, Scorecard

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray
    from scipy.interpolate import BSpline
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import OneHotEncoder, SplineTransformer

Shape = TypeVar("Shape", NumericShape, CategoricalShape)


def to_scorecard(pipeline: Pipeline, columns: Columns, features: pd.DataFrame, *, threshold: float) -> Scorecard:
    """Return the scorecard of a pipeline fitted by domain.training; means are over the rows of `features`.

    >>> import pandas as pd
    >>> from risk_assets.domain.model.pipeline import build_pipeline
    >>> rows = pd.DataFrame({"region": pd.Series(["north", "south"] * 10, dtype=object)})
    >>> pipeline = build_pipeline(rows, {"region": "categorical"}, c=1.0).fit(rows, [1, 0] * 10)
    >>> card = to_scorecard(pipeline, Columns("id", "left", "1", "0", (), ("region",)), rows, threshold=0.5)
    >>> card.features, sorted(card.categorical[0].values)
    (('region',), ['north', 'south'])
    """
    card = uncentred_scorecard(pipeline, columns, threshold=threshold)
    return centred(
        card,
        {shape.column: float(shape(features[shape.column].to_numpy()).mean()) for shape in varying_shapes(card)},
    )


def uncentred_scorecard(pipeline: Pipeline, columns: Columns, *, threshold: float) -> Scorecard:
    """Return the scorecard of a fitted pipeline whose shapes have no means (NaN) yet, but for flat ones.

    >>> import pandas as pd
    >>> from risk_assets.domain.model.pipeline import build_pipeline
    >>> rows = pd.DataFrame({"region": pd.Series(["north", "south"] * 10, dtype=object)})
    >>> pipeline = build_pipeline(rows, {"region": "categorical"}, c=1.0).fit(rows, [1, 0] * 10)
    >>> card = uncentred_scorecard(pipeline, Columns("id", "left", "1", "0", (), ("region",)), threshold=0.5)
    >>> card.categorical[0].mean
    nan
    """
    transformer, model = pipeline.named_steps["columns"], pipeline.named_steps["regression"]
    weights = model.coef_[0]
    fitted = {
        names[0]: (steps, weights[transformer.output_indices_[step]])
        for step, steps, names in transformer.transformers_
        if step != "remainder"
    }
    numeric = [_numeric(column.name, *fitted[column.name]) for column in columns.numeric]
    categorical = [_categorical(name, *fitted[name]) for name in columns.categorical]
    return Scorecard(float(model.intercept_[0]), threshold, tuple(numeric), tuple(categorical))


def varying_shapes(card: Scorecard) -> list[NumericShape | CategoricalShape]:
    """Return the shapes that want a mean: those of the columns that are in the model.

    >>> shape = CategoricalShape("region", {"north": 0.5}, unknown=0.0, missing=0.0, mean=math.nan)
    >>> [each.column for each in varying_shapes(Scorecard(0.0, 0.5, (), (shape,)))]
    ['region']
    """
    return [shape for shape in card.shapes if math.isnan(shape.mean)]


def centred(card: Scorecard, means: Mapping[str, float]) -> Scorecard:
    """Return the scorecard with these means of its shapes over the training rows.

    >>> shape = CategoricalShape("region", {"north": 0.5}, unknown=0.0, missing=0.0, mean=math.nan)
    >>> centred(Scorecard(0.0, 0.5, (), (shape,)), {"region": 0.25}).categorical[0].mean
    0.25
    """

    def with_mean(shape: Shape) -> Shape:
        return dataclasses.replace(shape, mean=means.get(shape.column, shape.mean))

    return dataclasses.replace(
        card, numeric=tuple(map(with_mean, card.numeric)), categorical=tuple(map(with_mean, card.categorical))
    )


def _numeric(name: str, steps: Pipeline | str, weights: NDArray[np.float64]) -> NumericShape:
    if isinstance(steps, str):
        return NumericShape(name, (0.0, 1.0), ((0.0,),), missing=0.0, mean=0.0)
    breaks, pieces = spline_pieces(steps[-1], weights)
    shape = NumericShape(name, breaks, pieces, missing=math.nan, mean=math.nan)
    return dataclasses.replace(shape, missing=float(shape(steps[0].statistics_)[0]))


def spline_pieces(
    transformer: SplineTransformer, weights: NDArray[np.float64]
) -> tuple[tuple[float, ...], tuple[tuple[float, ...], ...]]:
    """Return the breaks of a fitted spline with these weights (outputs,), and its polynomials piece by piece.

    >>> from sklearn.preprocessing import SplineTransformer
    >>> line = SplineTransformer(degree=1, knots=np.array([[0.0], [10.0]]), include_bias=False).fit([[0.0], [9.0]])
    >>> spline_pieces(line, np.array([2.0]))
    ((0.0, 10.0), ((-2.0, 2.0),))
    """
    spline = transformer.bsplines_[0]
    if not transformer.include_bias:
        weights = np.append(weights, 0.0)
    first, last = spline.k, len(spline.t) - spline.k - 1
    breaks = tuple(spline.t[first : last + 1].tolist())
    return breaks, tuple(_polynomial(spline, weights, piece) for piece in range(first, last))


def _polynomial(spline: BSpline, weights: NDArray[np.float64], piece: int) -> tuple[float, ...]:
    """Return a B-spline on [t_i, t_i+1) as a polynomial in (x - t_i) / (t_i+1 - t_i), highest power first.

    Only the degree + 1 splines that live there take part, on knots measured from t_i in widths of the piece, so
    nothing overflows whatever the units. The Taylor series at 0: the m-th coefficient is the m-th derivative / m!.
    """
    from scipy.interpolate import BSpline

    degree, knots = spline.k, spline.t
    width = knots[piece + 1] - knots[piece]
    near = (knots[piece - degree : piece + degree + 2] - knots[piece]) / width
    local = BSpline(near, weights[piece - degree : piece + 1], degree)
    return tuple(float(local(0.0, nu=m)) / math.factorial(m) for m in range(degree, -1, -1))


def _categorical(name: str, steps: Pipeline | str, weights: NDArray[np.float64]) -> CategoricalShape:
    if isinstance(steps, str):
        return CategoricalShape(name, {}, unknown=0.0, missing=0.0, mean=0.0)
    frequent, has_rest = frequent_categories(steps[-1])
    # the infrequent group, where there is one, is the encoder's last column and takes the unknown ones too
    unknown = float(weights[-1]) if has_rest else 0.0
    values = dict(zip(frequent, weights[: len(frequent)].tolist(), strict=True))
    missing = values.get(MISSING_CATEGORY, unknown)
    return CategoricalShape(name, values, unknown, missing, mean=math.nan)


def frequent_categories(encoder: OneHotEncoder) -> tuple[list[str], bool]:
    """Return the categories with an output of their own, in order, and whether the rest share one behind them.

    >>> from sklearn.preprocessing import OneHotEncoder
    >>> encoder = OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=2)
    >>> frequent_categories(encoder.fit([["a"], ["a"], ["b"], ["c"]]))
    (['a'], True)
    """
    infrequent = encoder.infrequent_categories_[0]
    rare = set() if infrequent is None else set(infrequent)
    return [category for category in encoder.categories_[0] if category not in rare], bool(rare)
