"""The shapes and tables of a scorecard as SQL expressions, which DuckDB and Spark share.

Numbers are written with an exponent, since 0.1 is a decimal in SQL and 1e-1 a double. Infinite values never get
here: ingestion refuses them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, cast

from risk_assets.domain.model.shapes import CategoricalShape, NumericShape, PairTable
from risk_assets.engine.sql import literal

if TYPE_CHECKING:
    from risk_assets.domain.model.forms import Basis


def number(value: float) -> str:
    """Return a double as SQL."""
    text = repr(float(value))
    return f"({text})" if "e" in text else f"({text}e0)"


def shape_sql(shape: NumericShape | CategoricalShape, cell: str) -> str:
    """Return an expression for the log-odds that a cell adds."""
    if isinstance(shape, NumericShape):
        return _polynomials(shape, f"CAST({cell} AS DOUBLE)")
    values = [(literal(name), number(value)) for name, value in shape.values.items()]
    return _levels(cell, f"{cell} IS NULL", number(shape.missing), values, number(shape.unknown))


def pair_sql(pair: PairTable, left: str, right: str) -> str:
    """Return an expression for the log-odds that two cells add together."""
    return lines_sql(
        pair.left, left, [lines_sql(pair.right, right, list(map(number, row))) for row in pair.values]
    )


def lines_sql(basis: Basis, cell: str, values: Sequence[str]) -> str:
    """Return an expression for what a basis of lines and levels gives at a cell, one value for each function."""
    size, count = basis.curve_size, len(basis.levels)
    missing = values[size + count]
    if basis.categorical:
        named = [(literal(str(level)), values[place]) for place, level in enumerate(basis.levels)]
        return _levels(cell, f"{cell} IS NULL", missing, named, values[-1])
    x = f"CAST({cell} AS DOUBLE)"
    named = [(number(cast("float", level)), values[size + place]) for place, level in enumerate(basis.levels)]
    return _levels(x, f"{x} IS NULL OR isnan({x})", missing, named, _lines(basis, x, values[:size]))


def _lines(basis: Basis, x: str, values: Sequence[str]) -> str:
    if len(values) < 2:  # noqa: PLR2004
        return values[0] if values else number(0.0)
    pieces = []
    for place, (low, high) in enumerate(pairwise(values)):
        t = place_in_piece(basis.knots, x, place)
        pieces.append(f"((1e0 - {t}) * {low} + {t} * {high})")
    return search(x, [number(knot) for knot in basis.knots[1:-1]], pieces)


def _levels(cell: str, is_missing: str, missing: str, named: Sequence[tuple[str, str]], rest: str) -> str:
    cases = "".join(f" WHEN {cell} = {level} THEN {value}" for level, value in named)
    return f"(CASE WHEN {is_missing} THEN {missing}{cases} ELSE {rest} END)"


def _polynomials(shape: NumericShape, x: str) -> str:
    pieces = [
        horner(coefficients, place_in_piece(shape.breaks, x, place))
        for place, coefficients in enumerate(shape.coefficients)
    ]
    curve = search(x, [number(value) for value in shape.breaks[1:-1]], pieces)
    named = [(number(level), number(value)) for level, value in shape.levels]
    return _levels(x, f"{x} IS NULL OR isnan({x})", number(shape.missing), named, curve)


def search(x: str, bounds: Sequence[str], leaves: Sequence[str]) -> str:
    """Return a binary search for x: leaf i where bound i - 1 <= x < bound i, of one bound fewer than leaves."""
    if not bounds:
        return leaves[0]
    middle = (len(bounds) + 1) // 2
    below = search(x, bounds[: middle - 1], leaves[:middle])
    return (
        f"CASE WHEN {x} < {bounds[middle - 1]} THEN {below} ELSE {search(x, bounds[middle:], leaves[middle:])} END"
    )


def place_in_piece(breaks: Sequence[float], x: str, piece: int) -> str:
    """Return an expression for t, which runs from 0 to 1 between the two breaks of a piece.

    Beyond the first and the last of the breaks x counts as these.
    """
    inside = f"greatest({number(breaks[0])}, {x})" if piece == 0 else x
    inside = f"least({number(breaks[-1])}, {inside})" if piece == len(breaks) - 2 else inside
    return f"(({inside} - {number(breaks[piece])}) / {number(breaks[piece + 1] - breaks[piece])})"


def horner(coefficients: Sequence[float], t: str) -> str:
    """Return a polynomial in t, whose coefficients have the highest power first."""
    total = number(coefficients[0])
    for coefficient in coefficients[1:]:
        total = f"({total} * {t} + {number(coefficient)})"
    return total
