"""The narrow table of a fit: which piece of each column a row is in, and where; and what a model makes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from risk_assets.domain.model.piecewise import PiecewiseColumn, weights_by_column
from risk_assets.domain.model.pipeline import MISSING_CATEGORY
from risk_assets.domain.model.scorecard import MAX_LOG_ODDS
from risk_assets.engine.model.scorecard_sql import between, horner, number, place_in_piece, search
from risk_assets.engine.sql import literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def pieces_query(columns: Sequence[PiecewiseColumn], names: Mapping[str, str], table: str) -> str:
    """Return a query for y and, for column i, the piece p<i> and the place t<i> within it of each row."""
    selected = ["y"]
    for place, column in enumerate(columns):
        if column.pieces > 1:
            selected.append(f"CAST({_piece(column, names[column.name])} AS TINYINT) AS p{place}")
        if column.degree:
            selected.append(f"{_t(column, names[column.name])} AS t{place}")
    return f"SELECT {', '.join(selected)} FROM {table}"


def _piece(column: PiecewiseColumn, feature: str) -> str:
    if column.breaks:
        leaves = [str(piece) for piece in range(column.pieces)]
        return search(_inside(column, feature), [number(value) for value in column.breaks[1:-1]], leaves)
    cases = " ".join(f"WHEN {literal(text)} THEN {piece}" for piece, text in enumerate(column.categories))
    return f"CASE coalesce({feature}, {literal(MISSING_CATEGORY)}) {cases} ELSE {len(column.categories)} END"


def _t(column: PiecewiseColumn, feature: str) -> str:
    inside = _inside(column, feature)
    leaves = [place_in_piece(column.breaks, inside, piece) for piece in range(column.pieces)]
    return search(inside, [number(value) for value in column.breaks[1:-1]], leaves)


def _inside(column: PiecewiseColumn, feature: str) -> str:
    return between(column.breaks, f"coalesce({feature}, {number(column.missing)})")


def log_odds_sql(columns: Sequence[PiecewiseColumn], beta: NDArray[np.float64]) -> str:
    """Return an expression for the log-odds of a row of `pieces_query` at intercept and weights (1 + outputs,)."""
    terms = [number(beta[0])]
    for place, (column, weights) in enumerate(zip(columns, weights_by_column(columns, beta[1:]), strict=True)):
        falling = column.polynomials(weights)[:, ::-1]
        leaves = [horner(polynomial.tolist(), f"t{place}") for polynomial in falling]
        terms.append(search(f"p{place}", [str(piece) for piece in range(1, column.pieces)], leaves))
    return f"greatest({number(-MAX_LOG_ODDS)}, least({number(MAX_LOG_ODDS)}, {' + '.join(terms)}))"


def risk_sql(columns: Sequence[PiecewiseColumn], beta: NDArray[np.float64]) -> str:
    """Return an expression for the risk of a row of `pieces_query`."""
    return f"(1e0 / (1e0 + exp(-({log_odds_sql(columns, beta)}))))"
