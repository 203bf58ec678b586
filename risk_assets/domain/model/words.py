"""Risks, factors of the odds and cells as people read them; engine.model.words_sql writes the same in SQL."""

from __future__ import annotations

import math

import numpy as np

from risk_assets.domain.figures import plain

#: What stands for a value that is not known.
MISSING = "missing"
#: Other numbers are written with an exponent.
LEAST_PLAIN, LARGEST_PLAIN = 1e-3, 1e15
#: Risks nearer to 0 or 1 are not told apart; below the second and the third one they have two decimals, and one.
LEAST_RISK, TWO_DECIMALS, ONE_DECIMAL = 0.001, 0.01, 0.1
#: Factors beyond this are not worth a figure.
LARGEST_FACTOR = 1000.0
#: From here on factors are given without decimals.
LEAST_WHOLE_FACTOR = 10.0


def risk_text(risk: float) -> str:
    """Return a risk in per cent, to two digits or more, and to two beyond 90 and 99 %.

    >>> risk_text(0.414), risk_text(0.0312), risk_text(0.00314), risk_text(0.9912), risk_text(0.0001)
    ('41 %', '3.1 %', '0.31 %', '99.12 %', 'under 0.1 %')
    """
    if risk < LEAST_RISK:
        return f"under {100 * LEAST_RISK:.1f} %"
    if risk > 1 - LEAST_RISK:
        return f"over {100 * (1 - LEAST_RISK):.1f} %"
    nearest = min(risk, 1 - risk)
    if nearest < TWO_DECIMALS:
        return f"{100 * risk:.2f} %"
    return f"{100 * risk:.1f} %" if nearest < ONE_DECIMAL else f"{100 * risk:.0f} %"


def contribution_text(feature: str, value: object, contribution: float, unit: str | None = None) -> str:
    """Return what a feature's value does to the odds against the average client, as text.

    >>> contribution_text("activity", 3.0, 1.4)
    'activity is 3: odds × 4.1'
    """
    return f"{feature} is {value_text(value, unit)}: {odds_text(contribution)}"


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


def value_text(value: object, unit: str | None = None) -> str:
    """Return a cell as people write it, a known one with its unit.

    >>> value_text(138192.98), value_text(29.854, "months"), value_text(1e20), value_text("north")
    ('138,193', '29.85 months', '1.00e+20', 'north')
    >>> value_text(None, "months")
    'missing'
    """
    if value is None or (isinstance(value, float | np.floating) and math.isnan(value)):
        return MISSING
    text = _number_text(float(value)) if isinstance(value, int | float | np.number) else str(value)
    return f"{text} {unit}" if unit else text


def _number_text(number: float) -> str:
    if number == 0:
        return "0"
    return plain(number) if LEAST_PLAIN <= abs(number) < LARGEST_PLAIN else f"{number:.2e}"
