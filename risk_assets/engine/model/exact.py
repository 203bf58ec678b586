"""Sums that no order of rows and no number of threads changes by a bit.

Each summand is rounded down to a whole number of small units, and whole numbers are added in 128 bits.
"""

from __future__ import annotations

from risk_assets.engine.model.scorecard_sql import number

#: For summands of at most 1: finer than a double near 1, and 10^19 rows do not fill 128 bits.
UNITS = 2.0**60


def exact_sum(expression: str, units: float = UNITS) -> str:
    """Return the sum of an expression of magnitude at most 2^62 / units, as a whole number of 1 / units."""
    return f"sum(CAST(CAST(floor({expression} * {number(units)}) AS BIGINT) AS HUGEINT))"
