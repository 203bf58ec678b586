"""Reasons as SQL: ordered and worded as domain.model.reasons does, over columns x0, x1, … in feature order."""

from __future__ import annotations

from collections.abc import Sequence

from risk_assets.domain.columns import UNDESCRIBED, Columns
from risk_assets.domain.model.reasons import (
    LEAST_STRENGTH,
    MOST_STRENGTH,
    STRENGTH_DECIMALS,
    alternative,
    groups,
    is_actionable,
    template,
)
from risk_assets.domain.model.scorecard import Family, Scorecard
from risk_assets.domain.model.shapes import CategoricalShape, NumericShape, PairTable
from risk_assets.engine.model.scorecard_sql import placed, risk_of
from risk_assets.engine.model.shape_sql import lines_sql, number, pair_sql, shape_sql
from risk_assets.engine.model.words_sql import risk_text, value_text
from risk_assets.engine.sql import literal

#: Reasons are ordered by one whole number per group of features, whose digits are, from the left: a 1 where
#: somebody can act on the group, a 1 where it explains the risk, its strength in millionths, and its place counted
#: from the end.
STRENGTH_UNITS = 10.0**STRENGTH_DECIMALS
MOST_GROUPS = 10_000
EXPLAINS = round(10 * MOST_STRENGTH * STRENGTH_UNITS) * MOST_GROUPS
ACTIONABLE = 10 * EXPLAINS


def reasons_query(
    scorecard: Scorecard, table: str, kept: Sequence[str], k: int = 3, *, schema: Columns = UNDESCRIBED
) -> str:
    """Return a query for the `kept` columns of a table and its reasons, reason_1 to reason_k.

    They are NULL where none is left, and have the labels and units of `schema`. The table has `log_odds` and the
    features as `placed` names them; names such as e0, s0, k0 and first0 are taken.
    """
    card = placed(scorecard)
    grouped = groups(card)
    places = range(len(grouped))
    kept_cells = ", ".join([*kept, "log_odds", *(shape.column for shape in card.shapes)])
    effects = ", ".join(f"({_effect(card, group)}) AS e{place}" for place, group in enumerate(grouped))
    above = f"round(log_odds - {number(scorecard.usual_log_odds)}, {STRENGTH_DECIMALS}) >= 0"
    strengths = ", ".join(f"{_strength(f'e{place}')} AS s{place}" for place in places)
    can_act = [is_actionable(group, schema) for group in groups(scorecard)]
    keys = ", ".join(f"{_key(place, can_act=can_act[place])} AS k{place}" for place in places)
    query = f"SELECT {kept_cells}, {effects} FROM {table}"
    query = f"SELECT *, {above} AS above, {strengths} FROM ({query})"
    query = f"SELECT *, {keys} FROM ({query})"
    for turn in range(k):
        left = [
            f"k{place}" if turn == 0 else f"CASE WHEN k{place} < first{turn - 1} THEN k{place} END"
            for place in places
        ]
        query = f"SELECT *, greatest(CAST(NULL AS BIGINT), {', '.join(left)}) AS first{turn} FROM ({query})"
    chosen = ", ".join(f"{_chosen(f'first{turn}', len(grouped))} AS effect{turn}" for turn in range(k))
    query = f"SELECT *, {risk_of('log_odds')} AS now, {chosen} FROM ({query})"
    without = ", ".join(f"{risk_of(f'(log_odds - effect{turn})')} AS without{turn}" for turn in range(k))
    query = f"SELECT *, {without} FROM ({query})"
    texts = (f"{_text(scorecard, turn, schema)} AS reason_{turn + 1}" for turn in range(k))
    return f"SELECT {', '.join([*kept, *texts])} FROM ({query})"


