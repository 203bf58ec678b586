"""When the digest of the call list is sent: on days of the week, at an hour in UTC."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
FORM = re.compile(r"(daily|[a-z]{3}(?:,[a-z]{3})*) ([01]\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True)
class DigestTimes:
    """Days of the week (0 is Monday) and a time in UTC."""

    days: tuple[int, ...]
    hour: int
    minute: int

    @classmethod
    def parse(cls, text: str) -> DigestTimes:
        """Read "mon 07:30", "mon,thu 07:30" or "daily 07:30". Raises ValueError.

        >>> DigestTimes.parse("mon,thu 07:30")
        DigestTimes(days=(0, 3), hour=7, minute=30)
        """
        found = FORM.fullmatch(text.strip().lower())
        names = DAYS if found and found[1] == "daily" else tuple(found[1].split(",")) if found else ()
        if not found or not set(names) <= set(DAYS):
            raise ValueError(f"{text!r} is no time of a digest, such as 'mon 07:30' or 'daily 07:30'")
        return cls(tuple(sorted({DAYS.index(name) for name in names})), int(found[2]), int(found[3]))

    @property
    def cron(self) -> str:
        """The same as a cron expression.

        >>> DigestTimes.parse("sun,mon 07:30").cron
        '30 7 * * 1,0'
        """
        return f"{self.minute} {self.hour} * * {','.join(str((day + 1) % 7) for day in self.days)}"

    def period(self, now: datetime) -> str:
        """Return the day (ISO 8601) on which the digest was due last.

        >>> DigestTimes.parse("mon 07:30").period(datetime(2026, 11, 30, 7, 29, tzinfo=UTC))
        '2026-11-23'
        """
        day = now.astimezone(UTC)
        for _ in range(8):
            due = day.replace(hour=self.hour, minute=self.minute, second=0, microsecond=0)
            if due.weekday() in self.days and due <= now:
                return due.date().isoformat()
            day -= timedelta(days=1)
        raise AssertionError("every week has each of its days")
