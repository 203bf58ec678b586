"""Dates as files spell them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

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

#: ISO 8601 as files spell it: a day, or a day with a time; its groups are the day, the time and the zone.
CLOCK = "[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?"
ZONE = "(Z|[+-][0-9]{2}(:?[0-9]{2})?)"
DATE_TIME = f"^([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})[T ]({CLOCK}) ?{ZONE}?$"
ON, AT, WITH_ZONE = 1, 2, 5
DAY = 10  # characters of 2026-09-01
MICROSECONDS = 86_400e6  # of a day


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


def time_of(text: str, dates: DateFormat | None = None) -> datetime | None:
    """Return the time that a trimmed text spells, in UTC where it names a zone, and None for any other text.

    Without a format it is ISO 8601. engine.intake.date_sql reads the same texts in SQL.

    >>> time_of("2026-09-01"), time_of("2026-09-01T00:30+02:00")
    (datetime.datetime(2026, 9, 1, 0, 0), datetime.datetime(2026, 8, 31, 22, 30))
    >>> time_of("1.9.2026", DateFormat("%d.%m.%Y")), time_of("1.9.2026")
    (datetime.datetime(2026, 9, 1, 0, 0), None)
    """
    try:
        return _iso_time(text) if dates is None else _formatted_time(text, dates)
    except (ValueError, OverflowError):
        return None


def _iso_time(text: str) -> datetime | None:
    found = re.fullmatch(DATE_TIME, text if len(text) > DAY else f"{text} 00:00")
    if found is None:
        return None
    local = datetime.fromisoformat(f"{found[ON]} {found[AT]}")
    zone = (found[WITH_ZONE] or "Z").replace(":", "")
    if zone == "Z":
        return local
    ahead = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:5] or 0))
    return local + ahead if zone[0] == "-" else local - ahead


def _formatted_time(text: str, dates: DateFormat) -> datetime | None:
    found = re.fullmatch(dates.pattern, text)
    if found is None:
        return None
    numbers = {name: int(found[place]) for name, place in dates.places.items()}
    year, month, day, hour, minute, second = (numbers.get(name, 0) for name in DATE + TIME)
    return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001  # as files have them


def _spelled(text: str) -> str:
    return "".join(f"[{character}]" for character in text)


def days_since_1970(times: NDArray[np.datetime64]) -> NDArray[np.float64]:
    """Return times (n,) as days, with their part of a day.

    >>> import numpy as np
    >>> days_since_1970(np.array(["1970-01-02T12", "2026-03-01"], dtype="datetime64[us]")).tolist()
    [1.5, 20513.0]
    """
    import numpy as np

    return np.asarray(times).astype("datetime64[us]").astype(np.float64) / MICROSECONDS