def change_query(scorecard: Scorecard, table: str, schema: Columns = UNDESCRIBED) -> str:
    """Return a query for a table and its change_reason: which feature moved the risk most, and how.

    The table has the features of now (x0, x1, …) and of before (y0, y1, …), and `change`, the difference of the
    risks. It is NULL where there is no change, or no feature moved the log-odds by LEAST_STRENGTH that way.
    """
    card = placed(scorecard)
    before = {shape.column: f"y{place}" for place, shape in enumerate(card.shapes)}
    sign = "CASE WHEN change > 0 THEN 1e0 ELSE -1e0 END"
    moved = ", ".join(
        f"round({sign} * ({_moved(card, shape, before)}), {STRENGTH_DECIMALS}) AS m{place}"
        for place, shape in enumerate(card.shapes)
    )
    most = f"greatest(CAST(NULL AS DOUBLE), {', '.join(f'm{place}' for place in range(len(card.shapes)))})"
    cases = "".join(
        f" WHEN m{place} = most THEN {literal(f'{schema.label(shape.column)} ')} || "
        f"{value_text(shape, f'y{place}')} || ' to ' || "
        f"{value_text(shape, f'x{place}', schema.unit(shape.column))}"
        for place, shape in enumerate(scorecard.shapes)
    )
    reason = f"CASE WHEN change IS NULL OR most < {number(LEAST_STRENGTH)} THEN NULL{cases} END AS change_reason"
    return f"(SELECT *, {reason} FROM (SELECT *, {most} AS most FROM (SELECT *, {moved} FROM {table})))"


def _effect(card: Scorecard, group: Family) -> str:
    """Return the twin of domain.model.reasons.effects."""
    found = [
        f"({shape_sql(card.shape(name), name)} - {number(card.shape(name).at_usual)})" for name in group.features
    ]
    found += [
        f"({pair_sql(pair, *pair.columns)} - {_with_usual(card, pair, group.features)})"
        for pair in card.pairs
        if set(pair.columns) & set(group.features)
    ]
    return " + ".join(found)


def _with_usual(card: Scorecard, pair: PairTable, features: tuple[str, ...]) -> str:
    first, second = pair.columns
    if first in features and second in features:
        return number(pair.at(card.usual[first], card.usual[second]))
    if first in features:
        return lines_sql(pair.right, second, list(map(number, pair.with_left(card.usual[first]).tolist())))
    return lines_sql(pair.left, first, list(map(number, pair.with_right(card.usual[second]).tolist())))


def _moved(card: Scorecard, shape: NumericShape | CategoricalShape, before: dict[str, str]) -> str:
    """Return the log-odds of now less those with one column as it was before."""
    name = shape.column
    found = f"{shape_sql(shape, name)} - {shape_sql(shape, before[name])}"
    for pair in card.pairs:
        if name in pair.columns:
            was = (before[name] if name == column else column for column in pair.columns)
            found += f" + {pair_sql(pair, *pair.columns)} - {pair_sql(pair, *was)}"
    return found


def _strength(effect: str) -> str:
    """Return a strength as a whole number, of the last decimal that counts."""
    return f"CAST(round(least(abs({effect}), {number(MOST_STRENGTH)}) * {number(STRENGTH_UNITS)}) AS BIGINT)"


def _key(place: int, *, can_act: bool) -> str:
    least = round(LEAST_STRENGTH * STRENGTH_UNITS)
    explains = f"CASE WHEN (e{place} > 0) = above THEN {EXPLAINS} ELSE 0 END"
    key = f"{ACTIONABLE if can_act else 0} + {explains} + s{place} * {MOST_GROUPS} + {MOST_GROUPS - 1 - place}"
    return f"CASE WHEN s{place} >= {least} THEN {key} END"


def _group_of(key: str) -> str:
    return f"({MOST_GROUPS - 1} - {key} % {MOST_GROUPS})"


def _chosen(key: str, count: int) -> str:
    return f"CASE {_group_of(key)}{''.join(f' WHEN {place} THEN e{place}' for place in range(count))} END"


def _text(scorecard: Scorecard, turn: int, schema: Columns) -> str:
    key, grouped = f"first{turn}", list(enumerate(groups(scorecard)))
    facts = "".join(f" WHEN {place} THEN {_fact(scorecard, group, schema)}" for place, group in grouped)
    others = "".join(f" WHEN {place} THEN {literal(alternative(scorecard, group))}" for place, group in grouped)
    said = f"CASE {_group_of(key)}{facts} END || ': ' || {risk_text('now')} || ', '"
    compared = f"CASE {_group_of(key)}{others} END || ' ' || {risk_text(f'without{turn}')}"
    return f"CASE WHEN {key} IS NOT NULL THEN {said} || {compared} END"


def _fact(scorecard: Scorecard, group: Family, schema: Columns) -> str:
    places = {name: f"x{place}" for place, name in enumerate(scorecard.features)}
    return " || ".join(
        literal(piece)
        if isinstance(piece, str)
        else value_text(scorecard.shape(piece[1]), places[piece[1]], schema.unit(piece[1]))
        for piece in template(scorecard, group, schema)
    )
