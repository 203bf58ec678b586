"""A fitted pipeline from statistics of rows that do not fit into memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from risk_assets.domain.model.pipeline import MOST_CATEGORIES, Form, pipeline_of

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray
    from sklearn.pipeline import Pipeline


@dataclass(frozen=True)
class NumericStatistics:
    """What the steps of a numeric column are fitted to: the median of the present values, and the knots (k, 1)."""

    median: float
    knots: NDArray[np.float64]


@dataclass(frozen=True)
class CategoricalStatistics:
    """What the steps of a categorical column are fitted to: its categories, most frequent first.

    Of equally frequent ones the greater text comes first, since scikit-learn keeps that one. Missing cells are
    listed as MISSING_CATEGORY.
    """

    categories: Sequence[str]


Statistics = NumericStatistics | CategoricalStatistics


def with_fitted_columns(statistics: Mapping[str, Statistics], forms: Mapping[str, Form], c: float) -> Pipeline:
    """Return a pipeline whose columns are as if fitted on rows with these statistics; its regression is not.

    scikit-learn itself fits them, on a few rows that have the same medians and the same frequent categories.

    >>> statistics = {"employees": NumericStatistics(30.0, np.array([[1.0], [500.0]]))}
    >>> pipeline = with_fitted_columns(statistics, {"employees": "linear"}, c=1.0)
    >>> pipeline.named_steps["columns"].named_transformers_["column0"][0].statistics_.tolist()
    [30.0]
    """
    knots = {name: each.knots for name, each in statistics.items() if isinstance(each, NumericStatistics)}
    pipeline = pipeline_of(forms, knots, c)
    rows = _rows_like(statistics, forms)
    return pipeline.fit(rows, np.arange(len(rows)) % 2)


def _rows_like(statistics: Mapping[str, Statistics], forms: Mapping[str, Form]) -> pd.DataFrame:
    import pandas as pd

    texts = {
        name: _texts_like(each.categories)
        for name, each in statistics.items()
        if isinstance(each, CategoricalStatistics)
    }
    length = max(map(len, texts.values()), default=2)
    cells: dict[str, pd.Series] = {}
    for name in forms:
        column = statistics.get(name)
        if isinstance(column, CategoricalStatistics):
            # the most frequent category fills up the column: that changes no other's rank
            padding = [column.categories[0]] * (length - len(texts[name]))
            cells[name] = pd.Series([*texts[name], *padding], dtype=object)
        else:
            cells[name] = pd.Series(np.full(length, column.median if column else np.nan))
    return pd.DataFrame(cells)


def _texts_like(categories: Sequence[str]) -> list[str]:
    """Return each category once and the frequent ones twice, so that scikit-learn keeps the same ones apart."""
    frequent = categories[: MOST_CATEGORIES - 1] if len(categories) >= MOST_CATEGORIES else []
    return [*categories, *frequent, *categories[:1]]


def set_regression(pipeline: Pipeline, beta: NDArray[np.float64], steps: int) -> None:
    """Set the regression's intercept and weights, `beta` (1 + outputs,), and the number of steps of the fit.

    >>> import pandas as pd
    >>> statistics = {"employees": NumericStatistics(30.0, np.array([[1.0], [500.0]]))}
    >>> pipeline = with_fitted_columns(statistics, {"employees": "linear"}, c=1.0)
    >>> set_regression(pipeline, np.array([-2.0, 1.0]), steps=5)
    >>> pipeline.predict_proba(pd.DataFrame({"employees": [1.0, 500.0]}))[:, 1].tolist()
    [0.269, 0.119]
    """
    model = pipeline.named_steps["regression"]
    model.coef_, model.intercept_ = beta[None, 1:].copy(), beta[:1].copy()
    model.n_iter_ = np.array([steps], dtype=np.int32)
