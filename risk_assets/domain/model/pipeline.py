"""The fitted additive model as a scikit-learn pipeline: one transformer per kind of function, one regression.

Only scikit-learn's own classes are in it, so the pickle loads wherever scikit-learn does. Its transformers give
other functions than a basis has: B-splines over other outer knots, and no zeros where a level or another category
is. A basis is a linear map of them, basis = constant + matrix @ functions, so the coefficients follow.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import SplineTransformer

    from risk_assets.domain.model.additive import AdditiveModel
    from risk_assets.domain.model.forms import Basis

    Array = NDArray[np.float64]

#: No category of a file is so called, since blanks around a value are no part of it.
MISSING_CATEGORY = " missing "


@dataclass(frozen=True)
class Encoding:
    """Transformers of one column, and its basis as constant (size,) + matrix (size, outputs) @ their outputs.

    >>> from risk_assets.domain.model.forms import Basis
    >>> found = encoding(Basis("region", (), 1, ("north",), categorical=True))
    >>> found.constant.tolist(), found.matrix.tolist()
    ([0.0, 0.0, 1.0], [[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]])
    """

    transformers: tuple[Any, ...]
    constant: Array
    matrix: Array


def encoding(basis: Basis) -> Encoding:
    """Return how scikit-learn computes a basis.

    >>> from risk_assets.domain.model.forms import Basis
    >>> [type(step).__name__ for step in encoding(Basis("size", (0.0, 1.0), 1)).transformers]
    ['SplineTransformer', 'MissingIndicator']
    """
    return _of_categories(basis) if basis.categorical else _of_numbers(basis)


def _of_categories(basis: Basis) -> Encoding:
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    names = np.array([*basis.levels, MISSING_CATEGORY], dtype=object)
    # pandas has two spellings of a missing text: the first imputer takes NaN, the second None
    steps = make_pipeline(
        SimpleImputer(missing_values=np.nan, strategy="constant", fill_value=MISSING_CATEGORY),
        SimpleImputer(missing_values=None, strategy="constant", fill_value=MISSING_CATEGORY),
        OneHotEncoder(categories=[names], handle_unknown="ignore", sparse_output=False),
    )
    count = len(names)
    constant = np.append(np.zeros(count), 1.0)  # what is none of them is rare or unknown
    return Encoding((steps,), constant, np.vstack([np.eye(count), -np.ones(count)]))


def _of_numbers(basis: Basis) -> Encoding:
    from sklearn.impute import MissingIndicator
    from sklearn.preprocessing import OneHotEncoder, SplineTransformer

    size, levels = basis.curve_size, np.array(basis.levels, dtype=np.float64)
    steps: list[Any] = []
    constant, curve = np.zeros(basis.size), np.zeros((size, 0))
    if size > 1:
        knots = np.array(basis.knots)[:, None]
        steps.append(SplineTransformer(degree=basis.degree, knots=knots, handle_missing="zeros"))
        curve = _change_of_basis(basis, steps[0])
    constant[:size] = float(size == 1)
    if len(levels):
        steps.append(OneHotEncoder(categories=[levels], handle_unknown="ignore", sparse_output=False))
    steps.append(MissingIndicator(features="all"))
    matrix = np.zeros((basis.size, curve.shape[1] + len(levels) + 1))
    matrix[:size, : curve.shape[1]] = curve
    # at a level the curve is 0; where a number is missing its B-splines are, and the constant has to be taken off
    matrix[:size, curve.shape[1] : -1] = -basis.curve_at(levels).T
    matrix[:size, -1] = -constant[:size]
    matrix[size:, curve.shape[1] :] = np.eye(len(levels) + 1)
    return Encoding(tuple(steps), constant, matrix)


def _change_of_basis(basis: Basis, spline: SplineTransformer) -> Array:
    """Return the B-splines of a basis as a linear map of a transformer's, which span the same curves.

    They agree everywhere since they do at as many places as there are functions, one in the support of each.
    """
    padded, degree = np.pad(np.array(basis.knots), basis.degree, mode="edge"), basis.degree
    places = np.array([padded[place + 1 : place + 1 + degree].mean() for place in range(basis.curve_size)])
    places = np.clip(places, basis.knots[0], basis.knots[-1])
    theirs = spline.fit(places[:, None]).transform(places[:, None])
    return np.asarray(np.linalg.solve(theirs, basis.curve_at(places)).T)


def to_pipeline(model: AdditiveModel, features: tuple[str, ...]) -> Pipeline:
    """Return the pipeline of a fitted model; it takes a table of the features, of which a model may use a part.

    >>> import pandas as pd
    >>> from risk_assets.domain.model.additive import fit_additive
    >>> rows = {"size": np.arange(60.0)}
    >>> model = fit_additive(rows, (rows["size"] % 3 < rows["size"] / 30).astype(float))
    >>> risk = to_pipeline(model, ("size",)).predict_proba(pd.DataFrame(rows))[:, 1]
    >>> bool(np.allclose(risk, 1 / (1 + np.exp(-model.predict(rows))), atol=1e-12))
    True
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import Pipeline

    steps: list[tuple[str, Any, list[str]]] = []
    weights, intercept, start = [], model.intercept, 1
    for number, term in enumerate(model.terms):
        found = encoding(term.basis)
        values = term.contrast @ model.coefficients[start : start + term.width]
        start += term.width
        # steps are named by number: a column's name may hold what scikit-learn forbids in a step's
        steps += _named(f"column{number}", found, term.name)
        weights.append(found.matrix.T @ values)
        intercept += float(found.constant @ values)
    for number, pair in enumerate(model.pairs):
        table = model.coefficients[start : start + pair.width].reshape(pair.left.contrast.shape[1], -1)
        start += pair.width
        table = pair.left.contrast @ table @ pair.right.contrast.T
        sides = encoding(pair.left.basis), encoding(pair.right.basis)
        names = [pair.left.basis.column, pair.right.basis.column]
        steps.append((f"pair{number}", _products(sides, names), names))
        weights.append(_product_weights(sides, table))
        intercept += float(sides[0].constant @ table @ sides[1].constant)
    columns = ColumnTransformer(steps).fit(_rows_like(model, features))
    return Pipeline([("columns", columns), ("regression", _regression(intercept, np.concatenate(weights), model))])


