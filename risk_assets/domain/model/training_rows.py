"""The rows that a model is fitted on, in one order whatever the order of the input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from risk_assets.domain.columns import Columns

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from risk_assets.domain.model.scorecard import FeatureColumns

LEAST_ROWS, LEAST_OF_A_CLASS = 10, 2


class TrainingError(ValueError):
    """The rows cannot train a model; the message says why."""


@dataclass(frozen=True)
class TrainingRows:
    """Features by name (n,), floats with NaN or texts with None where missing, and 0/1 outcomes (n,).

    `clients` (n,) says whose row each is, and `weights` (n,) for how many rows it stands, where a sample left some
    out; None means rows of as many clients, and 1.
    """

    features: FeatureColumns
    target: NDArray[np.int64]
    clients: NDArray[np.object_] | None = None
    weights: NDArray[np.float64] | None = None


@dataclass(frozen=True)
class Shares:
    """Which share of the clients is trained on: of those that have left at some time, and of all others.

    >>> shares_of(leavers=50_000, others=5_000_000, most=1_000_000)
    Shares(left=1.0, stayed=0.19)
    """

    left: float = 1.0
    stayed: float = 1.0

    @property
    def whole(self) -> bool:
        """Whether all clients are trained on.

        >>> Shares().whole, Shares(stayed=0.5).whole
        (True, False)
        """
        return self.left == self.stayed == 1.0


def shares_of(leavers: int, others: int, most: int) -> Shares:
    """Return the shares that leave about `most` rows: all of leavers where they take half of them at most.

    Leavers are few and tell most. Where they are the majority all clients are thinned alike: no row is to stand
    for more rows than it must. `leavers` and `others` are the rows of both kinds of clients.

    >>> shares_of(leavers=100, others=900, most=1000), shares_of(leavers=2000, others=2000, most=1000)
    (Shares(left=1.0, stayed=1.0), Shares(left=0.25, stayed=0.25))
    >>> shares_of(leavers=900, others=100, most=500)
    Shares(left=0.5, stayed=0.5)
    """
    if leavers + others <= most:
        return Shares()
    left = min(1.0, max(most / 2 / max(leavers, 1), most / (leavers + others)))
    return Shares(left, min(1.0, (most - left * leavers) / max(others, 1)))


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
    """Return the rows in one order, and the features in one type each, whatever those of the input.

    Raises TrainingError for an infinite value.

    >>> from risk_assets.domain.columns import NumericColumn
    >>> columns = Columns("client", "left", "1", "0", (NumericColumn("employees"),))
    >>> rows = TrainingRows({"employees": np.array([30.0, 10.0, 20.0])}, np.array([0, 1, 0]))
    >>> canonical(rows, columns).features["employees"].tolist()
    [10.0, 20.0, 30.0]
    """
    numeric = {
        column.name: _numbers(column.name, rows.features[column.name]) for column in columns.numeric_features
    }
    coded = {name: _codes(rows.features[name]) for name in columns.categorical}
    keys = [*numeric.values(), *(codes for codes, _ in coded.values()), rows.target]
    clients = None if rows.clients is None else np.unique(rows.clients.astype(str), return_inverse=True)[1]
    order = np.lexsort((keys if clients is None else [*keys, clients])[::-1])
    texts = {name: levels[codes[order]] for name, (codes, levels) in coded.items()}
    return TrainingRows(
        {**{name: values[order] for name, values in numeric.items()}, **texts},
        rows.target[order],
        None if clients is None else clients[order].astype(object),
        None if rows.weights is None else rows.weights[order],
    )


def _numbers(name: str, values: NDArray[np.float64] | NDArray[np.object_]) -> NDArray[np.float64]:
    # adding 0 turns -0.0 into 0.0: equal values get equal bytes
    numbers: NDArray[np.float64] = np.asarray(values, dtype=np.float64) + 0.0
    if np.isinf(numbers).any():
        raise TrainingError(f"{name}: holds an infinite value")
    return numbers


def _codes(values: NDArray[np.float64] | NDArray[np.object_]) -> tuple[NDArray[np.intp], NDArray[np.object_]]:
    """Return the place of each text among the sorted ones, -1 where it is missing, and these, None last."""
    texts = [None if value is None or value != value else str(value) for value in values.tolist()]  # noqa: PLR0124
    levels = sorted({text for text in texts if text is not None})
    places = {text: place for place, text in enumerate(levels)}
    codes = np.array([-1 if text is None else places[text] for text in texts], dtype=np.intp)
    return codes, np.array([*levels, None], dtype=object)
