"""How far a source is read: a value of its cursor column, as text that comes back as the same value."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Literal

Value = int | float | Decimal | datetime | date | str
Kind = Literal["whole", "float", "decimal", "time", "date", "text"]
DAY = timedelta(days=1)
BEGINNING = datetime(1, 1, 1)  # noqa: DTZ001  # times are compared as they are written
MICROSECOND = timedelta(microseconds=1)
#: Texts of this form alone compare as their times do.
_FORM = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(.[0-9]{2}:[0-9]{2}.*)?")


class CursorError(ValueError):
    """A cursor column holds something that cannot be followed; the message says what."""


@dataclass(frozen=True)
class Position:
    """A cursor value: its kind, and its text in that kind's usual form (times in UTC when they have a zone)."""

    kind: Kind
    text: str

    @classmethod
    def of(cls, value: object) -> Position:
        """Return the position of a value. Raises CursorError unless it is a time, a date or a number."""
        if isinstance(value, datetime):
            return cls("time", (value.astimezone(UTC) if value.tzinfo else value).isoformat(sep=" "))
        if isinstance(value, date):
            return cls("date", value.isoformat())
        if isinstance(value, str):
            _time_of(value)
            if not _FORM.fullmatch(value):
                raise CursorError(f"{value[:40]!r} is not written as 2026-01-31 or 2026-01-31 12:30:00 are")
            return cls("text", value)
        if isinstance(value, int) and not isinstance(value, bool):
            return cls("whole", str(value))
        if isinstance(value, float | Decimal) and math.isfinite(value):
            return cls("float" if isinstance(value, float) else "decimal", str(value))
        raise CursorError(f"{value!r} is neither a time nor a date nor a number")

    @property
    def value(self) -> Value:
        """The value itself, fit to be compared by the database."""
        match self.kind:
            case "whole":
                return int(self.text)
            case "float":
                return float(self.text)
            case "decimal":
                return Decimal(self.text)
            case "time":
                return datetime.fromisoformat(self.text)
            case "date":
                return date.fromisoformat(self.text)
            case "text":
                return self.text

    @property
    def rank(self) -> Decimal:
        """What positions of one source are compared by: the number, or microseconds."""
        if self.is_number:
            return Decimal(self.text)
        return Decimal((_time_of(self.text) - BEGINNING) // MICROSECOND)

    @property
    def is_number(self) -> bool:
        """Whether it is a number, which tells nothing of time."""
        return self.kind in {"whole", "float", "decimal"}

    @property
    def has_zone(self) -> bool:
        """Whether it is a moment that any clock can be compared with."""
        return self.kind == "time" and datetime.fromisoformat(self.text).tzinfo is not None

    @property
    def span(self) -> timedelta:
        """For how long rows may be given this very value: a day for a date, as good as no time for a time."""
        return (
            DAY
            if self.kind == "date" or (self.kind == "text" and len(self.text) == len("2026-01-01"))
            else DAY * 0
        )

    def before(self, look_back: float) -> Position:
        """Return the position that lies `look_back` seconds earlier, or for a number so much lower."""
        if self.kind == "whole":
            return Position(self.kind, str(int(self.text) - math.ceil(look_back)))
        if self.is_number:
            return Position(self.kind, str(Decimal(self.text) - Decimal(str(look_back))))
        if self.kind == "time":
            return Position.of(datetime.fromisoformat(self.text) - timedelta(seconds=look_back))
        return self._at(_time_of(self.text) - timedelta(seconds=look_back))

    def at_most(self, now: datetime) -> Position:
        """Return this position, or `now` in its form when it is ahead of that; no zone is taken for UTC."""
        time = now.astimezone(UTC)
        if self.is_number or self.rank <= Position.of(time).rank:
            return self
        if self.kind == "time":
            return Position.of(time if self.has_zone else time.replace(tzinfo=None))
        return self._at(time)

    def _at(self, time: datetime) -> Position:
        """Return a time in the form of this date or text."""
        if self.span:
            return Position(self.kind, time.date().isoformat())
        # The beginning of the second (minute) sorts before every text of it, whatever follows: .5, Z or +00:00.
        clock = "%H:%M:%S" if self.text[16:17] == ":" else "%H:%M"
        return Position("text", f"{time.date().isoformat()}{self.text[10]}{time:{clock}}")


def position_of(value: object, *, is_decimal: bool) -> Position:
    """Return the position of a value; `is_decimal` when the database gave a decimal number as text."""
    return Position.of(Decimal(str(value)) if is_decimal else value)


def latest(first: Position | None, second: Position | None) -> Position | None:
    """Return the later of two positions."""
    if first is None or second is None:
        return first or second
    return first if first.rank >= second.rank else second


def _time_of(text: str) -> datetime:
    """Return a text's time as it is written: the database compares texts, and its zone is not looked at."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError as error:
        raise CursorError(f"{text[:40]!r} is neither a time nor a date nor a number") from error
