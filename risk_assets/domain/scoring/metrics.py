"""How well predicted risks agree with what happened: results of scoring labelled rows."""

from __future__ import annotations

from dataclasses import dataclass


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
class Metrics:
    """The score of a model on labelled rows.

    `roc` holds (false positive rate, true positive rate) and `precision_recall` (recall, precision) points,
    thinned for drawing. `all_positive_f1` is the F1 of calling every client positive: what a model must beat.
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
