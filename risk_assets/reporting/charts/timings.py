"""How long each asset takes, over the last runs."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from risk_assets.domain.diagnostics import Timing
from risk_assets.reporting.charts.canvas import axes, figure, label, png, sentence_alone, write
from risk_assets.reporting.style import BLUE, CHART_TEXT, INK, MUTED, PALE_BLUE, RULE, TEXT_WIDTH
from risk_assets.reporting.wording import duration

MOST_ASSETS = 14
ROW = 0.24
#: Nothing is shown as faster than this: a logarithmic axis has no zero.
FASTEST = 1e-4
TICKS = (1e-4, 1e-3, 0.01, 0.1, 0.3, 1, 3, 10, 30, 60, 180, 600, 3600, 36_000, 360_000)


def timings(found: Sequence[Timing]) -> bytes:
    """Return the seconds of every run per asset on a logarithmic axis, with the last and the median, as PNG."""
    runs: dict[str, list[float]] = {}
    for timing in sorted(found, key=lambda timing: timing.at):
        runs.setdefault(timing.asset, []).append(max(timing.seconds, FASTEST))
    if not runs:
        return sentence_alone("No timings yet: they are read from the runs that Dagster has recorded.")
    shown = dict(sorted(runs.items(), key=lambda item: -median(item[1]))[:MOST_ASSETS])
    height = len(shown) * ROW + 0.5
    chart = figure(TEXT_WIDTH, height)
    drawn = axes(chart, 1.25, 0.32, TEXT_WIDTH - 3.2, height - 0.4)
    drawn.set_xscale("log")
    for row, seconds in enumerate(shown.values()):
        drawn.plot(seconds[:-1], [row] * (len(seconds) - 1), "o", color=PALE_BLUE, markersize=4)
        drawn.plot(seconds[-1:], [row], "o", color=BLUE, markersize=5)
        write(drawn, 1.03, row, _duration_text(seconds), color=MUTED).set_transform(drawn.get_yaxis_transform())
    drawn.set_yticks(range(len(shown)), [label(name, 1.15) for name in shown])
    drawn.set_ylim(len(shown) - 0.4, -0.6)
    drawn.tick_params(axis="y", length=0, labelsize=CHART_TEXT, labelcolor=INK)
    drawn.grid(axis="x", color=RULE, linewidth=0.4)
    low, high = drawn.get_xlim()
    ticks = [seconds for seconds in TICKS if low <= seconds <= high]
    drawn.set_xticks(ticks, [duration(seconds) for seconds in ticks])
    drawn.set_xticks([], minor=True)
    return png(chart)


def _duration_text(seconds: Sequence[float]) -> str:
    if len(seconds) == 1:
        return f"{duration(seconds[0])}, the only run"
    return f"last {duration(seconds[-1])}, median {duration(median(seconds))} of {len(seconds)}"
