"""Training: labelled client rows in, the fitted pipeline and its scorecard out; seeded, in any order of rows."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from risk_assets.domain.columns import Columns
from risk_assets.domain.export import to_scorecard
from risk_assets.domain.pipeline import Form, build_pipeline, possible_forms
from risk_assets.domain.scorecard import Scorecard
from risk_assets.domain.selection import FOLDS, Candidate, best_threshold, choose

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray
    from sklearn.pipeline import Pipeline

LEAST_ROWS, LEAST_OF_A_CLASS = 10, 2
#: Forms, penalty and threshold are chosen on at most this many rows; the model itself is fitted on all.
MOST_SELECTION_ROWS = 50_000


class TrainingError(ValueError):
    """The rows cannot train a model; the message says why."""


@dataclass(frozen=True)
class TrainingReport:
    """How a model came about: rows, the form of each column, the penalty C and what else was tried.

    `threshold_f1` is the F1 at the threshold over held-out rows, none of which its own model had seen.
    """

    rows: int
    positives: int
    forms: Mapping[str, Form]
    c: float
    candidates: tuple[Candidate, ...]
    threshold: float
    threshold_f1: float


@dataclass(frozen=True)
class TrainedModel:
    """The fitted scikit-learn pipeline (it takes a table of the features), its scorecard, and the report."""

    pipeline: Pipeline
    scorecard: Scorecard
    report: TrainingReport


def train(
    features: pd.DataFrame, target: NDArray[np.int64], columns: Columns, *, seed: int, threshold: float | None
) -> TrainedModel:
    """Train on a table of float64 and text columns (NaN and None are missing) and 0/1 labels (n,).

    The same rows in any order give the same model, byte for byte. With `threshold` None the one with the best F1
    on held-out rows is taken. Raises TrainingError where the rows cannot teach anything.
    """
    from threadpoolctl import threadpool_limits

    _check(target, columns)
    table, labels = canonical_rows(features, target, columns)
    rows = _selection_rows(labels, seed)
    sample, sample_labels = table.iloc[rows], labels[rows]
    possible = possible_forms(sample, columns)
    if set(possible.values()) == {("constant",)}:
        raise TrainingError("each feature holds one value only: nothing tells the clients apart")
    # one thread: small matrices are faster so, and sums come out alike on machines with more cores
    with threadpool_limits(1):
        choice = choose(sample, sample_labels, possible, seed=seed)
        pipeline = build_pipeline(table, choice.forms, choice.c).fit(table, labels)
    cut = best_threshold(sample_labels, choice.risk) if threshold is None else threshold
    report = TrainingReport(
        rows=len(labels),
        positives=int(labels.sum()),
        forms=choice.forms,
        c=choice.c,
        candidates=choice.candidates,
        threshold=cut,
        threshold_f1=_f1(sample_labels, choice.risk >= cut),
    )
    return TrainedModel(pipeline, to_scorecard(pipeline, columns, table, threshold=cut), report)


def _check(target: NDArray[np.int64], columns: Columns) -> None:
    """Refuse rows that cannot be learnt from."""
    if not columns.features:
        raise TrainingError("no feature is declared: name numeric or categorical columns in the config")
    if len(target) < LEAST_ROWS:
        raise TrainingError(f"{len(target)} rows: at least {LEAST_ROWS} are needed")
    positives = int(target.sum())
    for label, count in ((columns.positive, positives), (columns.negative, len(target) - positives)):
        if count < LEAST_OF_A_CLASS:
            raise TrainingError(
                f"{count} of {len(target)} rows have {columns.target} = {label}: "
                f"at least {LEAST_OF_A_CLASS} are needed"
            )


def canonical_rows(
    features: pd.DataFrame, target: NDArray[np.int64], columns: Columns
) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """Return the feature columns and the labels in one order of rows and one type per column, whatever came in.

    Raises TrainingError for an infinite value.
    """
    import pandas as pd

    numeric = {column.name: _numbers(column.name, features[column.name]) for column in columns.numeric}
    coded = {name: pd.factorize(features[name], sort=True) for name in columns.categorical}
    keys = [*numeric.values(), *(codes for codes, _ in coded.values()), target]
    order = np.lexsort(keys[::-1])
    texts = {name: _texts(codes[order], list(levels)) for name, (codes, levels) in coded.items()}
    table = pd.DataFrame({name: values[order] for name, values in numeric.items()} | texts)
    return table, target[order]


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


def _selection_rows(target: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """Return the rows used for selection: all, or a seeded sample with the same share of each class."""
    share = MOST_SELECTION_ROWS / len(target)
    if share >= 1:
        return np.arange(len(target))
    rng = np.random.default_rng(seed)
    members = (np.flatnonzero(target == label) for label in (0, 1))
    sizes = ((rows, min(len(rows), max(FOLDS, round(len(rows) * share)))) for rows in members)
    return np.sort(np.concatenate([rng.choice(rows, size, replace=False) for rows, size in sizes]))


def _f1(target: NDArray[np.int64], predicted: NDArray[np.bool_]) -> float:
    """F1 = 2 TP / (predicted + actual positives)."""
    return float(2 * target[predicted].sum() / (predicted.sum() + target.sum()))
