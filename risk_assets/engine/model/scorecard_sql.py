"""The scorecard as SQL: the same numbers as numpy, over columns that are named as the features are.

Numbers are written with an exponent, since 0.1 is a decimal in SQL and 1e-1 a double. The risk and the
contributions use only what DuckDB and Spark share. Infinite values never get here: ingestion refuses them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from risk_assets.domain.columns import Columns
from risk_assets.domain.model.reasons import (
    LARGEST_FACTOR,
    LARGEST_PLAIN,
    LEAST_PLAIN,
    LEAST_STRENGTH,
    LEAST_WHOLE_FACTOR,
    MOST_STRENGTH,
    STRENGTH_DECIMALS,
)
from risk_assets.domain.model.scorecard import MAX_LOG_ODDS, CategoricalShape, NumericShape, Scorecard
from risk_assets.engine.sql import literal, quote

#: Reasons are ordered by one whole number per feature, whose digits are, from the left: a 1 where the feature
#: explains
#: the risk, its strength in millionths, and its place counted from the end.
STRENGTH_UNITS = 10.0**STRENGTH_DECIMALS
MOST_FEATURES = 10_000
EXPLAINS = round(10 * MOST_STRENGTH * STRENGTH_UNITS) * MOST_FEATURES


def risk_sql(scorecard: Scorecard) -> str:
    """Return an expression for the probability that a client leaves."""
    log_odds = " + ".join([number(scorecard.intercept), *(_shape(shape) for shape in scorecard.shapes)])
    bounded = f"greatest({number(-MAX_LOG_ODDS)}, least({number(MAX_LOG_ODDS)}, {log_odds}))"
    return f"(1e0 / (1e0 + exp(-{bounded})))"


def scorable(columns: Columns, scorecard: Scorecard) -> list[str]:
    """Return SQL for each of the scorecard's features over `rows`; one that is no longer declared is missing."""
    numeric = {column.name for column in columns.numeric}
    return [
        *(quote(name) if name in numeric else "CAST(NULL AS DOUBLE)" for name in _names(scorecard.numeric)),
        *(
            quote(name) if name in columns.categorical else "CAST(NULL AS VARCHAR)"
            for name in _names(scorecard.categorical)
        ),
    ]


def _names(shapes: Sequence[NumericShape | CategoricalShape]) -> list[str]:
    return [shape.column for shape in shapes]


def placed(scorecard: Scorecard, letter: str = "x") -> Scorecard:
    """Return the scorecard over columns x0, x1, … in feature order, so that no feature's name meets another."""
    names = [f"{letter}{place}" for place in range(len(scorecard.shapes))]
    of_numbers, of_texts = names[: len(scorecard.numeric)], names[len(scorecard.numeric) :]
    return replace(
        scorecard,
        numeric=tuple(
            replace(shape, column=name) for shape, name in zip(scorecard.numeric, of_numbers, strict=True)
        ),
        categorical=tuple(
            replace(shape, column=name) for shape, name in zip(scorecard.categorical, of_texts, strict=True)
        ),
    )


