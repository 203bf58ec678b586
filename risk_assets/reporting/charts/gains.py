"""What calls reach: leavers among those called first, and how many times as many as among clients at random."""

from __future__ import annotations

from typing import TYPE_CHECKING

from risk_assets.domain.scoring.metrics import Gains, Metrics
from risk_assets.reporting.charts.canvas import axes, figure, name_axes, png, sentence_alone, title, write
from risk_assets.reporting.score_words import rule_word
from risk_assets.reporting.style import BLUE, INK, MUTED, ORANGE, RULE, TEXT_WIDTH
from risk_assets.reporting.wording import count

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIDE, LEFT, GAP, BOTTOM = 1.9, 0.56, 0.95, 0.42


def gains_chart(metrics: Metrics) -> bytes:
    """Return calls against leavers reached with a point per rule, and the lift of those called first, as PNG."""
    if metrics.gains is None:
        return sentence_alone("This model was scored before calls were counted.")
    chart = figure(TEXT_WIDTH, SIDE + 0.75)
    across = TEXT_WIDTH - LEFT - GAP - SIDE - 0.3
    _draw_curve(axes(chart, LEFT, BOTTOM, across, SIDE), metrics, metrics.gains, across)
    _draw_lift(axes(chart, LEFT + across + GAP, BOTTOM, SIDE, SIDE), metrics, metrics.gains)
    return png(chart)


def _draw_curve(drawn: Axes, metrics: Metrics, found: Gains, room: float) -> None:
    calls, reached = zip((0.0, 0.0), *found.curve, strict=True)
    drawn.plot([share * metrics.n for share in calls], reached, color=BLUE, linewidth=1.5)
    drawn.plot((0, metrics.n), (0, 1), color=MUTED, linewidth=0.7, linestyle=(0, (4, 3)))
    drawn.set(xlim=(-0.01 * metrics.n, metrics.n * 1.01), ylim=(-0.01, 1.04))
    drawn.set_yticks((0.0, 0.5, 1.0), ("0", "50 %", "100 %"))
    drawn.locator_params(axis="x", nbins=5, integer=True)
    drawn.xaxis.set_major_formatter(lambda value, _: count(round(value)))
    drawn.grid(color=RULE, linewidth=0.4)
    for place, outcome in enumerate(sorted(metrics.rules, key=lambda each: each.calls)):
        x, y = float(outcome.calls), outcome.reached / max(metrics.positives, 1)
        is_used = outcome.threshold == metrics.threshold
        drawn.plot([x], [y], "o", color=ORANGE if is_used else INK, markersize=5, markeredgecolor="white")
        low = 0.07 + 0.085 * (len(metrics.rules) - 1 - place)
        word = f"{rule_word(outcome.rule)}: {count(outcome.calls)} calls"
        drawn.plot([0.5 * metrics.n], [low], "o", color=ORANGE if is_used else INK, markersize=4)
        write(drawn, 0.52 * metrics.n, low - 0.02, word, size=6.5, color=INK if is_used else MUTED)
    title(drawn, "Leavers reached by calls made", room)
    name_axes(drawn, "test clients called, the highest risk first")


def _draw_lift(drawn: Axes, metrics: Metrics, found: Gains) -> None:
    calls = [share for share, _ in found.curve]
    lifts = [reached / share for share, reached in found.curve]
    drawn.plot(calls, lifts, color=BLUE, linewidth=1.5)
    drawn.axhline(1.0, color=MUTED, linewidth=0.7, linestyle=(0, (4, 3)))
    at, lift = found.size / metrics.n, found.lift
    drawn.plot([at, at], [lift.low, lift.high], color=ORANGE, linewidth=1.4)
    drawn.plot([at], [lift.value], "o", color=ORANGE, markersize=5, markeredgecolor="white")
    drawn.set(xlim=(-0.01, 1.01), ylim=(0, max(*lifts, lift.high) * 1.12))
    drawn.set_xticks((0.0, 0.5, 1.0), ("0", "50 %", "100 %"))
    drawn.grid(color=RULE, linewidth=0.4)
    title(drawn, "Times as many as at random", SIDE)
    name_axes(drawn, "test clients called")
