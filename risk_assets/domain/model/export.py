"""From the fitted additive model to the scorecard: the same model, exactly, as a portable table of numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from risk_assets.domain.derived import families
from risk_assets.domain.model.scorecard import FORMAT, Family, Scorecard
from risk_assets.domain.model.shapes import CategoricalShape, NumericShape, PairTable
from risk_assets.domain.model.uncertainty import Side, Uncertainty

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from risk_assets.domain.columns import Columns
    from risk_assets.domain.model.additive import AdditiveModel
    from risk_assets.domain.model.additive.pairs import Pair
    from risk_assets.domain.model.forms import Basis
    from risk_assets.domain.model.scorecard import FeatureColumns

    Array = NDArray[np.float64]


def to_scorecard(
    model: AdditiveModel, columns: Columns, features: FeatureColumns, *, weights: Array | None = None
) -> Scorecard:
    """Return the scorecard of a fitted model, at a threshold of 1/2.

    Means are over the rows of `features` (n,), weighted by `weights` (n,); a declared column that the model has no
    term of has a flat shape.

    >>> from risk_assets.domain.columns import Columns, NumericColumn
    >>> from risk_assets.domain.model.additive import fit_additive
    >>> rows = {"size": np.arange(60.0)}
    >>> model = fit_additive(rows, (rows["size"] % 3 < rows["size"] / 30).astype(float))
    >>> card = to_scorecard(model, Columns("client", "left", "1", "0", (NumericColumn("size"),)), rows)
    >>> bool(np.allclose(card.log_odds(rows), model.predict(rows), atol=1e-12)), card.numeric[0].usual
    (True, 29.5)
    """
    values = dict(zip([term.name for term in model.terms], _term_values(model), strict=True))
    bases = {term.name: term.basis for term in model.terms}
    numeric = [
        _numeric(column.name, bases.get(column.name), values, features, weights)
        for column in columns.numeric_features
    ]
    categorical = [_categorical(name, bases.get(name), values, features, weights) for name in columns.categorical]
    return Scorecard(
        model.intercept,
        0.5,
        tuple(numeric),
        tuple(categorical),
        tuple(_pairs(model, features, weights)),
        uncertainty_of(model),
        families=families_of(columns),
        derived=columns.derived,
        format=FORMAT,
    )


def families_of(columns: Columns) -> tuple[Family, ...]:
    """Return the families of features that are told as one reason.

    >>> from risk_assets.domain.columns import Columns, DerivedColumn, NumericColumn
    >>> numeric = (NumericColumn("calls"), NumericColumn("visits"))
    >>> trend = DerivedColumn("trend", "ratio", ("calls", "visits"))
    >>> families_of(Columns("id", "left", "1", "0", numeric, derived=(trend,)))
    (Family(derived=('trend',), parts=('calls', 'visits')),)
    """
    derived = {column.name for column in columns.derived}
    return tuple(
        Family(
            tuple(name for name in group if name in derived), tuple(name for name in group if name not in derived)
        )
        for group in families(columns)
        if len(group) > 1
    )


def uncertainty_of(model: AdditiveModel) -> Uncertainty:
    """Return the covariance of a model with what its coefficients count.

    >>> from risk_assets.domain.model.additive import fit_additive
    >>> rows = {"size": np.arange(60.0)}
    >>> model = fit_additive(rows, (rows["size"] % 3 < rows["size"] / 30).astype(float))
    >>> sure = uncertainty_of(model)
    >>> bool(np.allclose(sure.standard_error(rows, 60), model.standard_error(rows), atol=1e-12))
    True
    """
    return Uncertainty(
        tuple(_side(term.basis, term.contrast) for term in model.terms),
        tuple(
            (_side(pair.left.basis, pair.left.contrast), _side(pair.right.basis, pair.right.contrast))
            for pair in model.pairs
        ),
        tuple(model.covariance[np.tril_indices(len(model.covariance))].tolist()),
    )


def _side(basis: Basis, contrast: Array) -> Side:
    return Side(basis, tuple(map(tuple, contrast.tolist())))


def _term_values(model: AdditiveModel) -> list[Array]:
    """Return the log-odds that each function of each term's basis stands for."""
    ends = np.cumsum([1, *(term.width for term in model.terms)])
    return [
        term.contrast @ model.coefficients[start:stop]
        for term, start, stop in zip(model.terms, ends[:-1], ends[1:], strict=True)
    ]


