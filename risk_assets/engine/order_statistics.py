"""Order statistics of a column: the values at given ranks, each of them a value that occurs."""

from __future__ import annotations

from collections.abc import Sequence

from risk_assets.engine.session import Session


def order_statistics(session: Session, table: str, expression: str, ranks: Sequence[int]) -> list[float]:
    """Return the values at ranks (from 0, ascending) among the values of an expression that are not NULL."""
    # adding 0 turns -0.0 into 0.0, as in memory
    return [value + 0.0 for value in session.order_statistics(table, expression, ranks)]
