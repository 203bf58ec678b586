"""Derived columns as SQL: the same numbers as domain.derived, to the last bit."""

from __future__ import annotations

from collections.abc import Callable

from risk_assets.domain.columns import MAX_MAGNITUDE, Columns, DerivedColumn
from risk_assets.engine.sql import double, quote


def derived_sql(columns: Columns) -> list[str]:
    """Return the SQL of each derived column over the columns that files hold, under its name."""
    return [f"{value_sql(columns, column)} AS {quote(column.name)}" for column in columns.derived]


def value_sql(columns: Columns, column: DerivedColumn, cell: Callable[[str], str] = quote) -> str:
    """Return the SQL of a derived column; `cell` gives that of the column of a name."""
    return _bounded(_value(column, [_part(columns, name, cell(name)) for name in column.parts]))


def _value(column: DerivedColumn, parts: list[str]) -> str:
    """Return the SQL of a value before its bounds: times x a / b, a - b, a + b + ..., days from a to b."""
    match column.kind:
        case "ratio":
            return f"{double(column.times)} * {parts[0]} / nullif({parts[1]}, 0e0)"
        case "difference":
            return " - ".join(parts)
        case "sum":
            return " + ".join(parts)
        case "days_between":
            return " - ".join(reversed(parts))


def _part(columns: Columns, name: str, cell: str) -> str:
    """Return the SQL of a part as a double; dates are days since 1970-01-01."""
    if name not in columns.dated:
        return f"CAST({cell} AS DOUBLE)"
    day = f"CAST(CAST({cell} AS TIMESTAMP) AS DATE)"
    return f"CAST(date_diff('day', CAST('1970-01-01' AS DATE), {day}) AS DOUBLE)"


def _bounded(value: str) -> str:
    """Return SQL that is missing beyond MAX_MAGNITUDE; adding 0 turns -0.0 into 0.0."""
    return f"CASE WHEN abs({value}) <= {double(MAX_MAGNITUDE)} THEN {value} + 0e0 END"
