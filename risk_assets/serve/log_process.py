"""Logs are written in a process of their own: while it makes lines, the worker is free for requests."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import stat
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any, Generic, TypeVar

T = TypeVar("T")
#: The process gives way to the worker: nobody waits for a log.
NICE = 5
STANDARD_ERROR = 2

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sink(Generic[T]):
    """What writes batches of entries; `kind` makes an entry of a tuple."""

    name: str
    kind: Callable[..., T]
    write: Callable[[Sequence[T]], None]


class LogProcess:
    """A process that writes batches for this one, and ends after it, however it ends.

    A batch that was sent is written even if this process is killed. It is forked, so start it before any thread.
    """

    def __init__(self, *sinks: Sink[Any], begin: Callable[[], None]) -> None:
        pipes = [Pipe() for _ in sinks]
        self._pid = os.fork()
        if self._pid == 0:
            _work(sinks, [theirs for _, theirs in pipes], begin)
        for _, theirs in pipes:
            theirs.close()
        self._sinks = {sink.name: _Remote(sink, ours) for sink, (ours, _) in zip(sinks, pipes, strict=True)}

    def writer(self, name: str) -> Callable[[Sequence[Any]], None]:
        """Return the function that has a batch written, and returns once it is; it raises OSError if it is not."""
        return self._sinks[name].write

    def close(self) -> None:
        """End the process; everything that was handed to it is written by now."""
        for sink in self._sinks.values():
            sink.close()
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self._pid, 0)


class _Remote:
    """The end that sends; once the other has died it writes by itself."""

    def __init__(self, sink: Sink[Any], connection: Connection) -> None:
        self._sink = sink
        self._connection = connection

    def write(self, entries: Sequence[tuple[Any, ...]]) -> None:
        if not self._connection.closed:
            try:
                self._connection.send(list(map(tuple, entries)))
                fault = self._connection.recv()
            except (EOFError, OSError):
                logger.exception("%s: the process that writes it has died; the worker writes on", self._sink.name)
                self.close()
            else:
                if fault:
                    raise OSError(fault)
                return
        self._sink.write(entries)

    def close(self) -> None:
        self._connection.close()


def _work(sinks: Sequence[Sink[Any]], connections: Sequence[Connection], begin: Callable[[], None]) -> None:
    """Be the process that writes. Signals to the group end the worker alone, and then the connections break."""
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        _close_connections({connection.fileno() for connection in connections})
        os.nice(NICE)
        begin()
        threads = [threading.Thread(target=_answer, args=each) for each in zip(sinks, connections, strict=True)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    except Exception:
        logger.exception("the process that writes logs could not start")
    finally:
        os._exit(0)


def _close_connections(kept: set[int]) -> None:
    """Close the sockets and pipes of the worker: once it has ended, its port is free and its parent sees it."""
    for descriptor in map(int, os.listdir("/proc/self/fd")):  # noqa: PTH208  # numbers, not paths
        with contextlib.suppress(OSError):  # that of the listing itself is closed by now
            mode = os.fstat(descriptor).st_mode
            is_connection = stat.S_ISSOCK(mode) or stat.S_ISFIFO(mode)
            if is_connection and descriptor > STANDARD_ERROR and descriptor not in kept:
                os.close(descriptor)


def _answer(sink: Sink[Any], connection: Connection) -> None:
    """Write each batch and say what went wrong, until the worker ends."""
    with contextlib.suppress(EOFError, OSError):
        while True:
            entries = [sink.kind(*fields) for fields in connection.recv()]
            try:
                sink.write(entries)
            except Exception as error:  # noqa: BLE001  # whatever it is, it must be told where it is waited for
                connection.send(f"{type(error).__name__}: {error}")
            else:
                connection.send("")
