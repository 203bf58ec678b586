"""The prediction log: what was served goes to disk off the request path, bounded in memory and on disk."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from itertools import groupby

from risk_assets.serve.background import Background
from risk_assets.serve.metrics import LOG_DROPPED
from risk_assets.settings import Settings
from risk_assets.storage.drift.predictions import Cell, Served, append_served, prune_served
from risk_assets.storage.layout import Layout

#: Clients that may wait to be written.
CAPACITY = 500_000
DAY, HOUR = 86_400, 3600
PREDICTION_LOG = "prediction log"


class PredictionLog:
    """Keeps what this worker served, unless settings turn it off; what does not fit is dropped and counted.

    `clock` returns seconds since 1970.
    """

    def __init__(self, settings: Settings, layout: Layout, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._write_batch: Callable[[Sequence[Served]], None] = PredictionWriter(settings, layout, clock).write
        self._queue: Background[Served] | None = None
        if settings.prediction_log:
            self._queue = Background(self._write, capacity=CAPACITY, name=PREDICTION_LOG)

    def write_with(self, write: Callable[[Sequence[Served]], None]) -> None:
        """Have batches written by another function from now on."""
        self._write_batch = write

    def add(self, version: str, columns: Mapping[str, Sequence[Cell]], risk: Sequence[float]) -> None:
        """Keep the clients of one request."""
        if self._queue is not None and not self._queue.put(
            Served(self._clock(), version, columns, risk), len(risk)
        ):
            LOG_DROPPED.inc(len(risk))

    def flush(self) -> None:
        """Write what waits, now."""
        if self._queue is not None:
            self._queue.flush()

    def close(self) -> None:
        """Write what waits, and stop."""
        if self._queue is not None:
            self._queue.close()

    def _write(self, served: Sequence[Served]) -> None:
        self._write_batch(served)


class PredictionWriter:
    """Writes what was served to the files of its process, and deletes those that are too old."""

    def __init__(self, settings: Settings, layout: Layout, clock: Callable[[], float]) -> None:
        self._settings = settings
        self._layout = layout
        self._clock = clock
        self._pruned_on: date | None = None
        self._hour: tuple[date, int] | None = None
        self._number = 0

    def write(self, served: Sequence[Served]) -> None:
        """Append a batch; clients beyond what a day may hold are counted as dropped."""
        today = datetime.fromtimestamp(self._clock(), UTC).date()
        if today != self._pruned_on:
            prune_served(self._layout, today=today, days=self._settings.prediction_log_days)
            self._pruned_on = today
        left_out = append_served(
            self._layout, merged(served), worker=self._worker(today), max_bytes=self._settings.prediction_log_bytes
        )
        if left_out:
            LOG_DROPPED.inc(left_out)

    def _worker(self, today: date) -> int:
        """Return the number in the name of this process's file; in a bucket it is like no other machine's.

        There files are uploaded again as they grow, so a new one is begun every hour.
        """
        if self._layout.url_of(self._layout.predictions) is None:
            return os.getpid()
        hour = today, int(self._clock() // HOUR)
        if hour != self._hour:
            self._hour, self._number = hour, secrets.randbits(53)
        return self._number


def merged(served: Sequence[Served]) -> list[Served]:
    """Join what follows each other from the same version and day; the time is that of the first.

    A batch is a twentieth of a second, and lines of many clients cost a tenth of a line for each.
    """
    found: list[Served] = []
    for (version, names, _), batch in groupby(
        served, lambda one: (one.version, tuple(one.columns), one.at // DAY)
    ):
        group = list(batch)
        columns = {name: [cell for one in group for cell in one.columns[name]] for name in names}
        found.append(Served(group[0].at, version, columns, [risk for one in group for risk in one.risk]))
    return found
