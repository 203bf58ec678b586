"""What calls reach: leavers among those called first, and how many times as many as among clients at random."""

from __future__ import annotations

from typing import TYPE_CHECKING

from risk_assets.domain.scoring.metrics import Gains, Metrics, RuleOutcome
from risk_assets.reporting.charts.canvas import axes, figure, name_axes, png, sentence_alone, title, write
from risk_assets.reporting.charts.once import drawn_once
from risk_assets.reporting.score_words import rule_word
from risk_assets.reporting.style import BLUE, INK, MUTED, ORANGE, RULE, TEXT_WIDTH
from risk_assets.reporting.wording import count

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIDE, LEFT, GAP, BOTTOM = 1.6, 0.56, 0.75, 0.42
#: Among fewer a share says nothing.
LEAST_CALLS = 20


@drawn_once
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
        spot = outcome.calls, outcome.covered
        _point_out(drawn, spot, (0.47 * metrics.n, 0.08 + 0.09 * place), outcome)
    title(drawn, f"{'Value of leavers' if found.by_value else 'Leavers'} reached by calls made", room)
    name_axes(drawn, f"test clients called, the highest {'value at risk' if found.by_value else 'risk'} first")


def _point_out(drawn: Axes, spot: tuple[float, float], beside: tuple[float, float], outcome: RuleOutcome) -> None:
    """Draw a point of the curve, and a line to its name; below a curve that flattens no such line crosses it."""
    color = ORANGE if outcome.in_use else INK
    drawn.plot(*zip(spot, beside, strict=True), color=RULE, linewidth=0.6, zorder=1)
    drawn.plot(*spot, "o", color=color, markersize=5, markeredgecolor="white", zorder=3)
    drawn.plot(*beside, "o", color=color, markersize=3, zorder=3)
    words = f"{rule_word(outcome.rule)}: {count(outcome.calls)} calls"
    write(drawn, beside[0] * 1.03, beside[1], words, size=6.5, color=INK if outcome.in_use else MUTED)


def _draw_lift(drawn: Axes, metrics: Metrics, found: Gains) -> None:
    at, lift = found.size / metrics.n, found.lift
    least = min(LEAST_CALLS / metrics.n, at)
    calls, lifts = zip(
        *((share, reached / share) for share, reached in found.curve if share >= least), strict=True
    )
    drawn.plot(calls, lifts, color=BLUE, linewidth=1.5)
    drawn.axhline(1.0, color=MUTED, linewidth=0.7, linestyle=(0, (4, 3)))
    drawn.plot([at, at], [lift.low, lift.high], color=ORANGE, linewidth=1.4)
    drawn.plot([at], [lift.value], "o", color=ORANGE, markersize=5, markeredgecolor="white")
    highest = max(*lifts, lift.high) * 1.12
    drawn.set(xlim=(-0.01, 1.01), ylim=(0, highest))
    words = f"the first {count(found.size)}:\n{lift.value:.1f} times"
    on_left = at > 0.6  # noqa: PLR2004
    write(
        drawn,
        at + (-0.04 if on_left else 0.04),
        lift.value,
        words,
        size=6.5,
        ha="right" if on_left else "left",
        va="bottom",
    )
    drawn.set_xticks((0.0, 0.5, 1.0), ("0", "50 %", "100 %"))
    drawn.grid(color=RULE, linewidth=0.4)
    title(drawn, f"Times as {'much' if found.by_value else 'many'} as at random", SIDE + 0.3)
    name_axes(drawn, "test clients called")
