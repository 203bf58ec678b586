"""The clients ranked by risk, as people read them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RankedClient:
    """One client: its risk, rank (1 is the highest risk), decile (1 is the riskiest tenth) and reasons."""

    id: str
    risk: float
    rank: int
    decile: int
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class RiskSummary:
    """All clients at a glance: how many reach the threshold, counts in 20 equal bins of risk, and the top ones."""

    clients: int
    flagged: int
    threshold: float
    histogram: tuple[int, ...]
    top: tuple[RankedClient, ...]
