"""Rows of one key in the order in which they were delivered: what each of them brings.

A row that is delivered again with an outcome updates the row that is held: known beats unknown, and of two known
outcomes the later one wins. One that brings nothing new is a duplicate.
"""

from __future__ import annotations

from risk_assets.domain.columns import Columns
from risk_assets.engine.sql import stored_label


def keys(columns: Columns) -> list[str]:
    """Return the names of the values that make a row's key, of v0, v1 and so on."""
    return [f"v{place}" for place, name in enumerate(columns.names) if name in columns.key]


def in_order_of_delivery(columns: Columns, table: str, order: str) -> str:
    """Return the query for the rows of a table and what each brings, `order` being a whole number from -1 on.

    Of each row it gives the `place` among those of its key, from 1; `updates`, whether it brings an outcome that
    differs from the one known before it; `last`, a whole number that is odd where the outcome known in the end is
    positive; and `updated`, whether its own outcome is not that one.
    """
    target, positive = f"v{len(columns.names) - 1}", stored_label(columns, columns.positive)
    # rises with the order; its last bit is the outcome
    known = f"CASE WHEN {target} IS NOT NULL THEN 2 * ({order} + 1) + CAST({target} = {positive} AS BIGINT) END"
    group = f"PARTITION BY {', '.join(keys(columns))}"
    before = f"max(known) OVER ({group} ORDER BY {order} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
    return (
        "SELECT *, known IS NOT NULL AND coalesce(before % 2, -1) <> known % 2 AS updates, "
        "last IS NOT NULL AND coalesce(known % 2, -1) <> last % 2 AS updated FROM ("
        f"SELECT *, row_number() OVER ({group} ORDER BY {order}) AS place, {before} AS before, "
        f"max(known) OVER ({group}) AS last FROM (SELECT *, {known} AS known FROM {table}))"
    )


def last_outcome(columns: Columns) -> str:
    """Return the SQL of the outcome known in the end, for rows of `in_order_of_delivery`."""
    positive, negative = (stored_label(columns, label) for label in (columns.positive, columns.negative))
    return f"CASE WHEN last % 2 = 1 THEN {positive} ELSE {negative} END"
