"""Why a client has its risk, in words: what the risk would be if a column had its usual value.

The usual value is the median, or the most frequent category. A column's effect is the log-odds of the client less
those with the usual value, so the risk that a reason names is exact. Derived columns and what they are made of
change together and are told as one.

What explains the risk comes first: for a client above one of usual values all over, what raises the risk; for
one below it, what lowers it. What speaks against that follows, up to the number of reasons. Columns that nobody
can act on come after all others: they explain, and never lead.
engine.model.reasons_sql computes the same text in SQL.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from risk_assets.domain.columns import UNDESCRIBED, Columns
from risk_assets.domain.model.scorecard import Family, Scorecard, risk_at
from risk_assets.domain.model.words import risk_text, value_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from risk_assets.domain.model.scorecard import FeatureColumns
    from risk_assets.domain.model.shapes import PairTable

    Cell = float | str | None

#: A weaker effect could leave the same percentage with the usual value, which is no reason.
LEAST_STRENGTH = 0.12
#: Stronger effects count as equal: either makes the risk 0 or 1.
MOST_STRENGTH = 1e6
#: What is said of a client that no feature sets apart.
NO_REASON = "no single strong reason"
#: Strengths and their sum are compared to this many decimals, so that numpy and SQL order equal ones alike.
STRENGTH_DECIMALS = 6


@dataclass(frozen=True)
class Reason:
    """What one feature, or one family of them, does: its effect in log-odds, and the text that people read."""

    feature: str
    effect: float
    text: str


def groups(scorecard: Scorecard) -> tuple[Family, ...]:
    """Return what reasons are given for, in the order of features: families, and other features alone.

    >>> groups(Scorecard(0.0, 0.5, (), (), families=(Family(("trend",), ("lastmonth",)),)))
    ()
    """
    of_feature = {name: family for family in scorecard.families for name in family.features}
    found = dict.fromkeys(of_feature.get(name, Family((), (name,))) for name in scorecard.features)
    return tuple(found)


def is_actionable(group: Family, schema: Columns) -> bool:
    """Whether anybody can act on what a reason is given for: on one column of a family at least.

    >>> is_actionable(Family(("trend",), ("age",)), UNDESCRIBED)
    True
    """
    return any(map(schema.is_actionable, group.features))


def reasons(
    scorecard: Scorecard, columns: FeatureColumns, k: int = 3, *, schema: Columns = UNDESCRIBED
) -> list[tuple[Reason, ...]]:
    """Return for each client up to `k` reasons: those for its risk, then those against it, each strongest first.

    Equally strong ones are in feature order; those of columns that nobody can act on are last. The text has the
    labels and units of `schema`.

    >>> from risk_assets.domain.model.shapes import NumericShape
    >>> activity = NumericShape("activity", (0.0, 20.0), ((-4.0, 2.0),), missing=0.0, mean=0.0, usual=10.0)
    >>> card = Scorecard(-1.0, 0.5, (activity,), ())
    >>> [[reason.text for reason in client] for client in reasons(card, {"activity": np.array([3.0, 10.0])})]
    [['activity is 3 (usual: 10): 60 %, with the usual value 27 %'], []]
    """
    grouped, log_odds = groups(scorecard), scorecard.log_odds(columns)
    table = np.column_stack([effects(scorecard, columns, group.features) for group in grouped])
    strength = np.minimum(np.abs(table), MOST_STRENGTH).round(STRENGTH_DECIMALS)
    above = np.round(log_odds - scorecard.usual_log_odds, STRENGTH_DECIMALS) >= 0
    can_act = np.array([is_actionable(group, schema) for group in grouped])
    order = _order(table, strength, above[:, None], can_act)[:, :k]
    risk, without = risk_at(log_odds), risk_at(log_odds[:, None] - table)
    cells = {name: columns[name] for name in scorecard.features}

    def what_is_so(row: int, group: Family) -> str:
        return fact(scorecard, group, {name: cells[name][row] for name in group.features}, schema)

    return [
        tuple(
            Reason(
                grouped[j].features[0],
                float(table[row, j]),
                f"{what_is_so(row, grouped[j])}: {risk_text(risk[row])}, "
                f"{alternative(scorecard, grouped[j])} {risk_text(without[row, j])}",
            )
            for j in order[row]
            if strength[row, j] >= LEAST_STRENGTH
        )
        for row in range(len(table))
    ]


def _order(
    table: NDArray[np.float64],
    strength: NDArray[np.float64],
    above: NDArray[np.bool_],
    can_act: NDArray[np.bool_],
) -> NDArray[np.intp]:
    """Return each row's groups in the order of the reasons, those too weak for a reason last."""
    strong = strength >= LEAST_STRENGTH
    explains = ((table > 0) == above) & strong
    return np.lexsort((-strength, ~explains, ~(strong & can_act), ~strong), axis=1)


