"""What charts are made of, whoever draws them: the report as PNG, the pages as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from risk_assets.domain.deployment.decisions import Decision
from risk_assets.domain.ranking.risk_summary import RiskSummary
from risk_assets.domain.scoring.metrics import CalibrationBin, Confusion, ScorePoint

UNDECIDED = "not decided"


@dataclass(frozen=True)
class CalibrationDot:
    """A bin that holds clients, and its size: the share of the clients of the largest one."""

    bin: CalibrationBin
    size: float


def calibration_dots(bins: Sequence[CalibrationBin]) -> tuple[CalibrationDot, ...]:
    """Return a dot for each bin that holds clients."""
    filled = [found for found in bins if found.n]
    most = max((found.n for found in filled), default=1)
    return tuple(CalibrationDot(found, found.n / most) for found in filled)


@dataclass(frozen=True)
class JudgedScore:
    """The score of a model and what was last decided about it; those on different test data cannot be compared."""

    point: ScorePoint
    verdict: str
    begins_new_data: bool


def judged_scores(scores: Sequence[ScorePoint], decisions: Sequence[Decision]) -> tuple[JudgedScore, ...]:
    """Return the scores, oldest first, with the decision on each; rollbacks are none."""
    decided = {each.model_sha256: each.verdict for each in decisions if each.verdict != "rolled back"}
    return tuple(
        JudgedScore(
            point,
            str(decided.get(point.model_sha256, UNDECIDED)),
            begins_new_data=place > 0 and point.test_version != scores[place - 1].test_version,
        )
        for place, point in enumerate(scores)
    )


@dataclass(frozen=True)
class RiskBin:
    """How many clients have a risk from `low` to `high`; one with the threshold is flagged from its middle on."""

    low: float
    high: float
    clients: int
    flagged: bool


def risk_bins(risks: RiskSummary) -> tuple[RiskBin, ...]:
    """Return equal bins over the whole range of risk."""
    step = 1 / max(len(risks.histogram), 1)
    return tuple(
        RiskBin(place * step, (place + 1) * step, clients, flagged=(place + 0.5) * step >= risks.threshold)
        for place, clients in enumerate(risks.histogram)
    )


@dataclass(frozen=True)
class ConfusionCell:
    """A cell of the confusion matrix: clients, of how many with that outcome, and in a word what they are."""

    clients: int
    of: int
    meaning: str
    is_right: bool


def confusion_cells(cells: Confusion) -> tuple[tuple[ConfusionCell, ...], ...]:
    """Return the rows of the matrix, those that left first: flagged, then not flagged."""
    left, stayed = cells.positives, cells.negatives
    return (
        (
            ConfusionCell(cells.true_positives, left, "rightly flagged", is_right=True),
            ConfusionCell(cells.false_negatives, left, "missed", is_right=False),
        ),
        (
            ConfusionCell(cells.false_positives, stayed, "flagged in vain", is_right=False),
            ConfusionCell(cells.true_negatives, stayed, "rightly left alone", is_right=True),
        ),
    )
