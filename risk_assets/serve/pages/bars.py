"""Charts made of bars: where each one begins and how far it reaches, in hundredths of the drawing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, zip_longest

from risk_assets.domain.ranking.risk_summary import RiskSummary
from risk_assets.reporting.charts.marks import RiskBin, risk_bins

FULL = 100.0
#: Even the smallest number that is not nothing can be seen.
LEAST_HEIGHT = 0.8
GAP = 0.6
#: Steps from nothing to the top of the histogram.
MOST_STEPS = 5


@dataclass(frozen=True)
class Bar:
    """A bar of the histogram, or the part of one on either side of the threshold."""

    x: float
    y: float
    width: float
    height: float
    flagged: bool


@dataclass(frozen=True)
class Histogram:
    """How the clients spread over the range of risk; `threshold_x` is where the flagged ones begin.

    `ticks` are heights with their number of clients, the highest one the top of the drawing.
    """

    bins: tuple[RiskBin, ...]
    bars: tuple[Bar, ...]
    ticks: tuple[tuple[float, int], ...]
    highest: int
    threshold_x: float


def histogram(risks: RiskSummary) -> Histogram:
    """Return a bar for each bin of risk; that of the threshold is parted there."""
    highest = max(risks.histogram, default=0)
    values, bins = _ticks(highest), risk_bins(risks)
    bars = [bar for found in bins if found.clients for bar in _bars(found, values[-1], risks.threshold)]
    ticks = tuple((round(FULL * (1 - value / values[-1]), 2), value) for value in values)
    return Histogram(bins, tuple(bars), ticks, highest, round(FULL * risks.threshold, 2))


def _bars(found: RiskBin, top: int, threshold: float) -> list[Bar]:
    height = max(FULL * found.clients / top, LEAST_HEIGHT)
    left, right = FULL * found.low + GAP / 2, FULL * found.high - GAP / 2
    between = min(max(FULL * threshold, left), right)
    sides = ((left, between, False), (between, right, True))
    return [
        Bar(round(x, 2), round(FULL - height, 2), round(end - x, 2), round(height, 2), flagged)
        for x, end, flagged in sides
        if end > x
    ]


def _ticks(highest: int) -> list[int]:
    """Return round numbers from 0 to the first one that no bar is higher than."""
    highest = max(highest, 1)
    step = next(step for step in _steps() if highest <= MOST_STEPS * step)
    return [place * step for place in range(-(-highest // step) + 1)]


def _steps() -> Iterator[int]:
    return (digit * 10**power for power in count() for digit in (1, 2, 5))


@dataclass(frozen=True)
class Deviation:
    """A bar from the middle to either side: to the right where the odds rise; `whisker` is its interval."""

    x: float
    width: float
    rises: bool
    whisker: tuple[float, float] | None = None


def deviations(
    values: Sequence[float], halves: Sequence[float] | None = None, *, reach: float | None = None
) -> tuple[Deviation, ...]:
    """Return bars for log-odds against the average client, with half of each 90 % interval where it is known.

    A bar of `reach` is as long as half the drawing; without it the strongest is. Intervals end at the edges.
    """
    reach = reach or max(map(abs, values), default=0.0) or 1.0
    lengths = [round(FULL / 2 * abs(value) / reach, 2) for value in values]
    return tuple(
        Deviation(
            FULL / 2 if value > 0 else FULL / 2 - length,
            length,
            rises=value > 0,
            whisker=None if half is None else (_place(value - half, reach), _place(value + half, reach)),
        )
        for value, length, half in zip_longest(values, lengths, halves or ())
    )


def _place(log_odds: float, reach: float) -> float:
    return round(FULL / 2 * (1 + min(max(log_odds / reach, -1.0), 1.0)), 2)


@dataclass(frozen=True)
class Change:
    """A bar between two risks on the way from 0 to 1; `risk` is where it ends."""

    x: float
    width: float
    risk: float
    rises: bool


def changes(risk: float, others: Sequence[float]) -> tuple[Change, ...]:
    """Return bars from other risks to this one; even a change too small to see is drawn."""
    return tuple(
        Change(
            x=round(FULL * min(other, risk), 2),
            width=round(max(FULL * abs(risk - other), LEAST_HEIGHT), 2),
            risk=round(FULL * risk, 2),
            rises=risk > other,
        )
        for other in others
    )
