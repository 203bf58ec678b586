"""How a file spells dates: one format for all of its dates, found where they allow one alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from risk_assets.domain.dates import DateFormat
from risk_assets.domain.intake.number_format import OVERWHELMING

#: Formats of days. Between points the day comes first, between slashes and hyphens either does.
DAYS = ("%d.%m.%Y", "%Y.%m.%d", "%Y/%m/%d", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y")
TIMES = ("", " %H:%M", " %H:%M:%S", "T%H:%M", "T%H:%M:%S")


def possible_formats(examples: Sequence[str]) -> tuple[DateFormat, ...]:
    """Return the formats, ISO 8601 apart, that any of the texts has the pattern of.

    >>> [form.text for form in possible_formats(["5/9/2026", "2026-09-01"])]
    ['%d/%m/%Y', '%m/%d/%Y']
    """
    formats = (DateFormat(day + time) for day in DAYS for time in TIMES)
    return tuple(form for form in formats if any(re.fullmatch(form.pattern, text) for text in examples))


@dataclass(frozen=True)
class Reads:
    """How many dates a format reads, and how many of them the format with day and month turned does not.

    >>> Reads(DateFormat("%d/%m/%Y"), 90, 50).alone
    50
    """

    format: DateFormat | None
    count: int
    alone: int


@dataclass(frozen=True)
class DateReading:
    """The format of a file's dates, None for ISO 8601 or the declared one, or why none can be found.

    >>> DateReading(DateFormat("%d.%m.%Y")).words, DateReading().words
    ('dates as %d.%m.%Y', '')
    """

    format: DateFormat | None = None
    fault: str | None = None

    @property
    def words(self) -> str:
        """The format in words, "" where it is ISO 8601."""
        return "" if self.format is None else f"dates as {self.format.text}"


def find_date_format(reads: Sequence[Reads], column: str, example: str) -> DateReading:
    """Return the format that reads the most dates; None stands for ISO 8601.

    Where the format with days and months turned reads them all as well, or some that this one does not and these
    are no rare mistake, there is a fault, in which `column` and `example` are named.

    >>> british, american = DateFormat("%d/%m/%Y"), DateFormat("%m/%d/%Y")
    >>> find_date_format([Reads(british, 90, 50), Reads(american, 40, 0)], "seen", "30/9/2026").format.text
    '%d/%m/%Y'
    >>> find_date_format([Reads(british, 90, 0), Reads(american, 90, 0)], "seen", "5/9/2026").fault
    'seen: dates such as "5/9/2026" may be %d/%m/%Y or %m/%d/%Y: say which with "date_format"'
    """
    best = max(reads, key=lambda each: (each.count, each.alone))
    if best.format is None:
        return DateReading()
    other = turned(best.format)
    rival = next((each for each in reads if each.format == other), Reads(other, 0, 0))
    if best.alone > OVERWHELMING * rival.alone:
        return DateReading(best.format)
    ask = f'may be {best.format.text} or {other.text}: say which with "date_format"'
    return DateReading(fault=f'{column}: dates such as "{example}" {ask}')


def turned(form: DateFormat) -> DateFormat:
    """Return the format with days and months the other way round.

    >>> turned(DateFormat("%d/%m/%Y %H:%M")).text
    '%m/%d/%Y %H:%M'
    """
    return DateFormat(form.text.translate(str.maketrans("dm", "md")))