def _named(prefix: str, found: Encoding, column: str) -> list[tuple[str, Any, list[str]]]:
    return [(f"{prefix}_{place}", step, [column]) for place, step in enumerate(found.transformers)]


def _products(sides: tuple[Encoding, Encoding], names: list[str]) -> Pipeline:
    """Return the steps that give the outputs of both sides, and each output times each other one."""
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import PolynomialFeatures

    steps = [
        step
        for prefix, side, name in zip(("left", "right"), sides, names, strict=True)
        for step in _named(prefix, side, name)
    ]
    products = PolynomialFeatures(2, interaction_only=True, include_bias=False)
    return make_pipeline(ColumnTransformer(steps), products)


def _product_weights(sides: tuple[Encoding, Encoding], table: Array) -> Array:
    """Return the coefficients of what `_products` gives; table (left size, right size)."""
    left, right = sides
    both = left.matrix.T @ table @ right.matrix
    count = both.shape[0]
    alone = np.concatenate([left.matrix.T @ table @ right.constant, right.matrix.T @ table.T @ left.constant])
    crossed = [
        both[i, j - count] if i < count <= j else 0.0 for i, j in combinations(range(count + both.shape[1]), 2)
    ]
    return np.concatenate([alone, crossed])


def _rows_like(model: AdditiveModel, features: tuple[str, ...]) -> pd.DataFrame:
    """Return two rows from which the transformers learn nothing but the types of columns."""
    import pandas as pd

    texts = {term.name for term in model.terms if term.basis.categorical}
    cells = {
        name: pd.Series(["", None], dtype=object) if name in texts else pd.Series([0.0, np.nan])
        for name in features
    }
    return pd.DataFrame(cells)


def _regression(intercept: float, weights: Array, model: AdditiveModel) -> LogisticRegression:
    from sklearn.linear_model import LogisticRegression

    found = LogisticRegression(C=np.inf)
    found.classes_ = np.array([0, 1])
    found.coef_, found.intercept_ = weights[None, :], np.array([intercept])
    found.n_features_in_, found.n_iter_ = len(weights), np.array([model.steps], dtype=np.int32)
    return found
