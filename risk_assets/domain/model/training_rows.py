"""The rows a model is fitted on, in one order whatever the order of the input, and the sample it is chosen on."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from risk_assets.domain.columns import Columns
from risk_assets.domain.model.selection import FOLDS

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

LEAST_ROWS, LEAST_OF_A_CLASS = 10, 2
#: Forms, penalty and threshold are chosen on at most this many rows; the model itself is fitted on all.
MOST_SELECTION_ROWS = 50_000


class TrainingError(ValueError):
    """The rows cannot train a model; the message says why."""


@dataclass(frozen=True)
class TrainingRows:
    """A table of float64 and text columns (NaN and None are missing) with 0/1 labels (n,).

    `folds` (n,), where given, is the cross-validation fold of each row's client: 0 to FOLDS - 1.
    """

    features: pd.DataFrame
    target: NDArray[np.int64]
    folds: NDArray[np.int64] | None = None

    def take(self, indices: NDArray[np.int64]) -> TrainingRows:
        """Return the rows with these indices (m,), in that order.

        >>> import pandas as pd
        >>> rows = TrainingRows(pd.DataFrame({"employees": [10.0, 20.0, 30.0]}), np.array([0, 1, 0]))
        >>> rows.take(np.array([2, 1])).target.tolist()
        [0, 1]
        """
        folds = None if self.folds is None else self.folds[indices]
        return TrainingRows(self.features.iloc[indices], self.target[indices], folds)


def require_learnable(rows: int, positives: int, columns: Columns) -> None:
    """Raise TrainingError for rows that are too few, of one class only, or without a feature.

    >>> from risk_assets.domain.columns import NumericColumn
    >>> require_learnable(500, 1, Columns("client", "left", "1", "0", (NumericColumn("employees"),)))
    Traceback (most recent call last):
    risk_assets.domain.model.training_rows.TrainingError: 1 of 500 rows have left = 1: at least 2 are needed
    """
    if not columns.features:
        raise TrainingError("no feature is declared: name numeric or categorical columns in the config")
    if rows < LEAST_ROWS:
        raise TrainingError(f"{rows} rows: at least {LEAST_ROWS} are needed")
    for label, count in ((columns.positive, positives), (columns.negative, rows - positives)):
        if count < LEAST_OF_A_CLASS:
            raise TrainingError(
                f"{count} of {rows} rows have {columns.target} = {label}: at least {LEAST_OF_A_CLASS} are needed"
            )


def canonical(rows: TrainingRows, columns: Columns) -> TrainingRows:
    """Return features and labels in one order of rows and one type per column, whatever those of the input.

    Raises TrainingError for an infinite value.

    >>> import pandas as pd
    >>> from risk_assets.domain.columns import NumericColumn
    >>> columns = Columns("client", "left", "1", "0", (NumericColumn("employees"),))
    >>> rows = TrainingRows(pd.DataFrame({"employees": [30, 10, 20]}), np.array([0, 1, 0]))
    >>> canonical(rows, columns).features["employees"].tolist()
    [10.0, 20.0, 30.0]
    """
    import pandas as pd

    features, target = rows.features, rows.target
    numeric = {column.name: _numbers(column.name, features[column.name]) for column in columns.numeric}
    coded = {name: pd.factorize(features[name], sort=True) for name in columns.categorical}
    keys = [*numeric.values(), *(codes for codes, _ in coded.values()), target]
    order = np.lexsort((keys if rows.folds is None else [*keys, rows.folds])[::-1])
    texts = {name: _texts(codes[order], list(levels)) for name, (codes, levels) in coded.items()}
    table = pd.DataFrame({name: values[order] for name, values in numeric.items()} | texts)
    return TrainingRows(table, target[order], None if rows.folds is None else rows.folds[order])


def _numbers(name: str, values: pd.Series) -> NDArray[np.float64]:
    # adding 0 turns -0.0 into 0.0: equal values get equal bytes
    numbers = values.to_numpy(dtype=np.float64) + 0.0
    if np.isinf(numbers).any():
        raise TrainingError(f"{name}: holds an infinite value")
    return numbers


def _texts(codes: NDArray[np.int64], levels: list[object]) -> pd.Series:
    """Return categories as text, None where the code is -1; equal texts are one object, as pickles show."""
    import pandas as pd

    names = np.array([*(sys.intern(str(level)) for level in levels), None], dtype=object)
    return pd.Series(names[codes], dtype=object)


def sample_sizes(negatives: int, positives: int) -> tuple[int, int]:
    """Return how many rows of each class to choose on: all, or about MOST_SELECTION_ROWS in proportion.

    >>> sample_sizes(negatives=800, positives=200), sample_sizes(negatives=800_000, positives=200_000)
    ((800, 200), (40000, 10000))
    """
    share = MOST_SELECTION_ROWS / (negatives + positives)
    if share >= 1:
        return negatives, positives
    negatives, positives = (min(count, max(FOLDS, round(count * share))) for count in (negatives, positives))
    return negatives, positives


def sampled(rows: TrainingRows, sizes: tuple[int, int], seed: int) -> TrainingRows:
    """Return a seeded sample of at most `sizes` rows (negatives, positives), in the order of the rows.

    >>> import pandas as pd
    >>> rows = TrainingRows(pd.DataFrame({"employees": np.arange(10.0)}), np.array([0] * 6 + [1] * 4))
    >>> sampled(rows, (3, 2), seed=0).target.tolist()
    [0, 0, 0, 1, 1]
    """
    members = [np.flatnonzero(rows.target == label) for label in (0, 1)]
    if all(len(indices) <= size for indices, size in zip(members, sizes, strict=True)):
        return rows
    rng = np.random.default_rng(seed)
    chosen = [
        rng.choice(indices, min(size, len(indices)), replace=False)
        for indices, size in zip(members, sizes, strict=True)
    ]
    return rows.take(np.sort(np.concatenate(chosen)))
