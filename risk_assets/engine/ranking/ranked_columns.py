"""The columns of a ranking: what each is called, and what it is while the ranking is made."""

from __future__ import annotations

from risk_assets.domain.columns import Columns
from risk_assets.domain.ranking.risk_summary import NUMBERS, RESERVED, TEXTS


def columns_of(columns: Columns) -> list[tuple[str, str]]:
    """Return the columns in order, each with its name while the ranking is made and the one on disk."""
    found = [("id", id_name(columns))]
    found += [("observed", columns.as_of)] if columns.as_of is not None else []
    found += [(name, name) for name in NUMBERS]
    found += [("worth", columns.value), ("value_at_risk", "value_at_risk")] if columns.value is not None else []
    found += [(f"carried_{place}", name) for place, name in enumerate(columns.shown)]
    return [*found, *((name, name) for name in TEXTS)]


def id_name(columns: Columns) -> str:
    """Return the name of the column of ids: an id that is called like a figure of the ranking becomes client."""
    return "client" if columns.id.casefold() in RESERVED else columns.id
