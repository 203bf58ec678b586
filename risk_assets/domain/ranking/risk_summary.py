"""The clients ranked by risk, as people read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: A client has left when its latest known outcome says so; all others are current.
Status = Literal["current", "left"]


@dataclass(frozen=True)
class RankedClient:
    """A current client: its risk, rank (1 is the highest risk), decile (1 is the riskiest tenth) and reasons.

    `previous_risk` is that of the client's row before by the same model, so `change` is never the model's;
    `change_reason` says what moved it. All are None for a client with one row.
    """

    id: str
    risk: float
    rank: int
    decile: int
    reasons: tuple[str, ...]
    previous_risk: float | None = None
    change: float | None = None
    change_reason: str | None = None


@dataclass(frozen=True)
class RiskSummary:
    """The current clients at a glance: how many reach the threshold, counts in 20 equal bins of risk, and the top.

    `left` counts those that have left, which are not ranked.
    """

    clients: int
    flagged: int
    threshold: float
    histogram: tuple[int, ...]
    top: tuple[RankedClient, ...]
    left: int = 0
