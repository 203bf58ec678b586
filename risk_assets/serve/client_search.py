"""What is asked of the ranked clients, and what is answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from risk_assets.domain.columns import Columns
from risk_assets.domain.ranking.risk_summary import RankedClient, Status
from risk_assets.engine.ranking.risk_summary import feature_names
from risk_assets.serve.http.replies import RequestError

Sort = Literal[
    "risk",
    "-risk",
    "id",
    "-id",
    "change",
    "-change",
    "value_at_risk",
    "-value_at_risk",
    "uncertainty",
    "-uncertainty",
]
Listed = Literal["current", "left", "all"]


@dataclass(frozen=True)
class Filters:
    """Which clients are listed: by levels of carried columns, and by ranges of features."""

    levels: Mapping[str, str] = field(default_factory=dict)
    least: Mapping[str, float] = field(default_factory=dict)
    most: Mapping[str, float] = field(default_factory=dict)


EVERYONE = Filters()


@dataclass(frozen=True)
class ClientPage:
    """A page of clients that fit a search; `total` counts all that fit, pages count from 1.

    `after` is the cursor with which the next page begins, None on the last one.
    """

    total: int
    page: int
    pages: int
    clients: tuple[KnownClient, ...]
    after: str | None = None


@dataclass(frozen=True)
class KnownClient:
    """A client: current ones are ranked; `left_on` is when it left, or is going to, where that is known."""

    id: str
    status: Status
    left_on: str | None
    ranked: RankedClient | None


@dataclass(frozen=True)
class ClientRow:
    """A row of a client: its date (ISO 8601), whether the client left then (None: not known), and its features."""

    as_of: str | None
    left: bool | None
    features: Mapping[str, float | str | None]


def conditions(columns: Columns, filters: Filters) -> tuple[list[str], list[object]]:
    """Return the SQL conditions of filters, and their values. Raises RequestError (422) for an unknown column."""
    fits, values = list[str](), list[object]()
    for name, level in filters.levels.items():
        if name not in columns.shown:
            raise RequestError(422, f"in.{name}: is no carried column; there are {_named(columns.shown)}")
        cell = f"CAST(carried_{columns.shown.index(name)} AS VARCHAR)"
        fits.append(f"{cell} = ?" if level else f"coalesce({cell}, '') = ?")
        values.append(level)
    numeric = [column.name for column in columns.numeric_features]
    for sign, bounds in ((">=", filters.least), ("<=", filters.most)):
        for name, bound in bounds.items():
            if name not in numeric:
                numbers = _named(numeric)
                raise RequestError(422, f"{name}: is no numeric feature; there are {numbers}")
            fits.append(f"{feature_names(columns)[columns.features.index(name)]} {sign} ?")
            values.append(bound)
    return fits, values


def _named(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"
