"""A login_throttle on guessing keys: after a few wrong ones the next try has to wait, wherever it comes from."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

#: Wrong keys in a row before there is a wait, and its seconds, after each one from then on.
WRONG, SECONDS = 5, 10.0


class LoginThrottle:
    """Counts the wrong keys in a row that this process was named; `clock` returns seconds that only grow."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._wrong = 0
        self._free_at = -math.inf

    def seconds(self) -> int:
        """Return how long to wait before the next key is looked at, 0 for not at all."""
        return max(0, math.ceil(self._free_at - self._clock())) if self._wrong >= WRONG else 0

    def note(self, *, known: bool) -> None:
        """Count a key that was looked at."""
        with self._lock:
            self._wrong = 0 if known else self._wrong + 1
            if self._wrong >= WRONG:
                self._free_at = self._clock() + SECONDS
