"""Looking again and again within one tick, so that what comes is noticed before the next one."""

import time
from collections.abc import Iterator

import dagster as dg

#: The daemon starts ticks every 5 s at best: two of these rounds less what a last look takes.
WATCHED_SECONDS = 9.0
SECONDS_BETWEEN_LOOKS = 0.5


def looks(instance: dg.DagsterInstance) -> Iterator[float]:
    """Yield the time (seconds, monotonic) of each look of a tick: one, or many where sensors have threads.

    Without threads of their own (`sensors: use_threads` in dagster.yaml) the other sensors would wait.
    """
    now = time.monotonic()
    end = now + WATCHED_SECONDS if instance.get_sensor_settings().get("use_threads") else now
    yield now
    while time.monotonic() + SECONDS_BETWEEN_LOOKS < end:
        time.sleep(SECONDS_BETWEEN_LOOKS)
        yield time.monotonic()
