"""Text in files that people open with a spreadsheet."""

from __future__ import annotations

#: A spreadsheet takes a cell that starts with one of these for a formula (OWASP, CSV injection).
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def harmless(text: str) -> str:
    """Return text with a ' in front where a spreadsheet would take it for a formula.

    >>> harmless("=1+1"), harmless("a=b")
    ("'=1+1", 'a=b')
    """
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