def effects(scorecard: Scorecard, columns: FeatureColumns, features: tuple[str, ...]) -> NDArray[np.float64]:
    """Return the log-odds (n,) of clients less those with the usual value in each of the features.

    >>> from risk_assets.domain.model.shapes import NumericShape
    >>> activity = NumericShape("activity", (0.0, 20.0), ((-4.0, 2.0),), missing=0.0, mean=0.0, usual=10.0)
    >>> effects(Scorecard(-1.0, 0.5, (activity,), ()), {"activity": np.array([5.0])}, ("activity",)).tolist()
    [1.0]
    """
    found = sum(scorecard.shape_value(name, columns[name]) - scorecard.shape(name).at_usual for name in features)
    for pair in scorecard.pairs:
        if set(pair.columns) & set(features):
            left, right = (columns[name] for name in pair.columns)
            found = found + pair(left, right) - _with_usual(pair, scorecard.usual, left, right, features)
    return np.asarray(found)


def _with_usual(
    pair: PairTable,
    usual: dict[str, Cell],
    left: NDArray[np.float64] | NDArray[np.object_],
    right: NDArray[np.float64] | NDArray[np.object_],
    features: tuple[str, ...],
) -> NDArray[np.float64] | float:
    first, second = pair.columns
    if first in features and second in features:
        return pair.at(usual[first], usual[second])
    if first in features:
        return np.asarray(pair.right.evaluate(right) @ pair.with_left(usual[first]))
    return np.asarray(pair.left.evaluate(left) @ pair.with_right(usual[second]))


def fact(scorecard: Scorecard, group: Family, cells: dict[str, object], schema: Columns = UNDESCRIBED) -> str:
    """Return what is so of a client, as text: the value of a feature, and of what it is made of.

    >>> from risk_assets.domain.model.shapes import NumericShape
    >>> shapes = [NumericShape(name, (0.0, 9.0), ((1.0,),), 0.0, 0.0, usual=1.5) for name in ("trend", "calls")]
    >>> card = Scorecard(0.0, 0.5, tuple(shapes), (), families=(Family(("trend",), ("calls",)),))
    >>> fact(card, card.families[0], {"trend": 0.25, "calls": 4.0})
    'trend is 0.25 (calls 4; usual: 1.50)'
    """
    return "".join(
        value_text(cells[piece[1]], schema.unit(piece[1])) if isinstance(piece, tuple) else piece
        for piece in template(scorecard, group, schema)
    )


def template(scorecard: Scorecard, group: Family, schema: Columns = UNDESCRIBED) -> list[str | tuple[str, str]]:
    """Return the pieces of a fact: texts, and ("value", feature) where a feature's value stands, with its unit.

    >>> template(Scorecard(0.0, 0.5, (), ()), Family((), ("calls",)))[:2]
    ['calls is ', ('value', 'calls')]
    """
    named = group.derived or group.parts
    pieces: list[str | tuple[str, str]] = []
    for place, name in enumerate(named):
        pieces += [f"{' and ' * (place > 0)}{schema.label(name)} is ", ("value", name)]
    usual = [scorecard.usual.get(name) for name in named]
    told = "" if None in usual else f"usual: {' and '.join(map(value_text, usual))}"
    parts: list[str | tuple[str, str]] = []
    for place, name in enumerate(group.parts if group.derived else ()):
        parts += [f"{', ' * (place > 0)}{schema.label(name)} ", ("value", name)]
    if not parts and not told:
        return pieces
    return [*pieces, " (", *parts, f"{'; ' * bool(parts and told)}{told})"]


def alternative(scorecard: Scorecard, group: Family) -> str:
    """Return with what the risk is compared, as text.

    >>> alternative(Scorecard(0.0, 0.5, (), ()), Family((), ("calls",)))
    'on average'
    """
    if any(scorecard.usual.get(name) is None for name in group.features):
        return "on average"
    return "with the usual values" if len(group.features) > 1 else "with the usual value"
