"""Charts of points: how true the risks are, and the score of each model so far."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from risk_assets.domain.deployment.decisions import Decision
from risk_assets.domain.scoring.metrics import CalibrationBin, Metrics, ScorePoint
from risk_assets.reporting.charts.marks import JudgedScore, calibration_dots, judged_scores
from risk_assets.reporting.wording import moment

#: Models that the history shows.
MOST_POINTS = 30
#: The drawings, in their own units.
SIDE, MARGIN, ABOVE, LARGEST_DOT = 240.0, 40.0, 12.0, 6.0
#: The drawing of scores is as wide as the page: its places are in hundredths of it.
FULL = 100.0
#: Scores that have their time beneath them.
MOST_LABELS = 10
#: Distances that lines across the drawing may have, and how many lines there are at most.
STEPS = (0.01, 0.02, 0.05, 0.1, 0.2)
MOST_LINES = 6
#: The line of a client's risk.
PATH_LEFT, PATH_WIDTH, PATH_TOP, PATH_HEIGHT = 48.0, 650.0, 10.0, 100.0


@dataclass(frozen=True)
class Dot:
    """A bin of risk: where it stands, and how large it is by the number of its clients."""

    bin: CalibrationBin
    x: float
    y: float
    radius: float


@dataclass(frozen=True)
class Calibration:
    """Predicted against observed risk; on the diagonal the risks are true."""

    dots: tuple[Dot, ...]
    line: str


def calibration(metrics: Metrics) -> Calibration:
    """Return a dot for each bin that holds clients; its area grows with their number."""
    dots = tuple(
        Dot(
            dot.bin,
            round(MARGIN + SIDE * dot.bin.mean_risk, 1),
            round(ABOVE + SIDE * (1 - dot.bin.positive_rate), 1),
            round(max(LARGEST_DOT * math.sqrt(dot.size), 2.0), 1),
        )
        for dot in calibration_dots(metrics.calibration)
    )
    return Calibration(dots, " ".join(f"{dot.x},{dot.y}" for dot in dots))


@dataclass(frozen=True)
class Score:
    """A model with what was decided about it, and its F1 with the interval in places of the drawing.

    `label` is the day and the time at which it was scored, empty where there is no room for it.
    """

    judged: JudgedScore
    x: float
    y: float
    low_y: float
    high_y: float
    label: tuple[str, ...]


@dataclass(frozen=True)
class Scores:
    """The scores in order of time; `lines` join pairs on the same test data, `ticks` are heights with their F1."""

    scores: tuple[Score, ...]
    lines: tuple[tuple[Score, Score], ...]
    ticks: tuple[tuple[float, str], ...]


def score_plot(history: Sequence[ScorePoint], decisions: Sequence[Decision]) -> Scores | None:
    """Return the last models, None while there is none; scores on different test data cannot be compared."""
    shown = history[-MOST_POINTS:]
    if not shown:
        return None
    values = _ticks(shown)
    low, high = values[0], values[-1]

    def height(f1: float) -> float:
        return round(FULL * (1 - (f1 - low) / (high - low)), 2)

    every = -(-len(shown) // MOST_LABELS)
    scores = tuple(
        Score(
            judged,
            round(FULL / len(shown) * (place + 0.5), 2),
            height(judged.point.f1.value),
            height(judged.point.f1.low),
            height(judged.point.f1.high),
            tuple(moment(judged.point.at).split()) if (len(shown) - 1 - place) % every == 0 else (),
        )
        for place, judged in enumerate(judged_scores(shown, decisions))
    )
    lines = ((one, other) for one, other in pairwise(scores) if not other.judged.begins_new_data)
    ticks = tuple((height(value), f"{value:.2f}") for value in values)
    return Scores(scores, tuple(lines), ticks)


def _ticks(shown: Sequence[ScorePoint]) -> list[float]:
    """Return round values that reach from below the lowest interval to above the highest."""
    low = min(min(point.f1.low, point.f1.value) for point in shown)
    high = max(max(point.f1.high, point.f1.value) for point in shown)
    step = next((step for step in STEPS if (high - low) / step <= MOST_LINES - 2), STEPS[-1])
    below, above = math.floor(low / step), math.ceil(high / step)
    return [round(place * step, 2) for place in range(below, max(above, below + 1) + 1)]


@dataclass(frozen=True)
class RiskPath:
    """A client's risk over time: a line, its points with day and risk, and the first and last day."""

    line: str
    points: tuple[tuple[float, float, str, float], ...]
    first: str
    last: str


def risk_path(dated: Sequence[tuple[str, float]]) -> RiskPath:
    """Return the line of risks by their days (ISO 8601), the earliest first; the drawing is 720 by 120."""
    days = [date.fromisoformat(day[:10]).toordinal() for day, _ in dated]
    span = max(days[-1] - days[0], 1)
    points = tuple(
        (
            round(PATH_LEFT + PATH_WIDTH * (number - days[0]) / span, 1),
            round(PATH_TOP + PATH_HEIGHT * (1 - risk), 1),
            day[:10],
            risk,
        )
        for number, (day, risk) in zip(days, dated, strict=True)
    )
    line = " ".join(f"{x},{y}" for x, y, _, _ in points)
    return RiskPath(line, points, dated[0][0][:10], dated[-1][0][:10])
