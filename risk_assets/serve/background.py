"""Work off the request path: a bounded queue that a thread empties in batches."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")

logger = logging.getLogger(__name__)

SECONDS_BETWEEN_BATCHES = 0.05


class Background(Generic[T]):
    """Hands what is put in to `sink` in batches, up to twenty times a second, and what is left on `close`.

    At most `capacity` (summed weights) waits; what comes on top is dropped, and `put` says so. A batch whose sink
    raises OSError is given up with a line in the log: a full disk must not stop the server.
    """

    def __init__(self, sink: Callable[[Sequence[T]], None], *, capacity: int, name: str) -> None:
        self._sink = sink
        self._capacity = capacity
        self._waiting: deque[tuple[T, int]] = deque()
        self._weight = 0
        self._adding = threading.Lock()
        self._draining = threading.Lock()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def put(self, item: T, weight: int = 1) -> bool:
        """Add an item; False when there was no room for it."""
        with self._adding:
            if self._weight + weight > self._capacity:
                return False
            self._weight += weight
            self._waiting.append((item, weight))
        return True

    def flush(self) -> None:
        """Hand over everything that waits, now and in this thread."""
        with self._draining:
            with self._adding:
                items = [item for item, _ in self._waiting]
                self._waiting.clear()
                self._weight = 0
            if items:
                self._hand_over(items)

    def close(self) -> None:
        """Stop the thread, and hand over what is left."""
        self._closed.set()
        self._thread.join()
        self.flush()

    def _hand_over(self, items: Sequence[T]) -> None:
        try:
            self._sink(items)
        except OSError:
            logger.exception("%s: %d entries are lost", self._thread.name, len(items))

    def _run(self) -> None:
        while not self._closed.wait(SECONDS_BETWEEN_BATCHES):
            self.flush()
