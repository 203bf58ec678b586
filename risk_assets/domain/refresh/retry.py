"""When a failed run is retried: exponential backoff from a minute to an hour."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)


@dataclass(frozen=True)
class FailedRuns:
    """Runs for one cause that failed in a row, and when the last of them ended (UTC)."""

    count: int
    last_at: datetime

    @property
    def next_try(self) -> datetime:
        """When the cause may be retried: 1, 2, 4, … minutes after the last failure, an hour at most.

        >>> FailedRuns(count=3, last_at=datetime(2026, 9, 1, 12, 0)).next_try
        datetime.datetime(2026, 9, 1, 12, 4)
        """
        doubled = FIRST_PAUSE * (1 << min(self.count - 1, 10))
        return self.last_at + min(doubled, LONGEST_PAUSE)
