"""What past lists would have been worth: who left of the clients that they named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from risk_assets.domain.scoring.backtest import Backtest
from risk_assets.reporting.charts.canvas import axes, figure, label, name_axes, png, sentence_alone, title, write
from risk_assets.reporting.style import BLUE, INK, MUTED, ORANGE, PALE_BLUE, RULE, TEXT_WIDTH
from risk_assets.reporting.wording import backtest_sentence, count

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HEIGHT, SIDE = 2.35, 1.75
BAR = 0.27
LEFT, GAP = 0.5, 0.75


def backtest_chart(found: Backtest) -> bytes:
    """Return the hits of each period beside those of the best column and of chance, and a curve, as PNG."""
    if not found.periods:
        return sentence_alone(backtest_sentence(found))
    chart = figure(TEXT_WIDTH, HEIGHT)
    across = TEXT_WIDTH - LEFT - GAP - SIDE - 0.15
    _draw_periods(axes(chart, LEFT, 0.38, across, SIDE), found, across)
    _draw_curve(axes(chart, LEFT + across + GAP, 0.38, SIDE, SIDE), found)
    return png(chart)


def _draw_periods(drawn: Axes, found: Backtest, room: float) -> None:
    periods = found.periods
    rows = (
        (-BAR, [period.hits for period in periods], ORANGE, "named by the model"),
        (0.0, [period.column_hits for period in periods], PALE_BLUE, "by the best single column"),
        (BAR, [_by_chance(period.called, period.left, period.clients) for period in periods], RULE, "at random"),
    )
    for shift, heights, colour, _ in rows:
        places = [place + shift for place in range(len(periods))]
        drawn.bar(places, heights, width=BAR * 0.94, color=colour, linewidth=0)
        for place, height in zip(places, heights, strict=True):
            write(drawn, place, height, f"{height:.0f}", ha="center", va="bottom", size=6, color=MUTED)
    highest = max(max(heights) for _, heights, _, _ in rows)
    drawn.set(xlim=(-0.5, len(periods) - 0.5), ylim=(0, max(highest, 1) * 1.3))
    drawn.set_xticks(range(len(periods)), [label(period.as_of[:10], 0.8, 6.5) for period in periods])
    drawn.locator_params(axis="y", nbins=4, integer=True)
    drawn.grid(axis="y", color=RULE, linewidth=0.4)
    at = 0.01
    for _, _, colour, text in rows:
        write(drawn, at, 0.95, "■", color=colour, within=True, size=8)
        write(drawn, at + 0.03, 0.95, text, color=MUTED, within=True, size=6.5)
        at += 0.05 + 0.017 * len(text)
    title(drawn, f"Who left of the first {count(found.capacity)}, within {found.horizon_days} days", room)


def _by_chance(called: int, left: int, clients: int) -> float:
    return called * left / max(clients, 1)


def _draw_curve(drawn: Axes, found: Backtest) -> None:
    calls, reached = zip((0.0, 0.0), *found.curve, strict=True)
    drawn.plot(calls, reached, color=BLUE, linewidth=1.3)
    drawn.plot((0, 1), (0, 1), color=MUTED, linewidth=0.7, linestyle=(0, (4, 3)))
    share = found.capacity * len(found.periods) / max(sum(period.clients for period in found.periods), 1)
    drawn.axvline(share, color=INK, linewidth=0.7)
    write(drawn, min(share + 0.03, 0.6), 0.05, f"{count(found.capacity)} calls", size=6.5, color=INK)
    ticks, texts = (0.0, 0.5, 1.0), ("0", "50 %", "100 %")
    drawn.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.02))
    drawn.set_xticks(ticks, texts)
    drawn.set_yticks(ticks, texts)
    drawn.grid(color=RULE, linewidth=0.4)
    title(drawn, "Leavers reached", SIDE)
    name_axes(drawn, "clients called")