def reasons_query(scorecard: Scorecard, table: str, kept: Sequence[str], k: int = 3) -> str:
    """Return a query for the `kept` columns of a table and its reasons, reason_1 to reason_k.

    They are NULL where none is left, and worded and ordered as in domain.reasons. The table has the features as
    `placed` names them; names such as e0, s0, k0 and first0 are taken. One key per feature orders them: does it
    explain the risk, then its strength, then its place.
    """
    shapes = placed(scorecard).shapes
    places = range(len(shapes))
    cells = ", ".join([*kept, *(f"x{place}" for place in places)])
    effects = ", ".join(
        f"({_shape(shape)} - {number(shape.mean)}) AS e{place}" for place, shape in enumerate(shapes)
    )
    above = f"round({' + '.join(f'e{place}' for place in places)}, {STRENGTH_DECIMALS}) >= 0"
    strengths = ", ".join(f"{_strength(f'e{place}')} AS s{place}" for place in places)
    keys = ", ".join(f"{_key(place)} AS k{place}" for place in places)
    query = f"SELECT {cells}, {effects} FROM {table}"
    query = f"SELECT *, {above} AS above, {strengths} FROM ({query})"
    query = f"SELECT *, {keys} FROM ({query})"
    for turn in range(k):
        left = [
            f"k{place}" if turn == 0 else f"CASE WHEN k{place} < first{turn - 1} THEN k{place} END"
            for place in places
        ]
        query = f"SELECT *, greatest(CAST(NULL AS BIGINT), {', '.join(left)}) AS first{turn} FROM ({query})"
    texts = (f"{_text(scorecard, f'first{turn}')} AS reason_{turn + 1}" for turn in range(k))
    return f"SELECT {', '.join([*kept, *texts])} FROM ({query})"


def change_query(scorecard: Scorecard, table: str) -> str:
    """Return a query for a table and its change_reason: which feature moved the risk most, and how.

    The table has the features of now (x0, x1, …) and of before (y0, y1, …), and `change`, the difference of the
    risks. It is NULL where there is no change, or no feature moved the log-odds by LEAST_STRENGTH that way.
    """
    pairs = list(zip(placed(scorecard).shapes, placed(scorecard, "y").shapes, strict=True))
    sign = "CASE WHEN change > 0 THEN 1e0 ELSE -1e0 END"
    moved = ", ".join(
        f"round({sign} * ({_shape(now)} - {_shape(before)}), {STRENGTH_DECIMALS}) AS m{place}"
        for place, (now, before) in enumerate(pairs)
    )
    most = f"greatest(CAST(NULL AS DOUBLE), {', '.join(f'm{place}' for place in range(len(pairs)))})"
    cases = "".join(
        f" WHEN m{place} = most THEN {literal(f'{shape.column} ')} || "
        f"{_value_text(shape, f'y{place}')} || ' to ' || {_value_text(shape, f'x{place}')}"
        for place, shape in enumerate(scorecard.shapes)
    )
    reason = f"CASE WHEN change IS NULL OR most < {number(LEAST_STRENGTH)} THEN NULL{cases} END AS change_reason"
    return f"(SELECT *, {reason} FROM (SELECT *, {most} AS most FROM (SELECT *, {moved} FROM {table})))"


def _strength(effect: str) -> str:
    """Return a strength as a whole number, of the last decimal that counts."""
    return f"CAST(round(least(abs({effect}), {number(MOST_STRENGTH)}) * {number(STRENGTH_UNITS)}) AS BIGINT)"


def _key(place: int) -> str:
    least = round(LEAST_STRENGTH * STRENGTH_UNITS)
    explains = f"CASE WHEN (e{place} > 0) = above THEN {EXPLAINS} ELSE 0 END"
    key = f"{explains} + s{place} * {MOST_FEATURES} + {MOST_FEATURES - 1 - place}"
    return f"CASE WHEN s{place} >= {least} THEN {key} END"


def _text(scorecard: Scorecard, key: str) -> str:
    found = f"({MOST_FEATURES - 1} - {key} % {MOST_FEATURES})"
    cases = "".join(
        f" WHEN {found} = {place} THEN {_fact(shape, f'x{place}')} || {_odds_text(f'e{place}')}"
        for place, shape in enumerate(scorecard.shapes)
    )
    return f"CASE WHEN {key} IS NULL THEN NULL{cases} END"


def _shape(shape: NumericShape | CategoricalShape) -> str:
    return _polynomials(shape) if isinstance(shape, NumericShape) else _table(shape)


def _table(shape: CategoricalShape) -> str:
    column = quote(shape.column)
    cases = "".join(
        f" WHEN {column} = {literal(name)} THEN {number(value)}" for name, value in shape.values.items()
    )
    return f"CASE WHEN {column} IS NULL THEN {number(shape.missing)}{cases} ELSE {number(shape.unknown)} END"


