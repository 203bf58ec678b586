"""Charts made of bars: where each one begins and how far it reaches, in hundredths of the drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from risk_assets.domain.ranking.risk_summary import RiskSummary

FULL = 100.0
#: Even the smallest number that is not nothing can be seen.
LEAST_HEIGHT = 0.8
GAP = 0.6


@dataclass(frozen=True)
class Bin:
    """A bar of the histogram: the clients whose risk lies from `low` to `high`."""

    low: float
    high: float
    clients: int
    x: float
    y: float
    width: float
    height: float
    flagged: bool


@dataclass(frozen=True)
class Histogram:
    """How the clients spread over the range of risk; `threshold_x` is where the flagged ones begin."""

    bins: tuple[Bin, ...]
    highest: int
    threshold_x: float


def histogram(risks: RiskSummary) -> Histogram:
    """Return equal bins of risk; one that holds the threshold counts as flagged from its middle on."""
    highest = max(risks.histogram, default=0)
    step = 1 / max(len(risks.histogram), 1)
    bins = []
    for place, clients in enumerate(risks.histogram):
        height = max(FULL * clients / highest, LEAST_HEIGHT) if clients else 0.0
        bins.append(
            Bin(
                low=place * step,
                high=(place + 1) * step,
                clients=clients,
                x=round(FULL * place * step + GAP / 2, 2),
                y=round(FULL - height, 2),
                width=round(FULL * step - GAP, 2),
                height=round(height, 2),
                flagged=(place + 0.5) * step >= risks.threshold,
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
