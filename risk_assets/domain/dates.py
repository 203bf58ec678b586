"""Dates as files spell them."""

from __future__ import annotations

import re
from dataclasses import dataclass

#: What a format may name, each once, and the digits of it; the year has to come with month and day.
DIGITS = {
    "Y": "[0-9]{4}",
    "m": "[0-9]{1,2}",
    "d": "[0-9]{1,2}",
    "H": "[0-9]{1,2}",
    "M": "[0-9]{2}",
    "S": "[0-9]{2}",
}
DATE, TIME = "Ymd", "HMS"
DIRECTIVE = re.compile(r"%(.)")
#: What may stand between them.
SEPARATORS = " .,/:-T"


@dataclass(frozen=True)
class DateFormat:
    """A format of strptime made of %Y %m %d %H %M %S, such as "%d.%m.%Y". Raises ValueError for any other.

    >>> DateFormat("%d.%m.%Y").pattern
    '([0-9]{1,2})[.]([0-9]{1,2})[.]([0-9]{4})'
    >>> DateFormat("%d.%m.%Y").places
    {'d': 1, 'm': 2, 'Y': 3}
    """

    text: str

    def __post_init__(self) -> None:
        """Refuse what names no date, or more than a date and a time."""
        named = DIRECTIVE.findall(self.text)
        if strange := DIRECTIVE.sub("", self.text).strip(SEPARATORS):
            raise ValueError(f"{self.text!r}: {strange!r} is neither a directive nor one of {SEPARATORS!r}")
        others = [name for name in named if name not in DIGITS]
        if others:
            raise ValueError(f"{self.text!r}: %{others[0]} is none of %Y %m %d %H %M %S")
        if len(named) != len(set(named)) or not set(DATE) <= set(named):
            raise ValueError(f"{self.text!r} must name each of %Y %m %d once, and no other twice")
        if "".join(name for name in TIME if name in named) != TIME[: len(set(named) & set(TIME))]:
            raise ValueError(f"{self.text!r}: a time begins with %H, then %M, then %S")

    @property
    def pattern(self) -> str:
        """A regular expression of the whole text, with a group of digits for each directive."""
        pieces = DIRECTIVE.split(self.text)
        return "".join(
            f"({DIGITS[piece]})" if place % 2 else _spelled(piece) for place, piece in enumerate(pieces)
        )

    @property
    def places(self) -> dict[str, int]:
        """The number of the group of each directive, from 1."""
        return {name: place for place, name in enumerate(DIRECTIVE.findall(self.text), start=1)}


def _spelled(text: str) -> str:
    return "".join(f"[{character}]" for character in text)
