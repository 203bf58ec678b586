"""Charts made of bars: where each one begins and how far it reaches, in hundredths of the drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
    """A bar from the middle to either side: to the right where the odds rise."""

    x: float
    width: float
    rises: bool


def deviations(values: Sequence[float]) -> tuple[Deviation, ...]:
    """Return bars for log-odds against the average client, the strongest as long as half the drawing."""
    reach = max(map(abs, values), default=0.0) or 1.0
    lengths = [round(FULL / 2 * abs(value) / reach, 2) for value in values]
    return tuple(
        Deviation(FULL / 2 if value > 0 else FULL / 2 - length, length, rises=value > 0)
        for value, length in zip(values, lengths, strict=True)
    )
