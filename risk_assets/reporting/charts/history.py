"""The score over time, and what was decided about each model."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from risk_assets.domain.deployment.decisions import Decision
from risk_assets.domain.scoring.metrics import ScorePoint
from risk_assets.reporting.charts.canvas import axes, figure, name_axes, png, sentence_alone, write
from risk_assets.reporting.charts.marks import JudgedScore, judged_scores
from risk_assets.reporting.charts.once import drawn_once
from risk_assets.reporting.style import BLUE, CHART_TEXT, MUTED, RULE, TEXT_WIDTH, VERDICT_COLOURS
from risk_assets.reporting.wording import moment

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HEIGHT = 1.9
MOST_POINTS = 40
MOST_DATES = 7
#: Inches that a date takes, with a gap.
DATE_WIDTH = 0.62


@drawn_once
def history(scores: Sequence[ScorePoint], decisions: Sequence[Decision] = ()) -> bytes:
    """Return F1 with its 95 % interval for the last 40 models, coloured by the decision on each, as PNG.

    Points stand in order of time at equal distances, joined where the test data is the same; dotted lines mark
    rollbacks and new test data. Both arguments are oldest first.
    """
    shown = judged_scores(scores[-MOST_POINTS:], decisions)
    if not shown:
        return sentence_alone("No score yet: the history grows with every model that is scored.")
    chart = figure(TEXT_WIDTH, HEIGHT)
    drawn = axes(chart, 0.45, 0.42, TEXT_WIDTH - 0.75, HEIGHT - 0.75)
    _lines(drawn, shown)
    _rollbacks(drawn, shown, decisions)
    _points(drawn, shown)
    name_axes(drawn, "", "F1 score")
    drawn.set_xlim(-0.6, max(len(shown) - 0.4, 2.6))
    drawn.grid(axis="y", color=RULE, linewidth=0.4)
    date_ticks(drawn, [score.point.at for score in shown])
    return png(chart)


def _points(drawn: Axes, shown: Sequence[JudgedScore]) -> None:
    words = [score.verdict for score in shown]
    for word in dict.fromkeys(words):
        places = [place for place, found in enumerate(words) if found == word]
        estimates = [shown[place].point.f1 for place in places]
        lower = [max(estimate.value - estimate.low, 0) for estimate in estimates]
        upper = [max(estimate.high - estimate.value, 0) for estimate in estimates]
        drawn.errorbar(
            places,
            [estimate.value for estimate in estimates],
            (lower, upper),
            fmt="o",
            label=word,
            color=VERDICT_COLOURS.get(word, BLUE),
            markersize=4.5,
            elinewidth=1.1,
        )
    drawn.legend(
        loc="lower left",
        bbox_to_anchor=(0, 1),
        ncols=6,
        frameon=False,
        fontsize=CHART_TEXT - 0.5,
        borderpad=0,
        handletextpad=0.2,
        columnspacing=1.2,
    )


def _lines(drawn: Axes, shown: Sequence[JudgedScore]) -> None:
    """Join the scores on the same test data."""
    starts = [place for place, score in enumerate(shown) if place == 0 or score.begins_new_data]
    for start, end in zip(starts, [*starts[1:], len(shown)], strict=True):
        drawn.plot(
            range(start, end),
            [score.point.f1.value for score in shown[start:end]],
            color=RULE,
            linewidth=1,
            zorder=1,
        )
        if end < len(shown):
            _mark(drawn, end - 0.5, "new test data")


def _rollbacks(drawn: Axes, shown: Sequence[JudgedScore], decisions: Sequence[Decision]) -> None:
    times = [datetime.fromisoformat(score.point.at) for score in shown]
    for decision in decisions:
        place = bisect_right(times, datetime.fromisoformat(decision.at)) - 0.5
        if decision.verdict == "rolled back" and place > 0:
            _mark(drawn, place, "rolled back")


def _mark(drawn: Axes, place: float, text: str) -> None:
    drawn.axvline(place, color=MUTED, linewidth=0.9, linestyle=(0, (1, 2)))
    written = write(drawn, place, 0.02, text, size=CHART_TEXT - 1.5, color=MUTED, ha="right", va="bottom")
    written.set(transform=drawn.get_xaxis_transform(), rotation=90)


def date_ticks(drawn: Axes, times: Sequence[str]) -> None:
    """Put a few dates below equally spaced points, as far apart as they are wide; the last always has one.

    The axes must have their limits already.
    """
    low, high = drawn.get_xlim()
    chart = drawn.get_figure(root=True)
    assert chart is not None
    apart = drawn.get_position().width * chart.get_size_inches()[0] / (high - low)
    step = max(-(-len(times) // MOST_DATES), math.ceil(DATE_WIDTH / apart))
    places = range((len(times) - 1) % step, len(times), step)
    drawn.set_xticks(list(places), [moment(times[place]).replace(" ", "\n") for place in places])
