"""Derived columns as SQL: the same numbers as domain.derived, to the last bit."""

from __future__ import annotations

from risk_assets.domain.columns import MAX_MAGNITUDE, Columns, DerivedColumn
from risk_assets.engine.sql import double, quote


def derived_sql(columns: Columns) -> list[str]:
    """Return the SQL of each derived column over the columns that files hold, under its name."""
    return [f"{_bounded(_value(columns, column))} AS {quote(column.name)}" for column in columns.derived]


def _value(columns: Columns, column: DerivedColumn) -> str:
    """Return the SQL of a value before its bounds: times x a / b, a - b, a + b + ..., days from a to b."""
    parts = [_part(columns, name) for name in column.parts]
    match column.kind:
        case "ratio":
            return f"{double(column.times)} * {parts[0]} / nullif({parts[1]}, 0e0)"
        case "difference":
            return " - ".join(parts)
        case "sum":
            return " + ".join(parts)
        case "days_between":
            return " - ".join(reversed(parts))


def _part(columns: Columns, name: str) -> str:
    """Return the SQL of a part as a double; dates are days since 1970-01-01."""
    if name not in columns.dated:
        return f"CAST({quote(name)} AS DOUBLE)"
    day = f"CAST(CAST({quote(name)} AS TIMESTAMP) AS DATE)"
    return f"CAST(date_diff('day', CAST('1970-01-01' AS DATE), {day}) AS DOUBLE)"


def _bounded(value: str) -> str:
    """Return SQL that is missing beyond MAX_MAGNITUDE; adding 0 turns -0.0 into 0.0."""
    return f"CASE WHEN abs({value}) <= {double(MAX_MAGNITUDE)} THEN {value} + 0e0 END"
