"""Names of columns that are perhaps others misspelt."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

#: Names whose letters agree to this share (difflib's ratio) may be one misspelt.
NEARLY = 0.8


def nearly_called(name: str, others: Sequence[str]) -> list[str]:
    """Return those of the other names that are perhaps this one misspelt.

    >>> nearly_called("exited", ["Exitted", "exited?", "region"])
    ['Exitted', 'exited?']
    """
    return [
        other
        for other in others
        if difflib.SequenceMatcher(None, _letters(name), _letters(other)).ratio() >= NEARLY
    ]


def _letters(name: str) -> str:
    return "".join(character for character in name.casefold() if character.isalnum())
