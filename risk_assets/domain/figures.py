"""Numbers as people write them: few digits, thousands apart, and one kind of minus sign, which a keyboard has."""

from __future__ import annotations

import math

HUGE = 1e9
TINY = 1e-3
#: Decimals of a number from this size on; one that would be rounded to 1000.0 has none already.
DIGITS = ((999.95, 0), (100, 1), (1, 2), (0, 3))
NOTHING = "–"


def figure(value: float | None) -> str:
    """Return a number with about four significant digits; a dash for None and NaN.

    >>> figure(96410.2), figure(0.03126), figure(-7.0), figure(None)
    ('96,410', '0.031', '-7', '–')
    """
    if value is None or math.isnan(value):
        return NOTHING
    size = abs(value)
    if size >= HUGE or 0 < size < TINY:
        return f"{value:.3g}"
    return plain(value)


def plain(value: float) -> str:
    """Return a finite number with about four significant digits and never with an exponent.

    >>> plain(138192.98), plain(29.854), plain(1200.0), plain(0.00004)
    ('138,193', '29.85', '1,200', '0.000')
    """
    digits = 0 if value.is_integer() else next(digits for limit, digits in DIGITS if abs(value) >= limit)
    return f"{value:,.{digits}f}"


def rounded(value: float) -> float:
    """Return a number with four significant digits.

    >>> rounded(0.59134567891234), rounded(96413.7)
    (0.5913, 96410.0)
    """
    return float(f"{value:.4g}")
