"""Training: labelled client rows in, the fitted pipeline and its scorecard out; seeded, in any order of rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from risk_assets.domain.columns import Columns
from risk_assets.domain.model.export import to_scorecard
from risk_assets.domain.model.pipeline import Form, build_pipeline, possible_forms
from risk_assets.domain.model.scorecard import Scorecard
from risk_assets.domain.model.selection import Candidate, best_threshold, choose
from risk_assets.domain.model.training_rows import (
    TrainingError,
    TrainingRows,
    canonical,
    require_learnable,
    sample_sizes,
    sampled,
)
from risk_assets.domain.scoring.bootstrap import count_outcomes
from risk_assets.domain.scoring.f1 import f1_of

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray
    from sklearn.pipeline import Pipeline


@dataclass(frozen=True)
class Selection:
    """What was chosen before the fit: the form of each column, the penalty C and the threshold.

    `threshold_f1` is the F1 at the threshold over held-out rows.
    """

    forms: Mapping[str, Form]
    c: float
    candidates: tuple[Candidate, ...]
    threshold: float
    threshold_f1: float


@dataclass(frozen=True)
class _RowCounts:
    rows: int
    positives: int


@dataclass(frozen=True)
class TrainingReport(Selection, _RowCounts):
    """How a model came about: the rows it was fitted on (the first two fields), and what was chosen before."""


@dataclass(frozen=True)
class TrainedModel:
    """The fitted scikit-learn pipeline (it takes a table of the features), its scorecard, and the report."""

    pipeline: Pipeline
    scorecard: Scorecard
    report: TrainingReport


def train(
    features: pd.DataFrame,
    target: NDArray[np.int64],
    columns: Columns,
    *,
    seed: int,
    threshold: float | None,
    sample: TrainingRows | None = None,
) -> TrainedModel:
    """Train on a table of float64 and text columns (NaN and None are missing) and 0/1 labels (n,).

    The same rows in any order give the same model, byte for byte. With `threshold` None the one with the best F1
    on held-out rows is taken. `sample` holds the rows on which the model is chosen; by default they are drawn
    here. Raises TrainingError for rows that cannot train a model.

    >>> from risk_assets.domain.simulate import simulate
    >>> from risk_assets_tests.domain.clients import SIMULATED, labelled
    >>> model = train(*labelled(simulate(500, seed=0)), SIMULATED, seed=0, threshold=None)
    >>> model.report.rows, model.report.positives, model.scorecard.features
    (500, 93, ('lastmonth_activity', 'lastyear_activity', 'number_of_employees'))
    """
    from threadpoolctl import threadpool_limits

    positives = int(target.sum())
    require_learnable(len(target), positives, columns)
    rows = canonical(TrainingRows(features, target), columns)
    drawn = rows if sample is None else canonical(sample, columns)
    sizes = sample_sizes(len(target) - positives, positives)
    selection = select(sampled(drawn, sizes, seed), columns, seed=seed, threshold=threshold)
    with threadpool_limits(1):
        pipeline = build_pipeline(rows.features, selection.forms, selection.c).fit(rows.features, rows.target)
    scorecard = to_scorecard(pipeline, columns, rows.features, threshold=selection.threshold)
    return TrainedModel(pipeline, scorecard, report_of(selection, len(target), positives))


def select(sample: TrainingRows, columns: Columns, *, seed: int, threshold: float | None) -> Selection:
    """Choose forms, penalty and threshold on rows in canonical order.

    Raises TrainingError where no feature varies.

    >>> from risk_assets.domain.simulate import simulate
    >>> from risk_assets_tests.domain.clients import SIMULATED, labelled
    >>> rows = canonical(TrainingRows(*labelled(simulate(500, seed=0))), SIMULATED)
    >>> selection = select(rows, SIMULATED, seed=0, threshold=0.5)
    >>> selection.c, selection.forms["lastmonth_activity"]
    (100.0, 'linear')
    """
    from threadpoolctl import threadpool_limits

    possible = possible_forms(sample.features, columns)
    if set(possible.values()) == {("constant",)}:
        raise TrainingError("each feature holds one value only: nothing tells the clients apart")
    # one thread: small matrices are faster so, and sums come out alike on machines with more cores
    with threadpool_limits(1):
        choice = choose(sample.features, sample.target, possible, seed=seed, client_folds=sample.folds)
    cut = best_threshold(sample.target, choice.risk) if threshold is None else threshold
    f1 = f1_of(count_outcomes(sample.target == 1, choice.risk >= cut))
    return Selection(choice.forms, choice.c, choice.candidates, cut, f1)


def report_of(selection: Selection, rows: int, positives: int) -> TrainingReport:
    """Return the report of a model, from what was chosen and the rows it was fitted on.

    >>> selection = Selection({"employees": "linear"}, 10.0, (), threshold=0.4, threshold_f1=0.5)
    >>> report_of(selection, rows=1000, positives=200).positives
    200
    """
    return TrainingReport(rows=rows, positives=positives, **vars(selection))
