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
    """Return the scorecard of a fitted pipeline; the means of its shapes are over the rows of `features`.

    >>> from risk_assets.domain.model.pipeline import build_pipeline
    >>> from risk_assets.domain.simulate import simulate
    >>> from risk_assets_tests.domain.clients import SIMULATED, labelled
    >>> features, target = labelled(simulate(500, seed=0))
    >>> pipeline = build_pipeline(features, dict.fromkeys(features, "linear"), 1.0).fit(features, target)
    >>> card = to_scorecard(pipeline, SIMULATED, features, threshold=0.5)
    >>> bool(np.allclose(card.risk(features), pipeline.predict_proba(features)[:, 1]))
    True
    """
    card = uncentred_scorecard(pipeline, columns, threshold=threshold)
    return centred(
        card,
        {shape.column: float(shape(features[shape.column].to_numpy()).mean()) for shape in varying_shapes(card)},
    )


def uncentred_scorecard(pipeline: Pipeline, columns: Columns, *, threshold: float) -> Scorecard:
    """Return the scorecard of a fitted pipeline; the means of its shapes are NaN, but 0 of constant columns.

    >>> from risk_assets_tests.domain.clients import MIXED, trained_on_mixed_clients
    >>> card = uncentred_scorecard(trained_on_mixed_clients().pipeline, MIXED, threshold=0.5)
    >>> [(shape.column, shape.mean) for shape in card.numeric]
    [('activity', nan), ('balance__eur', nan), ('flag', nan), ('same', 0.0), ('blank', 0.0)]
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
    """Return the shapes whose mean is NaN: those of the columns that are in the model.

    >>> employees = NumericShape("employees", (0.0, 10.0), ((-1.0, 2.0),), missing=1.0, mean=math.nan)
    >>> [shape.column for shape in varying_shapes(Scorecard(-2.0, 0.5, (employees,), ()))]
    ['employees']
    """
    return [shape for shape in card.shapes if math.isnan(shape.mean)]


def centred(card: Scorecard, means: Mapping[str, float]) -> Scorecard:
    """Return the scorecard with these means of its shapes over the training rows, by column.

    >>> employees = NumericShape("employees", (0.0, 10.0), ((-1.0, 2.0),), missing=1.0, mean=math.nan)
    >>> centred(Scorecard(-2.0, 0.5, (employees,), ()), {"employees": 1.2}).numeric[0].mean
    1.2
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

    Coefficients are of powers of t, from 0 to 1 within the piece, highest power first.

    >>> from sklearn.preprocessing import SplineTransformer
    >>> line = SplineTransformer(degree=1, knots=np.array([[0.0], [10.0]]), include_bias=False)
    >>> spline_pieces(line.fit(np.array([[0.0], [10.0]])), weights=np.array([3.0]))
    ((0.0, 10.0), ((-3.0, 3.0),))
    """
    spline = transformer.bsplines_[0]
    if not transformer.include_bias:
        weights = np.append(weights, 0.0)
    first, last = spline.k, len(spline.t) - spline.k - 1
    breaks = tuple(spline.t[first : last + 1].tolist())
    return breaks, tuple(_polynomial(spline, weights, piece) for piece in range(first, last))


def _polynomial(spline: BSpline, weights: NDArray[np.float64], piece: int) -> tuple[float, ...]:
    """Return a B-spline on [t_i, t_i+1) as a polynomial in (x - t_i) / (t_i+1 - t_i), highest power first.

    Only the degree + 1 splines that are not 0 there are summed, on knots measured from t_i in widths of the
    piece, so that nothing overflows whatever the units. The Taylor series at 0: the m-th coefficient is the
    m-th derivative / m!.
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
    # the infrequent group, where there is one, is the encoder's last column and holds the unknown ones too
    unknown = float(weights[-1]) if has_rest else 0.0
    values = dict(zip(frequent, weights[: len(frequent)].tolist(), strict=True))
    missing = values.get(MISSING_CATEGORY, unknown)
    return CategoricalShape(name, values, unknown, missing, mean=math.nan)


def frequent_categories(encoder: OneHotEncoder) -> tuple[list[str], bool]:
    """Return the categories with an output of their own, in order, and whether all others share one more.

    >>> from sklearn.preprocessing import OneHotEncoder
    >>> encoder = OneHotEncoder(max_categories=2, handle_unknown="infrequent_if_exist")
    >>> frequent_categories(encoder.fit([["north"], ["north"], ["south"], ["west"]]))
    (['north'], True)
    """
    infrequent = encoder.infrequent_categories_[0]
    rare = set() if infrequent is None else set(infrequent)
    return [category for category in encoder.categories_[0] if category not in rare], bool(rare)