def _polynomials(shape: NumericShape) -> str:
    column = f"CAST({quote(shape.column)} AS DOUBLE)"
    inside = between(shape.breaks, column)
    pieces = [_piece(shape, inside, place) for place in range(len(shape.coefficients))]
    return (
        f"CASE WHEN {column} IS NULL OR isnan({column}) THEN {number(shape.missing)} "
        f"ELSE {search(inside, [number(value) for value in shape.breaks[1:-1]], pieces)} END"
    )


def between(breaks: Sequence[float], x: str) -> str:
    """Return an expression for x, but no less than the first of the breaks and no more than the last."""
    return f"greatest({number(breaks[0])}, least({number(breaks[-1])}, {x}))"


def search(x: str, bounds: Sequence[str], leaves: Sequence[str]) -> str:
    """Return a binary search for x: leaf i where bound i - 1 <= x < bound i, of one bound fewer than leaves."""
    if not bounds:
        return leaves[0]
    middle = (len(bounds) + 1) // 2
    below = search(x, bounds[: middle - 1], leaves[:middle])
    return (
        f"CASE WHEN {x} < {bounds[middle - 1]} THEN {below} ELSE {search(x, bounds[middle:], leaves[middle:])} END"
    )


def _piece(shape: NumericShape, x: str, place: int) -> str:
    """Return sum_k c_k * t ** (degree - k)."""
    return horner(shape.coefficients[place], place_in_piece(shape.breaks, x, place))


def place_in_piece(breaks: Sequence[float], x: str, piece: int) -> str:
    """Return an expression for t, which runs from 0 to 1 between the two breaks of a piece."""
    return f"(({x} - {number(breaks[piece])}) / {number(breaks[piece + 1] - breaks[piece])})"


def horner(coefficients: Sequence[float], t: str) -> str:
    """Return a polynomial in t, whose coefficients have the highest power first."""
    total = number(coefficients[0])
    for coefficient in coefficients[1:]:
        total = f"({total} * {t} + {number(coefficient)})"
    return total


def number(value: float) -> str:
    """Return a double as SQL."""
    text = repr(float(value))
    return f"({text})" if "e" in text else f"({text}e0)"


def _fact(shape: NumericShape | CategoricalShape, column: str) -> str:
    return f"{literal(f'{shape.column} is ')} || {_value_text(shape, column)} || ': '"


def _value_text(shape: NumericShape | CategoricalShape, column: str) -> str:
    """The twin of domain.reasons.value_text."""
    if isinstance(shape, CategoricalShape):
        return f"coalesce({column}, 'missing')"
    x = f"CAST({column} AS DOUBLE)"
    plain = f"abs({x}) >= {number(LEAST_PLAIN)} AND abs({x}) < {number(LARGEST_PLAIN)}"
    return (
        f"CASE WHEN {x} IS NULL OR isnan({x}) THEN 'missing' WHEN {x} = 0 THEN '0' "
        f"WHEN {plain} AND {x} = floor({x}) THEN CAST(CAST({x} AS BIGINT) AS VARCHAR) "
        f"WHEN {plain} THEN printf('%.2f', {x}) ELSE printf('%.2e', {x}) END"
    )


def _odds_text(effect: str) -> str:
    """The twin of domain.reasons.odds_text."""
    largest = number(math.log(LARGEST_FACTOR))
    factor = f"exp(least(abs({effect}), {largest}))"
    return (
        f"CASE WHEN {effect} > 0 THEN 'odds × ' ELSE 'odds ÷ ' END || "
        f"CASE WHEN abs({effect}) >= {largest} THEN 'over {LARGEST_FACTOR:.0f}' "
        f"WHEN {factor} >= {number(LEAST_WHOLE_FACTOR)} THEN printf('%.0f', {factor}) "
        f"ELSE printf('%.1f', {factor}) END"
    )
