"""What a file of leavings brings, in few figures: how many on each day, and of how many clients there are rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

#: Days are counted from it.
EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class LeavingsProfile:
    """Leavings of a file, those of them whose client has a row, and how many there are on each day.

    Days count from EPOCH; leavings that are ahead of their file are on none of `days`.

    >>> LeavingsProfile(6, 6, {10: 1, 12: 4, 90: 1}).period
    1.0
    """

    rows: int
    known: int
    days: Mapping[int, int] = field(default_factory=dict)

    @property
    def newest(self) -> int | None:
        """The last day with a leaving, None without any.

        >>> LeavingsProfile(2, 2, {10: 1, 12: 1}).newest
        12
        """
        return max(self.days, default=None)

    @property
    def unknown(self) -> float:
        """The share of leavings whose client has no row.

        >>> LeavingsProfile(10, 9).unknown
        0.1
        """
        return 1 - self.known / max(self.rows, 1)

    @property
    def period(self) -> float:
        """About how many days it covers: those of the middle half, twice. A few late ones do not stretch it."""
        return 2.0 * (self.at(0.75) - self.at(0.25)) + 1

    def at(self, share: float) -> int:
        """Return the day until which this share of its dated leavings is reached, 0 without any.

        >>> LeavingsProfile(4, 4, {10: 1, 12: 3}).at(0.25), LeavingsProfile(4, 4, {10: 1, 12: 3}).at(0.5)
        (10, 12)
        """
        wanted, reached = share * sum(self.days.values()), 0
        for day in sorted(self.days):
            reached += self.days[day]
            if reached >= wanted:
                return day
        return 0


def together(profiles: Sequence[LeavingsProfile]) -> LeavingsProfile:
    """Return the profile of all files together.

    >>> together([LeavingsProfile(2, 1, {10: 2}), LeavingsProfile(3, 3, {10: 1, 11: 2})])
    LeavingsProfile(rows=5, known=4, days={10: 3, 11: 2})
    """
    days: Counter[int] = Counter()
    for profile in profiles:
        days.update(profile.days)
    return LeavingsProfile(sum(one.rows for one in profiles), sum(one.known for one in profiles), dict(days))