def _numeric(
    name: str, basis: Basis | None, values: Mapping[str, Array], features: FeatureColumns, weights: Array | None
) -> NumericShape:
    numbers = np.asarray(features[name], dtype=np.float64)
    known = numbers[~np.isnan(numbers)]
    usual = float(np.median(known)) if len(known) else None
    if basis is None:
        return NumericShape(name, (0.0, 1.0), ((0.0,),), missing=0.0, mean=0.0, usual=usual)
    size, found = basis.curve_size, values[name]
    levels = tuple(zip(basis.levels, found[size:-1].tolist(), strict=True))
    breaks, pieces = spline_pieces(basis, found[:size])
    shape = NumericShape(name, breaks, pieces, float(found[-1]), math.nan, levels, usual)  # type: ignore[arg-type]
    return replace(shape, mean=float(np.average(shape(numbers), weights=weights)))


def _categorical(
    name: str, basis: Basis | None, values: Mapping[str, Array], features: FeatureColumns, weights: Array | None
) -> CategoricalShape:
    usual = most_frequent(features[name])
    if basis is None:
        return CategoricalShape(name, {}, unknown=0.0, missing=0.0, mean=0.0, usual=usual)
    *named, missing, unknown = values[name].tolist()
    table = dict(zip(map(str, basis.levels), named, strict=True))
    shape = CategoricalShape(name, table, unknown, missing, math.nan, usual)
    mean = float(np.average(shape(np.asarray(features[name], dtype=object)), weights=weights))
    return CategoricalShape(name, table, unknown, missing, mean, usual)


def most_frequent(values: NDArray[np.float64] | NDArray[np.object_]) -> str | None:
    """Return the category with most rows, of equally frequent ones the first by name; None without any.

    >>> most_frequent(np.array(["b", "a", None, "b"], dtype=object))
    'b'
    """
    names, counts = np.unique([value for value in values.tolist() if value is not None], return_counts=True)
    return str(names[counts.argmax()]) if len(names) else None


def _pairs(model: AdditiveModel, features: FeatureColumns, weights: Array | None) -> list[PairTable]:
    found = []
    start = 1 + sum(term.width for term in model.terms)
    for pair in model.pairs:
        table = _table(pair, model.coefficients[start : start + pair.width])
        start += pair.width
        cells = tuple(map(tuple, table.tolist()))
        shown = PairTable(pair.left.basis, pair.right.basis, cells, math.nan)
        mean = float(np.average(shown(*(features[name] for name in shown.columns)), weights=weights))
        found.append(PairTable(shown.left, shown.right, cells, mean))
    return found


def _table(pair: Pair, coefficients: Array) -> Array:
    products = coefficients.reshape(pair.left.contrast.shape[1], -1)
    return np.asarray(pair.left.contrast @ products @ pair.right.contrast.T)


def spline_pieces(basis: Basis, values: Array) -> tuple[tuple[float, ...], tuple[tuple[float, ...], ...]]:
    """Return the breaks of a basis's curve with these values of its functions, and its polynomials by piece.

    Coefficients are of powers of t, from 0 to 1 within the piece, highest power first.

    >>> from risk_assets.domain.model.forms import Basis
    >>> spline_pieces(Basis("size", (0.0, 10.0), 1), np.array([-3.0, 0.0]))
    ((0.0, 10.0), ((3.0, -3.0),))
    """
    if len(basis.knots) < 2:  # noqa: PLR2004
        level = float(values.sum())
        return (0.0, 1.0), ((level,),)
    if basis.degree == 1:
        return basis.knots, tuple((high - low, low) for low, high in pairwise(values.tolist()))
    padded, degree = basis.padded_knots(), basis.degree
    pieces = range(degree, degree + len(basis.knots) - 1)
    return basis.knots, tuple(_polynomial(padded, values, degree, piece) for piece in pieces)


def _polynomial(padded: Array, values: Array, degree: int, piece: int) -> tuple[float, ...]:
    """Return a curve on [t_i, t_i+1) as a polynomial in (x - t_i) / (t_i+1 - t_i), highest power first.

    Only the degree + 1 splines that are not 0 there are summed, on knots measured from t_i in widths of the
    piece, so that nothing overflows whatever the units. The Taylor series at 0: the m-th coefficient is the
    m-th derivative / m!.
    """
    from scipy.interpolate import BSpline

    width = padded[piece + 1] - padded[piece]
    near = (padded[piece - degree : piece + degree + 2] - padded[piece]) / width
    local = BSpline(near, values[piece - degree : piece + 1], degree)
    return tuple(float(local(0.0, nu=m)) / math.factorial(m) for m in range(degree, -1, -1))
