"""The scorecard as SQL: the same numbers as numpy, over columns that are named as the features are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from risk_assets.domain.columns import Columns
from risk_assets.domain.derived import redefined
from risk_assets.domain.model.scorecard import MAX_LOG_ODDS, Family, Scorecard
from risk_assets.domain.model.shapes import CategoricalShape, NumericShape
from risk_assets.engine.model.shape_sql import number, pair_sql, shape_sql
from risk_assets.engine.sql import quote


def log_odds_sql(scorecard: Scorecard) -> str:
    """Return an expression for the log-odds that a client leaves."""
    shapes = (shape_sql(shape, quote(shape.column)) for shape in scorecard.shapes)
    pairs = (pair_sql(pair, *map(quote, pair.columns)) for pair in scorecard.pairs)
    return " + ".join([number(scorecard.intercept), *shapes, *pairs])


def risk_sql(scorecard: Scorecard) -> str:
    """Return an expression for the probability that a client leaves."""
    return risk_of(log_odds_sql(scorecard))


def risk_of(log_odds: str) -> str:
    """Return an expression for the probability at log-odds."""
    return f"(1e0 / (1e0 + exp(-greatest({number(-MAX_LOG_ODDS)}, least({number(MAX_LOG_ODDS)}, {log_odds})))))"


def scorable(columns: Columns, scorecard: Scorecard) -> list[str]:
    """Return SQL for each of the scorecard's features over `rows`; one not declared as it was is missing."""
    changed = redefined(columns.derived, scorecard.derived)
    numeric = {column.name for column in columns.numeric_features}.difference(changed)
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
    names = {name: f"{letter}{place}" for place, name in enumerate(scorecard.features)}
    return replace(
        scorecard,
        numeric=tuple(replace(shape, column=names[shape.column]) for shape in scorecard.numeric),
        categorical=tuple(replace(shape, column=names[shape.column]) for shape in scorecard.categorical),
        pairs=tuple(
            replace(
                pair,
                left=replace(pair.left, column=names[pair.left.column]),
                right=replace(pair.right, column=names[pair.right.column]),
            )
            for pair in scorecard.pairs
        ),
        families=tuple(
            Family(tuple(names[name] for name in family.derived), tuple(names[name] for name in family.parts))
            for family in scorecard.families
        ),
        uncertainty=None,
    )
