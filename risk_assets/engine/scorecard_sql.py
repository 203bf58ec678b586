"""The scorecard as SQL: the same numbers as numpy, over columns that are named as the features are.

Numbers are written with an exponent, since 0.1 is a decimal in SQL and 1e-1 a double. The risk and the
contributions use only what DuckDB and Spark share. Infinite values never get here: ingestion refuses them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from risk_assets.domain.reasons import (
    LARGEST_FACTOR,
    LARGEST_PLAIN,
    LEAST_PLAIN,
    LEAST_STRENGTH,
    LEAST_WHOLE_FACTOR,
    STRENGTH_DECIMALS,
)
from risk_assets.domain.scorecard import MAX_LOG_ODDS, CategoricalShape, NumericShape, Scorecard
from risk_assets.engine.session import literal, quote


def risk_sql(scorecard: Scorecard) -> str:
    """Return an expression for the probability that a client leaves."""
    log_odds = " + ".join([number(scorecard.intercept), *(_shape(shape) for shape in scorecard.shapes)])
    bounded = f"greatest({number(-MAX_LOG_ODDS)}, least({number(MAX_LOG_ODDS)}, {log_odds}))"
    return f"(1e0 / (1e0 + exp(-{bounded})))"


def contribution_sql(scorecard: Scorecard, column: str) -> str:
    """Return an expression for the log-odds that a feature adds, compared with the average client."""
    shape = scorecard.shapes[scorecard.features.index(column)]
    return f"({_shape(shape)} - {number(shape.mean)})"


def reasons_sql(scorecard: Scorecard, k: int = 3) -> str:
    """Return an expression (DuckDB) for the list of up to `k` reasons, worded and ordered as in domain.reasons."""
    effects = [contribution_sql(scorecard, shape.column) for shape in scorecard.shapes]
    above = f"round({' + '.join(effects)}, {STRENGTH_DECIMALS}) >= 0"
    found = ", ".join(
        f"{{'explains': ({effect} > 0) = ({above}), 'strength': round(abs({effect}), {STRENGTH_DECIMALS}), "
        f"'place': {-place}, 'effect': {effect}, 'fact': {_fact(shape)}}}"
        for place, (shape, effect) in enumerate(zip(scorecard.shapes, effects, strict=True))
    )
    telling = f"list_filter([{found}], lambda reason: reason.strength >= {number(LEAST_STRENGTH)})"
    first = f"list_slice(list_reverse_sort({telling}), 1, {k})"
    return f"list_transform({first}, lambda reason: reason.fact || {_odds_text('reason.effect')})"


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


def _fact(shape: NumericShape | CategoricalShape) -> str:
    """The twin of domain.reasons.value_text, after the feature's name."""
    start, column = literal(f"{shape.column} is "), quote(shape.column)
    if isinstance(shape, CategoricalShape):
        return f"{start} || coalesce({column}, 'missing') || ': '"
    x = f"CAST({column} AS DOUBLE)"
    plain = f"abs({x}) >= {number(LEAST_PLAIN)} AND abs({x}) < {number(LARGEST_PLAIN)}"
    return (
        f"{start} || CASE WHEN {x} IS NULL OR isnan({x}) THEN 'missing' WHEN {x} = 0 THEN '0' "
        f"WHEN {plain} AND {x} = floor({x}) THEN printf('%.0f', {x}) "
        f"WHEN {plain} THEN printf('%.2f', {x}) ELSE printf('%.2e', {x}) END || ': '"
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
