"""The clients ranked by risk, as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

#: A client has left when its latest known outcome says so. Of one that is only known before, no row has come for a
#: horizon, and nobody has said that it left. All others are current.
Status = Literal["current", "left", "known before"]

REASONS = 3
NUMBERS = ("risk", "risk_low", "risk_high", "rank", "decile", "previous_risk", "change")
TEXTS = (*(f"reason_{place}" for place in range(1, REASONS + 1)), "change_reason")
#: What every ranking says of a client; no other column of it may be called so.
FIGURES = (*NUMBERS, *TEXTS)
RESERVED = (*FIGURES, "value_at_risk")
#: How the columns of what the model was asked about begin, for programs; their names go on as they are declared.
FEATURE = "feature."


@dataclass(frozen=True)
class RankedClient:
    """A current client: its risk, rank (1 is the highest risk), decile (1 is the riskiest tenth) and reasons.

    `risk_low` and `risk_high` bound the 90 % interval of the risk, None by a model that cannot tell.
    `previous_risk` is that of the client's row before by the same model, so `change` is never the model's;
    `change_reason` says what moved it. All are None for a client with one row. `as_of` is the date of its row
    (ISO 8601), `value` money a year, `value_at_risk` the risk times that, `carried` what else is shown, and
    `features` what the model was asked about, empty where an earlier version wrote the ranking.
    """

    id: str
    risk: float
    rank: int
    decile: int
    reasons: tuple[str, ...]
    previous_risk: float | None = None
    change: float | None = None
    change_reason: str | None = None
    as_of: str | None = None
    value: float | None = None
    value_at_risk: float | None = None
    carried: Mapping[str, str | None] = field(default_factory=dict)
    risk_low: float | None = None
    risk_high: float | None = None
    features: Mapping[str, float | str | None] = field(default_factory=dict)


@dataclass(frozen=True)
class RankingOrigin:
    """The version that a ranking was made with, and the risk from which that flags a client."""

    version: str
    threshold: float


@dataclass(frozen=True)
class RiskSummary:
    """The current clients at a glance: how many reach the threshold, counts in 20 equal bins of risk, and the top.

    `left` counts those that have left and `known_before` those of which nothing was heard for a horizon; neither
    are ranked. `expected` adds up the risks of all current clients, and `value_at_risk` their values at risk, None
    where no value is declared; `flagged_value_at_risk` is the part of those that reach the threshold. Of the
    clients `compared` with their row before, `risen` have come to reach the threshold and `fallen` no longer do.
    """

    clients: int
    flagged: int
    threshold: float
    histogram: tuple[int, ...]
    top: tuple[RankedClient, ...]
    left: int = 0
    known_before: int = 0
    value_at_risk: float | None = None
    flagged_value_at_risk: float | None = None
    expected: float = 0.0
    compared: int = 0
    risen: int = 0
    fallen: int = 0
