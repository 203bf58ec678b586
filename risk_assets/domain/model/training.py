"""Training: labelled client rows in, the fitted pipeline and its scorecard out, in any order of rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from risk_assets.domain.columns import Columns
from risk_assets.domain.model.export import to_scorecard
from risk_assets.domain.model.pipeline import to_pipeline
from risk_assets.domain.model.scorecard import Scorecard, risk_at
from risk_assets.domain.model.training_rows import TrainingError, TrainingRows, canonical, require_learnable
from risk_assets.domain.scoring.f1 import best_threshold, f1_at
from risk_assets.domain.scoring.metrics import Rule

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sklearn.pipeline import Pipeline

    from risk_assets.domain.model.additive import AdditiveModel

#: Numbers that differ by less are taken for one: dividing by a smaller gap could overflow.
LEAST_RANGE = 1e-100


@dataclass(frozen=True)
class TrainingReport:
    """How a model came about.

    `rows` were fitted on, of which `positives` left. `steps` are those of Newton's method, `degrees` the effective
    degrees of freedom of each term and pair, `dispersion` how many times as much the rows vary as rows of so many
    clients would, and `problem` says why the fit did not come to rest, if it did not. `threshold_f1` is the F1 at
    the threshold, each row judged by a model without its client. `rows_known` are those that a sample was drawn
    of, and `error_factor` says how many times as large its standard errors are as theirs. `thresholds` are those
    by each rule that could be chosen.
    """

    rows: int
    positives: int
    threshold: float
    threshold_f1: float
    steps: int = 0
    degrees: Mapping[str, float] = field(default_factory=dict)
    dispersion: float = 1.0
    problem: str = ""
    rows_known: int = 0
    error_factor: float = 1.0
    thresholds: Mapping[Rule, float] = field(default_factory=dict)


@dataclass(frozen=True)
class TrainedModel:
    """The fitted scikit-learn pipeline (it takes a table of the features), its scorecard, and the report.

    `rows` are those that it was fitted on, and `left_out` (n,) the risk of each by a model without its client.
    """

    pipeline: Pipeline
    scorecard: Scorecard
    report: TrainingReport
    rows: TrainingRows
    left_out: NDArray[np.float64]

    def at(self, rule: Rule, thresholds: Mapping[Rule, float]) -> TrainedModel:
        """Return the model with the threshold of a rule, one of those given.

        >>> from risk_assets.domain.simulate import simulate
        >>> from risk_assets_tests.domain.clients import SIMULATED, labelled
        >>> model = train(labelled(simulate(500, seed=0)), SIMULATED, threshold=None)
        >>> model.at("capacity", {"f1": model.scorecard.threshold, "capacity": 0.4}).scorecard.threshold
        0.4
        """
        cut = thresholds[rule]
        f1 = f1_at(self.rows.target, self.left_out, cut, self.rows.weights)
        report = replace(self.report, threshold=cut, threshold_f1=f1, thresholds=dict(thresholds))
        return replace(self, scorecard=replace(self.scorecard, threshold=cut), report=report)


def train(rows: TrainingRows, columns: Columns, *, threshold: float | None, rows_known: int = 0) -> TrainedModel:
    """Train on rows; the same ones in any order give the same model, byte for byte.

    With `threshold` None the one with the best F1 is taken, each row judged by a model without its client. Of
    `rows_known` rows the given ones are a weighted sample; 0 means that they are all. Raises TrainingError for
    rows that cannot train a model.

    >>> from risk_assets.domain.simulate import simulate
    >>> from risk_assets_tests.domain.clients import SIMULATED, labelled
    >>> model = train(labelled(simulate(500, seed=0)), SIMULATED, threshold=None)
    >>> model.report.rows, model.report.positives, model.scorecard.features
    (500, 93, ('lastmonth_activity', 'lastyear_activity', 'number_of_employees'))
    """
    from risk_assets.domain.model.additive import fit_additive

    require_learnable(len(rows.target), int(rows.target.sum()), columns)
    rows = canonical(rows, columns)
    varying = {name: rows.features[name] for name in columns.features if _varies(rows.features[name])}
    if not varying:
        raise TrainingError("each feature holds one value only: nothing tells the clients apart")
    ordered = {column.name: column.monotone for column in columns.numeric_features if column.monotone}
    model = fit_additive(
        varying,
        rows.target.astype(np.float64),
        weights=rows.weights,
        clients=rows.clients,
        monotone={name: order for name, order in ordered.items() if name in varying},
        special={column.name: column.special for column in columns.numeric_features if column.special_levels},
    )
    scorecard = to_scorecard(model, columns, rows.features, weights=rows.weights)
    risk = risk_at(model.left_out)
    cut = best_threshold(rows.target, risk, rows.weights) if threshold is None else threshold
    return TrainedModel(
        to_pipeline(model, columns.features),
        replace(scorecard, threshold=cut),
        _report(model, rows, risk, {"f1" if threshold is None else "fixed": cut}, rows_known),
        rows,
        risk,
    )


def _report(
    model: AdditiveModel,
    rows: TrainingRows,
    risk: NDArray[np.float64],
    thresholds: dict[Rule, float],
    rows_known: int,
) -> TrainingReport:
    [cut] = thresholds.values()
    return TrainingReport(
        rows=len(rows.target),
        positives=int(rows.target.sum()),
        threshold=cut,
        threshold_f1=f1_at(rows.target, risk, cut, rows.weights),
        steps=model.steps,
        degrees=model.degrees,
        dispersion=model.dispersion,
        problem=model.problem,
        rows_known=rows_known or len(rows.target),
        error_factor=1.0 if rows.weights is None else error_factor(rows.target, risk, rows.weights),
        thresholds=thresholds,
    )


def _varies(values: NDArray[np.float64] | NDArray[np.object_]) -> bool:
    """Whether a column tells rows apart; missing counts as a value."""
    if values.dtype == object:
        return len(set(values.tolist())) > 1
    known = values[~np.isnan(values)]
    varied = len(known) > 0 and float(known.max()) - float(known.min()) > LEAST_RANGE
    return bool(varied or 0 < len(known) < len(values))


def error_factor(outcome: NDArray[np.int64], risk: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """Return about how many times as large standard errors are as those of all rows that a sample stands for.

    Of weighted scores the variance is the sum of squared weights times squared residuals, where that of all rows
    would have been the sum of weights times squared residuals; all (n,).

    >>> error_factor(np.array([1, 0, 0]), np.array([0.5, 0.5, 0.5]), np.array([1.0, 4.0, 4.0]))
    1.915
    """
    squares = (outcome - risk) ** 2
    return float(np.sqrt((weights**2 @ squares) / (weights @ squares)))
