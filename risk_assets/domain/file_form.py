"""How files spell numbers, and how they are written as far as it is declared."""

from __future__ import annotations

import re
from dataclasses import dataclass

#: Signs that may stand before or after a number, and are no part of it.
CURRENCIES = ("€", "$", "£", "¥", "EUR", "USD", "GBP", "CHF", "JPY")
PER_CENT = "%"
SIGNS = (*CURRENCIES, PER_CENT)
#: The groups of a format's pattern.
SIGN, NUMBER = 1, 2
#: What some programs write in place of a hyphen.
MINUS = "\u2212"
#: Blanks that may group digits, or stand between a number and its sign: space, no-break and narrow no-break space.
BLANK_MARKS = (" ", "\xa0", "\u202f")
#: What may group digits, each with the characters that count as it.
THOUSANDS = {",": (",",), ".": (".",), "'": ("'", "\u2019"), " ": BLANK_MARKS, "": ()}
#: In columns of numbers and dates these mean that nothing is known, whatever the case of their letters.
MISSING = ("null", "nan", "n/a", "na", "none", "-")


@dataclass(frozen=True)
class NumberFormat:
    """Separators of a number; `signs` says that currency and per cent signs are taken off.

    >>> NumberFormat(",", ".", signs=True).reads("-1.355,90"), NumberFormat(",", ".").reads("9.99")
    (True, False)
    >>> NumberFormat().reads("1.5e3"), NumberFormat().reads("1,234")
    (True, False)
    """

    decimal: str = "."
    thousands: str = ""
    signs: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether numbers are spelled as programs spell them: 1234.5.

        >>> NumberFormat().is_plain, NumberFormat(",").is_plain
        (True, False)
        """
        return self == NumberFormat()

    @property
    def pattern(self) -> str:
        """A regular expression of a cell: the group SIGN is what stands before a currency, NUMBER is the rest.

        Digits are grouped by three, or not at all.

        >>> NumberFormat().pattern
        '^()([+-]?(?:[0-9]+(?:[.][0-9]*)?|[.][0-9]+)(?:[eE][+-]?[0-9]+)?)$'
        """
        whole = "[0-9]+"
        if self.thousands:
            whole = f"(?:[0-9]{{1,3}}(?:[{''.join(THOUSANDS[self.thousands])}][0-9]{{3}})+|[0-9]+)"
        fraction = f"[{self.decimal}][0-9]"
        number = f"([+-]?(?:{whole}(?:{fraction}*)?|{fraction}+)(?:[eE][+-]?[0-9]+)?)"
        if not self.signs:
            return f"^(){number}$"
        blanks, sign = (
            f"[{''.join(BLANK_MARKS)}]*",
            "|".join(f"[{sign}]" if len(sign) == 1 else sign for sign in SIGNS),
        )
        return f"^([+-]?)(?:{sign})?{blanks}{number}{blanks}(?:{sign})?$"

    def plain(self, text: str) -> str | None:
        """Return a number of this format as programs spell it, None for any other text.

        >>> NumberFormat(",", ".").plain("2.155,5"), NumberFormat(signs=True).plain("-$5")
        ('2155.5', '-5')
        """
        found = re.match(self.pattern, text.replace(MINUS, "-"))
        if found is None:
            return None
        number = found[SIGN] + found[NUMBER]
        for mark in THOUSANDS[self.thousands]:
            number = number.replace(mark, "")
        return number.replace(self.decimal, ".")

    def reads(self, text: str) -> bool:
        """Return whether a text without blanks around it is a number of this format."""
        return self.plain(text) is not None

    @property
    def words(self) -> str:
        """The format in words, "" where it is plain.

        >>> NumberFormat(",", ".").words
        'decimal comma, points between thousands'
        """
        groups = {",": "commas", ".": "points", "'": "apostrophes", " ": "spaces"}
        said = ["decimal comma"] * (self.decimal == ",")
        if self.thousands:
            said.append(f"{groups[self.thousands]} between thousands")
        return ", ".join(said)


@dataclass(frozen=True)
class FileForm:
    """Separators of numbers and of fields, encoding, sheet, words for missing values, and how quotes are read.

    With `lenient_quotes` a quote inside of a field that does not begin with one is a character like any other.

    >>> FileForm(missing=("Unknown",)).missing_numbers
    ('null', 'nan', 'n/a', 'na', 'none', '-', 'unknown')
    """

    decimal: str | None = None
    thousands: str | None = None
    delimiter: str | None = None
    encoding: str | None = None
    sheet: str | None = None
    missing: tuple[str, ...] = ()
    lenient_quotes: bool = False

    @property
    def missing_texts(self) -> tuple[str, ...]:
        """The words for a missing text, in lower case.

        >>> FileForm(missing=("Unknown",)).missing_texts
        ('unknown',)
        """
        return tuple(word.strip().lower() for word in self.missing)

    @property
    def missing_numbers(self) -> tuple[str, ...]:
        """The words for a missing number or date, in lower case."""
        return tuple(dict.fromkeys((*MISSING, *self.missing_texts)))
