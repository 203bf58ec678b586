"""Texts of files as numbers and texts, in SQL: strictly, and the same on every engine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from risk_assets.domain.columns import Columns, NumericColumn
from risk_assets.domain.file_form import MINUS, NUMBER, SIGN, THOUSANDS
from risk_assets.engine.intake.date_sql import trimmed
from risk_assets.engine.sql import double, literal


def number(text: str, columns: Columns, column: NumericColumn | None = None) -> str:
    """Return the SQL of the number that a text spells, NULL where it spells none, or a code for a missing one."""
    form = columns.number_format
    if form.is_plain:
        value = f"TRY_CAST({text} AS DOUBLE)"
    else:
        spelled = f"replace({trimmed(text)}, {literal(MINUS)}, '-')"
        sign, digits = (f"regexp_extract({spelled}, {literal(form.pattern)}, {group})" for group in (SIGN, NUMBER))
        for mark in THOUSANDS[form.thousands]:
            digits = f"replace({digits}, {literal(mark)}, '')"
        value = f"TRY_CAST({sign} || replace({digits}, {literal(form.decimal)}, '.') AS DOUBLE)"
    # NaN, which data frames write for a missing number, is one; adding 0 turns -0.0 into 0.0
    value = f"nullif({value} + 0.0, CAST('NaN' AS DOUBLE))"
    if column is None or not column.special or column.special_levels:
        return value
    return f"CASE WHEN {is_none_of(value, map(double, column.special))} THEN {value} END"


def is_none_of(value: str, others: Iterable[str]) -> str:
    """Return the SQL condition that a value is none of the others; IN with many would be a join, which is slow."""
    return f"({' AND '.join(f'{value} <> {other}' for other in others)})"


def is_given(text: str, missing: Sequence[str]) -> str:
    """Return the SQL condition that a text is neither blank nor one of the words for a missing value."""
    given = f"{trimmed(text)} <> ''"
    return f"{given} AND {is_none_of(f'lower({trimmed(text)})', map(literal, missing))}" if missing else given


def is_spelled_plainly(text: str) -> str:
    """Say in SQL that a cast number is one that number_of takes too: the engine also casts 1_000 and +-5."""
    return f"(NOT contains({text}, '_') AND NOT contains({text}, '+-'))"


def text_cell(text: str, missing: Sequence[str], *, tidy: bool) -> str:
    """Return the SQL of a text without blanks around it, NULL where it is one of the words for a missing one."""
    cell = text if tidy else f"nullif({trimmed(text)}, '')"
    if not missing:
        return cell
    return f"CASE WHEN {is_none_of(f'lower({cell})', map(literal, missing))} THEN {cell} END"
