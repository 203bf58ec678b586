"""What the steps of a pipeline learn of each column, found by the engine: medians, knots and categories."""

from __future__ import annotations

from collections.abc import Mapping

from risk_assets.domain.model.assembly import CategoricalStatistics, NumericStatistics, Statistics
from risk_assets.domain.model.pipeline import MISSING_CATEGORY, Form, distinct_knots, knot_probabilities
from risk_assets.engine.model.training_rows import feature_names
from risk_assets.engine.order_statistics import order_statistics
from risk_assets.engine.session import Session
from risk_assets.engine.sql import literal

#: Categories that a pipeline knows by name; beyond those it takes a rare one for unknown, which comes to the same.
MOST_NAMED_CATEGORIES = 10_000


def column_statistics(session: Session, table: str, forms: Mapping[str, Form]) -> dict[str, Statistics]:
    """Return the statistics of each column that takes part, over all rows of the table of engine.training_rows."""
    names = feature_names(session.columns)
    found: dict[str, Statistics] = {}
    for name, form in forms.items():
        if form == "categorical":
            found[name] = _categories(session, table, names[name])
        elif form != "constant":
            found[name] = _numeric(session, table, names[name], form)
    return found


def _numeric(session: Session, table: str, feature: str, form: Form) -> NumericStatistics:
    """The median of an even number is the mean of the two in the middle; knots are quantiles by inverted CDF."""
    import numpy as np

    [(n,)] = session.run(f"SELECT count({feature}) FROM {table}").fetchall()
    # as numpy's method inverted_cdf: the first value whose share of values up to it reaches the probability
    at = np.maximum(np.ceil(n * knot_probabilities(form) - 1), 0).astype(int).tolist()
    ranks = sorted({0, (n - 1) // 2, n // 2, n - 1, *at})
    values = dict(zip(ranks, order_statistics(session, table, feature, ranks), strict=True))
    knots = distinct_knots(np.array([values[rank] for rank in at]), np.array([values[0], values[n - 1]]))
    return NumericStatistics(median=(values[(n - 1) // 2] + values[n // 2]) / 2, knots=knots)


def _categories(session: Session, table: str, feature: str) -> CategoricalStatistics:
    named = f"SELECT coalesce({feature}, {literal(MISSING_CATEGORY)}) AS category FROM {table}"
    counted = f"SELECT category, count(*) AS times FROM ({named}) GROUP BY category"
    order = f"ORDER BY times DESC, category DESC LIMIT {MOST_NAMED_CATEGORIES}"
    return CategoricalStatistics([row[0] for row in session.run(f"SELECT * FROM ({counted}) {order}").fetchall()])
