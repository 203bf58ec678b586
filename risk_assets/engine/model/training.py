"""Training on the rows of finaldata: in memory with scikit-learn, or in the engine with sums over the rows."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from risk_assets.domain.drift.profile import NumericProfile, profile_of
from risk_assets.engine.model.moments import mean_powers, moments
from risk_assets.engine.model.pieces_sql import pieces_query, risk_sql
from risk_assets.engine.model.risk_profile import risk_profile
from risk_assets.engine.model.training_rows import (
    TrainingTable,
    all_rows,
    class_counts,
    feature_names,
    selection_rows,
)
from risk_assets.engine.select import declared_columns, labelled_rows
from risk_assets.engine.session import Session

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from sklearn.pipeline import Pipeline

    from risk_assets.domain.model.piecewise import PiecewiseColumn
    from risk_assets.domain.model.scorecard import Scorecard
    from risk_assets.domain.model.training import Selection, TrainedModel
    from risk_assets.domain.model.training_rows import TrainingRows


#: Before all rows those of one in so many clients are fitted, if there are this many.
SHARE, LEAST_ROWS_OF_SHARE = 16, 50_000


@dataclass(frozen=True)
class Training:
    """A trained model and the profile of the risks that it gives the rows it was trained on."""

    model: TrainedModel
    risks: NumericProfile


def train_on(
    session: Session, rows: TrainingTable, *, seed: int, threshold: float | None, rows_in_memory: int
) -> Training:
    """Train on the labelled rows; more than `rows_in_memory` of them never get into memory together.

    Both ways choose the same forms, penalty and threshold on the same rows, and their fits agree to 1e-6 in each
    coefficient. The same rows give the same bytes in whatever files, order and number of threads. Raises
    TrainingError where the rows cannot teach anything, and SelectionError where they lack a declared column.
    """
    with declared_columns(session):
        counts = _learnable(session, rows.table)
        if sum(counts) > rows_in_memory:
            return _in_engine(session, rows.table, counts, seed=seed, threshold=threshold)
        sample = _sample(session, rows.table, counts)
        return _in_memory(session, rows, sample, seed=seed, threshold=threshold)


def _learnable(session: Session, table: str) -> tuple[int, int]:
    """Return the number of negative and of positive rows. Raises TrainingError where they cannot train a model."""
    from risk_assets.domain.model.training_rows import require_learnable

    negatives, positives = class_counts(session, table)
    require_learnable(negatives + positives, positives, session.columns)
    return negatives, positives


def _sample(session: Session, table: str, counts: tuple[int, int]) -> TrainingRows:
    """Return the rows to choose on, before the seeded cut."""
    from risk_assets.domain.model.training_rows import sample_sizes

    sizes = sample_sizes(*counts)
    return all_rows(session, table) if sizes == counts else selection_rows(session, table, sizes)


def _in_memory(
    session: Session, rows: TrainingTable, sample: TrainingRows, *, seed: int, threshold: float | None
) -> Training:
    import numpy as np

    from risk_assets.domain.model.training import train

    found = labelled_rows(session, rows.data, rows.keep, apart=rows.apart)
    model = train(found.features, found.target, session.columns, seed=seed, threshold=threshold, sample=sample)
    risks = np.sort(model.scorecard.risk(found.columns))  # rows come in any order, sums of floats depend on it
    return Training(model, profile_of("risk", risks))


@dataclass(frozen=True)
class _Prepared:
    """Everything but the fit: what was chosen, a pipeline whose columns are fitted, and where to start."""

    selection: Selection
    pipeline: Pipeline
    pieces: tuple[PiecewiseColumn, ...]
    start: NDArray[np.float64]
    rows: int
    positives: int


def _in_engine(
    session: Session, table: str, counts: tuple[int, int], *, seed: int, threshold: float | None
) -> Training:
    from threadpoolctl import threadpool_limits

    # one thread, as in memory: sums on machines with more cores come out alike
    with threadpool_limits(1):
        prepared = _nearer(session, table, _prepared(session, table, counts, seed=seed, threshold=threshold))
        narrow = pieces_query(prepared.pieces, feature_names(session.columns), table)
        with session.cache_on_disk("pieces", narrow) as table_of_pieces:
            return _fitted(session, table_of_pieces, prepared)


def _prepared(
    session: Session, table: str, counts: tuple[int, int], *, seed: int, threshold: float | None
) -> _Prepared:
    from risk_assets.domain.model.assembly import with_fitted_columns
    from risk_assets.domain.model.piecewise import piecewise_columns
    from risk_assets.domain.model.training import select
    from risk_assets.domain.model.training_rows import canonical, sample_sizes, sampled
    from risk_assets.engine.model.column_statistics import column_statistics

    columns = session.columns
    sample = sampled(canonical(_sample(session, table, counts), columns), sample_sizes(*counts), seed)
    selection = select(sample, columns, seed=seed, threshold=threshold)
    statistics = column_statistics(session, table, selection.forms)
    pipeline = with_fitted_columns(statistics, selection.forms, selection.c)
    start = _start_on(sample, pipeline, selection.c * sum(counts) / len(sample.target))
    return _Prepared(selection, pipeline, piecewise_columns(pipeline), start, sum(counts), counts[1])


def _start_on(sample: TrainingRows, pipeline: Pipeline, c: float) -> NDArray[np.float64]:
    """Return intercept and weights (1 + outputs,) on the sample, with a penalty that weighs as on all rows."""
    import numpy as np

    from risk_assets.domain.model.pipeline import regression

    design = pipeline.named_steps["columns"].transform(sample.features)
    model = regression(c).fit(design, sample.target)
    return np.concatenate([model.intercept_, model.coef_[0]])


def _nearer(session: Session, table: str, prepared: _Prepared) -> _Prepared:
    """Start from the optimum of one in SHARE clients, whose rows are passed over at a small part of the cost.

    The penalty weighs as much there as on all rows.
    """
    from risk_assets.domain.model.newton import fit

    some = f"(SELECT * FROM {table} WHERE bucket % {SHARE} = 0)"
    rows = sum(class_counts(session, some))
    if rows < LEAST_ROWS_OF_SHARE:
        return prepared
    pieces, c = prepared.pieces, prepared.selection.c * prepared.rows / rows
    narrow = pieces_query(pieces, feature_names(session.columns), some)
    with session.cache_on_disk("some_pieces", narrow) as pieces_of_some:
        measure = functools.partial(moments, session, pieces_of_some, pieces, rows)
        return replace(prepared, start=fit(measure, pieces, c, prepared.start).beta)


def _fitted(session: Session, table: str, prepared: _Prepared) -> Training:
    """Fit on the rows of `pieces_query`, and describe the fit."""
    from risk_assets.domain.model.assembly import set_regression
    from risk_assets.domain.model.newton import fit
    from risk_assets.domain.model.training import TrainedModel, report_of

    pieces, n = prepared.pieces, prepared.rows
    measure = functools.partial(moments, session, table, pieces, n)
    found = fit(measure, pieces, prepared.selection.c, prepared.start)
    set_regression(prepared.pipeline, found.beta, found.steps)
    card = _scorecard(session, table, prepared, found.beta)
    model = TrainedModel(prepared.pipeline, card, report_of(prepared.selection, n, prepared.positives))
    return Training(model, risk_profile(session, table, risk_sql(pieces, found.beta), n))


def _scorecard(session: Session, table: str, prepared: _Prepared, beta: NDArray[np.float64]) -> Scorecard:
    from risk_assets.domain.model.export import centred, uncentred_scorecard
    from risk_assets.domain.model.piecewise import weights_by_column

    pieces = prepared.pieces
    powers = mean_powers(session, table, pieces, prepared.rows)
    means = {
        column.name: float((column.polynomials(weights) * power).sum())
        for column, weights, power in zip(pieces, weights_by_column(pieces, beta[1:]), powers, strict=True)
    }
    card = uncentred_scorecard(prepared.pipeline, session.columns, threshold=prepared.selection.threshold)
    return centred(card, means)
