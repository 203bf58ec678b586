"""Charts made of bars: where each one begins and how far it reaches, in hundredths of the drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from risk_assets.domain.ranking.risk_summary import RiskSummary
from risk_assets.reporting.charts.marks import RiskBin, risk_bins

FULL = 100.0
#: Even the smallest number that is not nothing can be seen.
LEAST_HEIGHT = 0.8
GAP = 0.6


@dataclass(frozen=True)
class Bin:
    """A bar of the histogram."""

    bin: RiskBin
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Histogram:
    """How the clients spread over the range of risk; `threshold_x` is where the flagged ones begin."""

    bins: tuple[Bin, ...]
    highest: int
    threshold_x: float


def histogram(risks: RiskSummary) -> Histogram:
    """Return a bar for each bin of risk."""
    highest = max(risks.histogram, default=0)
    bins = []
    for found in risk_bins(risks):
        height = max(FULL * found.clients / highest, LEAST_HEIGHT) if found.clients else 0.0
        bins.append(
            Bin(
                found,
                x=round(FULL * found.low + GAP / 2, 2),
                y=round(FULL - height, 2),
                width=round(FULL * (found.high - found.low) - GAP, 2),
                height=round(height, 2),
            )
        )
    return Histogram(tuple(bins), highest, round(FULL * risks.threshold, 2))


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
