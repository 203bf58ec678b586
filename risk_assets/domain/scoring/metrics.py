"""How well predicted risks agree with what happened: results of scoring labelled rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: By what the threshold is chosen; fixed is one that the settings give.
Rule = Literal["f1", "capacity", "value", "fixed"]


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class CalibrationBin:
    """Rows whose risk lies in [low, high]: how many, their mean risk and the share that truly left."""

    low: float
    high: float
    n: int
    mean_risk: float
    positive_rate: float


@dataclass(frozen=True)
class Confusion:
    """Counts of rows by actual and predicted label.

    >>> confusion = Confusion(true_negatives=90, false_positives=1, false_negatives=2, true_positives=3)
    >>> confusion.positives, confusion.negatives, confusion.flagged, confusion.rows
    (5, 91, 4, 96)
    """

    true_negatives: int
    false_positives: int
    false_negatives: int
    true_positives: int

    @property
    def positives(self) -> int:
        """Rows whose label is positive."""
        return self.true_positives + self.false_negatives

    @property
    def negatives(self) -> int:
        """Rows whose label is negative."""
        return self.true_negatives + self.false_positives

    @property
    def flagged(self) -> int:
        """Rows that are predicted positive."""
        return self.true_positives + self.false_positives

    @property
    def rows(self) -> int:
        """All rows."""
        return self.positives + self.negatives


@dataclass(frozen=True)
class CalibrationFit:
    """How true the risks of rows are.

    `error` is the mean over ten groups of equally many rows of |mean risk - share that left|, `error_by_chance`
    what it would be on average if each risk were true. Of true risks the `slope` is 1 and the `level` 0: the
    log-odds that fit the outcomes best are slope x log-odds + constant, and log-odds + level. Risks that are all
    alike have no slope.
    """

    error: float
    error_by_chance: float
    slope: Estimate | None
    level: Estimate


@dataclass(frozen=True)
class RuleOutcome:
    """What follows of a rule on scored rows: how many are called, and how many leavers are among them.

    `money` is what the calls would have kept a year less what they cost, None where value or cost is not known.
    Clients are flagged by the rule that is `in_use`. `covered` is its share of what the curve of gains counts.
    """

    rule: Rule
    threshold: float
    calls: int
    reached: int
    money: float | None = None
    in_use: bool = False
    covered: float = 0.0


@dataclass(frozen=True)
class Gains:
    """What a ranking reaches: of the first `size` rows `left` left, `lift` times as many as of rows at random.

    `curve` holds (share of rows called, share of leavers reached), from the first row to all. Where it is
    `by_value`, rows are called in the order of value at risk instead of risk, and lift and curve count what
    leavers were worth a year instead of leavers.
    """

    size: int
    left: int
    lift: Estimate
    curve: tuple[tuple[float, float], ...]
    by_value: bool = False


@dataclass(frozen=True)
class GroupScore:
    """The figures of the rows of one level of a column, with 95 % intervals that are clustered over clients.

    Without a flagged row there is no `precision`, without one that left no `recall`, and without ten rows of each
    class neither `roc_auc` nor `level`, by which the log-odds are too low there. `weak` says in words in what the
    level is worse than all other rows beyond chance, and is empty where it is not. `sensitive` columns are never
    learnt from.
    """

    column: str
    name: str
    rows: int
    left: int
    flagged: Estimate
    precision: Estimate | None
    recall: Estimate | None
    roc_auc: Estimate | None
    level: Estimate | None
    weak: str = ""
    sensitive: bool = False


@dataclass(frozen=True)
class RowFigures:
    """The figures of `rows` rows, weighted or not, of which the share `left` left."""

    rows: int
    left: float
    f1: Estimate
    roc_auc: Estimate
    calibration: CalibrationFit | None


@dataclass(frozen=True)
class UntreatedScore:
    """What rows say of a model where the clients of `called` of them were called before their outcome.

    `untreated` are the figures of rows that were not called, weighted so that they stand for all but `unspoken`
    rows: those of groups of which everyone was called. `every` are those of all rows, as they turned out with the
    calls. Rows of one class have no figures.
    """

    rows: int
    called: int
    unspoken: int
    untreated: RowFigures | None
    every: RowFigures | None


@dataclass(frozen=True)
class Metrics:
    """The score of a model on labelled rows.

    `roc` holds (false positive rate, true positive rate) and `precision_recall` (recall, precision) points,
    thinned for drawing. `all_positive_f1` is the F1 of calling every client positive: what a model must beat. What
    releases before did not write is None or empty.
    """

    n: int
    positives: int
    threshold: float
    f1: Estimate
    precision: Estimate
    recall: Estimate
    accuracy: Estimate
    roc_auc: Estimate
    average_precision: Estimate
    brier: Estimate
    log_loss: Estimate
    confusion: Confusion
    calibration: tuple[CalibrationBin, ...]
    roc: tuple[tuple[float, float], ...]
    precision_recall: tuple[tuple[float, float], ...]
    all_positive_f1: float
    model_sha256: str = ""
    quarantined: int = 0
    clients: int | None = None
    calibration_fit: CalibrationFit | None = None
    rules: tuple[RuleOutcome, ...] = ()
    gains: Gains | None = None
    groups: tuple[GroupScore, ...] = ()
    untreated: UntreatedScore | None = None


@dataclass(frozen=True)
class ScorePoint:
    """One line of the score history: the model of `model_sha256`, scored `at` (ISO 8601 in UTC) on `n` rows.

    Only scores on the same `test_version` of testdata can be compared.
    """

    at: str
    model_sha256: str
    n: int
    f1: Estimate
    roc_auc: Estimate
    test_version: str = ""
