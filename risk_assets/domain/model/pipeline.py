"""The scikit-learn pipeline: one small chain of steps per column, then a logistic regression.

Only scikit-learn's own classes are in it, so the pickle loads wherever scikit-learn does. A numeric column is a
B-spline that is constant beyond the outer knots; "linear" is the same with one straight piece. The outer knots are
the 1 % and 99 % quantiles, so that one absurd value cannot stretch a shape.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

import numpy as np

from risk_assets.domain.columns import Columns

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline

#: How a column enters the model; "constant" columns, of one value, are left out.
Form = Literal["spline", "linear", "categorical", "constant"]

SPLINE_KNOTS = 8
OUTER_QUANTILE = 0.01
#: With fewer rows or distinct values a numeric column can only be linear.
LEAST_SPLINE_ROWS, LEAST_SPLINE_VALUES = 200, 12
#: Values that differ by less are taken for one: dividing by a smaller gap could overflow.
LEAST_GAP = 1e-100
#: Rarer categories than the most frequent ones share one value, and so do unknown ones.
MOST_CATEGORIES = 50
MISSING_CATEGORY = "(missing)"


def possible_forms(features: pd.DataFrame, columns: Columns) -> dict[str, tuple[Form, ...]]:
    """Return the forms that each column can take, simplest first.

    >>> import pandas as pd
    >>> from risk_assets.domain.columns import NumericColumn
    >>> features = pd.DataFrame({"employees": np.arange(300.0), "region": ["north"] * 300})
    >>> possible_forms(features, Columns("client", "left", "1", "0", (NumericColumn("employees"),), ("region",)))
    {'employees': ('linear', 'spline'), 'region': ('constant',)}
    """
    numeric = {column.name: _numeric_forms(features[column.name].to_numpy()) for column in columns.numeric}
    return {**numeric, **{name: _categorical_forms(features[name]) for name in columns.categorical}}


def _numeric_forms(values: NDArray[np.float64]) -> tuple[Form, ...]:
    present = values[~np.isnan(values)]
    if len(present) == 0 or np.ptp(present) <= LEAST_GAP:
        return ("constant",)
    can_be_spline = len(present) >= LEAST_SPLINE_ROWS and len(np.unique(present)) >= LEAST_SPLINE_VALUES
    return ("linear", "spline") if can_be_spline else ("linear",)


def _categorical_forms(values: pd.Series) -> tuple[Form, ...]:
    return ("categorical",) if values.nunique(dropna=False) > 1 else ("constant",)


def knots(values: NDArray[np.float64], form: Form) -> NDArray[np.float64]:
    """Return distinct, ascending knots (k, 1) at quantiles of the present values; two for a linear form.

    Each knot is one of the values. Where the outer quantiles coincide, the extremes are taken.

    >>> knots(np.arange(101.0), "linear").tolist()
    [[1.0], [99.0]]
    """
    present = np.sort(values[~np.isnan(values)])
    quantiles = np.quantile(present, knot_probabilities(form), method="inverted_cdf")
    return distinct_knots(quantiles, present[[0, -1]])


def knot_probabilities(form: Form) -> NDArray[np.float64]:
    """Return the probabilities (k,) at whose quantiles the knots lie.

    >>> knot_probabilities("spline").tolist()
    [0.01, 0.15, 0.29, 0.43, 0.57, 0.71, 0.85, 0.99]
    """
    return np.linspace(OUTER_QUANTILE, 1 - OUTER_QUANTILE, SPLINE_KNOTS if form == "spline" else 2)


def distinct_knots(quantiles: NDArray[np.float64], extremes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the distinct ones of ascending quantiles as (k, 1), or the extremes (2,) where there is one only.

    >>> distinct_knots(np.array([0.0, 0.0, 5.0]), extremes=np.array([0.0, 9.0])).tolist()
    [[0.0], [5.0]]
    """
    distinct = quantiles[np.concatenate([[True], np.diff(quantiles) > LEAST_GAP])]
    return (distinct if len(distinct) > 1 else extremes)[:, None]


def knots_of(features: pd.DataFrame, forms: Mapping[str, Form]) -> dict[str, NDArray[np.float64]]:
    """Return the knots (k, 1) of each numeric column that is not constant.

    >>> import pandas as pd
    >>> features = pd.DataFrame({"employees": np.arange(101.0), "same": 1.0})
    >>> knots_of(features, {"employees": "linear", "same": "constant"})["employees"].tolist()
    [[1.0], [99.0]]
    """
    numeric = {name: form for name, form in forms.items() if form in {"linear", "spline"}}
    return {name: knots(features[name].to_numpy(), form) for name, form in numeric.items()}


def column_steps(form: Form, knots: NDArray[np.float64] | None) -> Pipeline:
    """Return the unfitted steps of one column; a numeric one has knots (k, 1).

    >>> [type(step).__name__ for step in column_steps("linear", np.array([[0.0], [9.0]]))]
    ['SimpleImputer', 'SplineTransformer']
    """
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, SplineTransformer

    if knots is None:
        # pandas has two spellings of a missing text: the first imputer takes NaN, the second None
        return make_pipeline(
            SimpleImputer(missing_values=np.nan, strategy="constant", fill_value=MISSING_CATEGORY),
            SimpleImputer(missing_values=None, strategy="constant", fill_value=MISSING_CATEGORY),
            OneHotEncoder(
                handle_unknown="infrequent_if_exist", max_categories=MOST_CATEGORIES, sparse_output=False
            ),
        )
    spline = SplineTransformer(
        degree=3 if form == "spline" else 1,
        knots=knots,
        extrapolation="constant",
        include_bias=form == "spline",  # a line needs one number only
    )
    return make_pipeline(SimpleImputer(strategy="median"), spline)


def regression(c: float) -> LogisticRegression:
    """Return the unfitted logistic regression with inverse strength of the penalty `c`.

    >>> regression(10.0).C
    10.0
    """
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=c, solver="newton-cholesky", tol=1e-8, max_iter=200)


def build_pipeline(features: pd.DataFrame, forms: Mapping[str, Form], c: float) -> Pipeline:
    """Return the unfitted pipeline for the columns of `forms`, its knots the quantiles of `features`.

    >>> import pandas as pd
    >>> features, left = pd.DataFrame({"employees": np.arange(100.0)}), np.arange(100) < 50
    >>> pipeline = build_pipeline(features, {"employees": "linear"}, c=1.0).fit(features, left)
    >>> pipeline.predict_proba(features.iloc[[0, 99]])[:, 1].tolist()
    [0.914, 0.090]
    """
    return pipeline_of(forms, knots_of(features, forms), c)


def pipeline_of(forms: Mapping[str, Form], knots: Mapping[str, NDArray[np.float64]], c: float) -> Pipeline:
    """Return the unfitted pipeline with these knots (k, 1) by numeric column.

    >>> list(pipeline_of({"region": "categorical"}, {}, c=1.0).named_steps)
    ['columns', 'regression']
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import Pipeline

    # steps are named by number: a column's name may hold what scikit-learn forbids in a step's
    steps = [
        (f"column{number}", "drop" if form == "constant" else column_steps(form, knots.get(name)), [name])
        for number, (name, form) in enumerate(forms.items())
    ]
    return Pipeline([("columns", ColumnTransformer(steps)), ("regression", regression(c))])
