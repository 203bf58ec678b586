"""A limit on the time that requests may take to arrive."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

T = TypeVar("T")

#: The timer looks for what is late this often, in seconds, and four times within the limit at least.
TICK_SECONDS = 1.0


class Deadlines:
    """Ends what takes longer than `seconds`, up to a tick later.

    One timer looks after all of them; asyncio.timeout sets one for each, which is much of the work for a small
    request.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._tick = min(TICK_SECONDS, seconds / 4)
        self._ends: dict[asyncio.Task[Any], float] = {}
        self._is_ticking = False

    async def within(self, work: Awaitable[T]) -> T:
        """Return what this task's work gives. Raises TimeoutError, and ends the work, once it is late."""
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        assert task is not None
        self._ends[task] = loop.time() + self._seconds
        if not self._is_ticking:
            self._is_ticking = True
            loop.call_later(self._tick, self._end_late, loop)
        try:
            return await work
        except asyncio.CancelledError:
            if self._ends[task] or task.uncancel():  # somebody else ends the task
                raise
            raise TimeoutError from None
        finally:
            del self._ends[task]

    def _end_late(self, loop: asyncio.AbstractEventLoop) -> None:
        """Cancel each task that is late, once; look again as long as there are any."""
        now = loop.time()
        for task, end in self._ends.items():
            if 0 < end <= now:
                self._ends[task] = 0.0
                task.cancel()
        self._is_ticking = bool(self._ends)
        if self._is_ticking:
            loop.call_later(self._tick, self._end_late, loop)
