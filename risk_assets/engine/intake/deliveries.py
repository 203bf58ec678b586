"""Rows of one key in the order in which they were delivered: what each of them brings.

A row that is delivered again updates the row that is held. Of outcomes, and of what is carried, known beats
unknown, and of two known values the later one wins. With dates the features of the latest delivery count, missing
or not. A row that brings nothing new is a duplicate.
"""

from __future__ import annotations

from risk_assets.domain.columns import Columns


def keys(columns: Columns) -> list[str]:
    """Return the names of the values that make a row's key, of v0, v1 and so on."""
    return [f"v{place}" for place, name in enumerate(columns.names) if name in columns.key]


def changeable(columns: Columns) -> list[int]:
    """Return the places of the values that a later delivery can change."""
    return [place for place, name in enumerate(columns.names) if name not in columns.key]


def in_order_of_delivery(columns: Columns, table: str, order: str) -> str:
    """Return the query for the rows of a table and what each brings; `order` is an expression that rises.

    Of each row it gives the `place` among those of its key, from 1; `updates`, whether it brings a value that
    differs from the one before it; the values in the end, w3 for v3 and so on; and `updated`, whether its own are
    not those.
    """
    group = f"PARTITION BY {', '.join(keys(columns))} ORDER BY {order}"
    earlier, all_rows = (
        f"OVER ({group} ROWS BETWEEN UNBOUNDED PRECEDING AND {end})"
        for end in ("1 PRECEDING", "UNBOUNDED FOLLOWING")
    )
    brings, differs, windows = [], [], []
    for place in changeable(columns):
        value, before, last = f"v{place}", f"b{place}", f"w{place}"
        replaced = columns.names[place] in columns.replaced
        kept = value if replaced else f"{value} IGNORE NULLS"
        windows += [
            f"last_value({kept}) {window} AS {name}" for window, name in ((earlier, before), (all_rows, last))
        ]
        brings.append(f"({'' if replaced else f'{value} IS NOT NULL AND '}{value} IS DISTINCT FROM {before})")
        differs.append(f"{value} IS DISTINCT FROM {last}")
    return (
        f"SELECT *, {' OR '.join(brings)} AS updates, {' OR '.join(differs)} AS updated FROM ("
        f"SELECT *, row_number() OVER ({group}) AS place, {', '.join(windows)} FROM {table})"
    )


def last_values(columns: Columns) -> str:
    """Return the SQL list of the values in the end, for rows of `in_order_of_delivery`."""
    return ", ".join(f"w{place}" for place in changeable(columns))
