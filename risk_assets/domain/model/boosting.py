"""Gradient boosting on the rows that the model learns from: a rival that many know."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from risk_assets.domain.columns import Columns
    from risk_assets.domain.model.scorecard import FeatureColumns
    from risk_assets.domain.model.training_rows import TrainingRows

#: scikit-learn's gradient boosting takes no more categories of a column; the rarest count as missing.
MOST_CATEGORIES = 254


def boosted_risk(rows: TrainingRows, test: FeatureColumns, columns: Columns, *, seed: int) -> NDArray[np.float64]:
    """Return the risk (n,) of test rows by gradient boosting on the training rows, stopped when it gets no better.

    >>> from risk_assets.domain.simulate import simulate
    >>> from risk_assets_tests.domain.clients import SIMULATED, labelled
    >>> rows = labelled(simulate(500, seed=0))
    >>> boosted_risk(rows, {name: cells[:2] for name, cells in rows.features.items()}, SIMULATED, seed=0).shape
    (2,)
    """
    from sklearn.ensemble import HistGradientBoostingClassifier

    known = {name: _frequent(rows.features[name]) for name in columns.categorical}
    model = HistGradientBoostingClassifier(
        learning_rate=0.05,
        max_iter=500,
        max_leaf_nodes=15,
        early_stopping=True,
        categorical_features=[name in known for name in columns.features],
        random_state=seed,
    )
    model.fit(_matrix(rows.features, columns, known), rows.target, sample_weight=rows.weights)
    return np.asarray(model.predict_proba(_matrix(test, columns, known))[:, 1])


def _frequent(values: NDArray[np.float64] | NDArray[np.object_]) -> dict[object, int]:
    names, counts = np.unique([str(value) for value in values.tolist() if value is not None], return_counts=True)
    order = np.argsort(-counts, kind="stable")[:MOST_CATEGORIES]
    return {name: place for place, name in enumerate(names[order].tolist())}


def _matrix(
    features: FeatureColumns, columns: Columns, known: dict[str, dict[object, int]]
) -> NDArray[np.float64]:
    cells = [
        [known[name].get(value, np.nan) for value in features[name].tolist()] if name in known else features[name]
        for name in columns.features
    ]
    return np.column_stack([np.asarray(column, dtype=np.float64) for column in cells])
