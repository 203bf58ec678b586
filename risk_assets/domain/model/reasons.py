"""Why a client has its risk, in words: what each feature does to the odds of leaving.

A feature's contribution is its log-odds against the average client, so exp(contribution) is the factor by which it
multiplies the odds. The shapes add up to the model, so these reasons are exact, not an approximation of it.

What explains the risk comes first: for a client above the average (its contributions add up to 0 or more) what
raises the odds, for one below it what lowers them. What speaks against that follows, up to the number of reasons.
engine.model.scorecard_sql computes the same text in SQL.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from risk_assets.domain.model.scorecard import Scorecard

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from risk_assets.domain.model.scorecard import FeatureColumns

#: A weaker contribution would round to "odds times 1.0", which is no reason.
LEAST_STRENGTH = 0.05
#: Stronger contributions count as equal: either makes the risk 0 or 1.
MOST_STRENGTH = 1e6
#: What is said of a client that no feature sets apart.
NO_REASON = "no single strong reason"
#: Factors beyond this are not worth a figure.
LARGEST_FACTOR = 1000.0
#: From here on factors are given without decimals.
LEAST_WHOLE_FACTOR = 10.0
#: Strengths and their sum are compared to this many decimals, so that numpy and SQL order equal ones alike.
STRENGTH_DECIMALS = 6
#: Other numbers are written with an exponent.
LEAST_PLAIN, LARGEST_PLAIN = 0.01, 1e15


@dataclass(frozen=True)
class Reason:
    """What one feature contributes: log-odds against the average client, and the text that people read."""

    feature: str
    contribution: float
    text: str


def reasons(scorecard: Scorecard, columns: FeatureColumns, k: int = 3) -> list[tuple[Reason, ...]]:
    """Return for each client up to `k` reasons: those for its risk, then those against it, each strongest first.

    Equally strong ones are in feature order.

    >>> from risk_assets.domain.model.scorecard import NumericShape
    >>> activity = NumericShape("activity", (0.0, 20.0), ((-4.0, 2.0),), missing=0.0, mean=0.0)
    >>> card = Scorecard(-1.0, 0.5, (activity,), ())
    >>> [[reason.text for reason in client] for client in reasons(card, {"activity": np.array([3.0, 10.0])})]
    [['activity is 3: odds × 4.1'], []]
    """
    table = scorecard.contributions(columns)
    strength = np.minimum(np.abs(table), MOST_STRENGTH).round(STRENGTH_DECIMALS)
    order = _order(table, strength)[:, :k]
    cells = [columns[name] for name in scorecard.features]
    return [
        tuple(
            _reason(scorecard.features[j], cells[j][row], float(table[row, j]))
            for j in order[row]
            if strength[row, j] >= LEAST_STRENGTH
        )
        for row in range(len(table))
    ]


def _order(table: NDArray[np.float64], strength: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return each row's features in the order of the reasons, those too weak for a reason last."""
    above = np.round(table.sum(axis=1, keepdims=True), STRENGTH_DECIMALS) >= 0
    explains = ((table > 0) == above) & (strength >= LEAST_STRENGTH)
    return np.lexsort((-strength, ~explains), axis=1)


def _reason(feature: str, value: object, contribution: float) -> Reason:
    return Reason(feature, contribution, reason_text(feature, value, contribution))


def reason_text(feature: str, value: object, contribution: float) -> str:
    """Return what a feature's value does to the odds, as text.

    >>> reason_text("activity", 3.0, 1.4)
    'activity is 3: odds × 4.1'
    """
    return f"{feature} is {value_text(value)}: {odds_text(contribution)}"


def odds_text(contribution: float) -> str:
    """Return a contribution in log-odds as a factor of the odds, as text.

    >>> odds_text(1.25), odds_text(-2.5), odds_text(9.0)
    ('odds × 3.5', 'odds ÷ 12', 'odds × over 1000')
    """
    sign = "×" if contribution > 0 else "÷"
    factor = math.exp(min(abs(contribution), math.log(LARGEST_FACTOR)))
    if abs(contribution) >= math.log(LARGEST_FACTOR):
        return f"odds {sign} over {LARGEST_FACTOR:.0f}"
    return f"odds {sign} {factor:.0f}" if factor >= LEAST_WHOLE_FACTOR else f"odds {sign} {factor:.1f}"


def value_text(value: object) -> str:
    """Return a cell as people write it.

    >>> value_text(3.0), value_text(29.854), value_text(1e20), value_text("north"), value_text(None)
    ('3', '29.85', '1.00e+20', 'north', 'missing')
    """
    if value is None:
        return "missing"
    if isinstance(value, int | float | np.number):
        return _number_text(float(value))
    return str(value)


def _number_text(number: float) -> str:
    if math.isnan(number):
        return "missing"
    if number == 0:
        return "0"
    if LEAST_PLAIN <= abs(number) < LARGEST_PLAIN:
        return f"{number:.0f}" if number.is_integer() else f"{number:.2f}"
    return f"{number:.2e}"
