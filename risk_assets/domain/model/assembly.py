"""A fitted pipeline from statistics of the rows, for rows that are too many to be fitted in memory."""

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
    """What the steps of a numeric column learn: the median of the present values, and the knots (k, 1)."""

    median: float
    knots: NDArray[np.float64]


@dataclass(frozen=True)
class CategoricalStatistics:
    """What the steps of a categorical column learn: its categories, most frequent first.

    Of equally frequent ones the greater text comes first, since scikit-learn keeps that one. The missing ones are
    in it by their own name (MISSING_CATEGORY).
    """

    categories: Sequence[str]


Statistics = NumericStatistics | CategoricalStatistics


def with_fitted_columns(statistics: Mapping[str, Statistics], forms: Mapping[str, Form], c: float) -> Pipeline:
    """Return a pipeline whose columns are as if fitted on rows with these statistics, and its regression not yet.

    scikit-learn itself fits them, on a few rows that have the same medians and the same frequent categories.

    >>> statistics = {"region": CategoricalStatistics(["north", "south"])}
    >>> pipeline = with_fitted_columns(statistics, {"region": "categorical"}, c=1.0)
    >>> pipeline.named_steps["columns"].transformers_[0][1][-1].categories_[0].tolist()
    ['north', 'south']
    """
    knots = {name: found.knots for name, found in statistics.items() if isinstance(found, NumericStatistics)}
    pipeline = pipeline_of(forms, knots, c)
    rows = _rows_like(statistics, forms)
    return pipeline.fit(rows, np.arange(len(rows)) % 2)


def _rows_like(statistics: Mapping[str, Statistics], forms: Mapping[str, Form]) -> pd.DataFrame:
    import pandas as pd

    texts = {
        name: _texts_like(found.categories)
        for name, found in statistics.items()
        if isinstance(found, CategoricalStatistics)
    }
    length = max((len(found) for found in texts.values()), default=2)
    cells: dict[str, pd.Series] = {}
    for name in forms:
        found = statistics.get(name)
        if isinstance(found, CategoricalStatistics):
            # the most frequent category fills up the column: that changes no other's rank
            padding = [found.categories[0]] * (length - len(texts[name]))
            cells[name] = pd.Series([*texts[name], *padding], dtype=object)
        else:
            cells[name] = pd.Series(np.full(length, found.median if found else np.nan))
    return pd.DataFrame(cells)


def _texts_like(categories: Sequence[str]) -> list[str]:
    """Return each category once and the frequent ones twice: scikit-learn then tells the same ones apart."""
    frequent = categories[: MOST_CATEGORIES - 1] if len(categories) >= MOST_CATEGORIES else []
    return [*categories, *frequent, *categories[:1]]


def set_regression(pipeline: Pipeline, beta: NDArray[np.float64], steps: int) -> None:
    """Let the pipeline's regression have this intercept and weights (1 + outputs,), found in so many steps.

    >>> statistics = {"region": CategoricalStatistics(["north", "south"])}
    >>> pipeline = with_fitted_columns(statistics, {"region": "categorical"}, c=1.0)
    >>> set_regression(pipeline, np.array([-1.0, 0.5, -0.5]), steps=3)
    >>> pipeline.named_steps["regression"].coef_.tolist()
    [[0.5, -0.5]]
    """
    model = pipeline.named_steps["regression"]
    model.coef_, model.intercept_ = beta[None, 1:].copy(), beta[:1].copy()
    model.n_iter_ = np.array([steps], dtype=np.int32)
