"""One writer at a time per folder, across processes."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

WAIT_SECONDS = 60.0


class LockedError(RuntimeError):
    """Another process has been writing for longer than one waits; the message says which."""


@contextlib.contextmanager
def writing(folder: Path, what: str, *, wait: float = WAIT_SECONDS) -> Iterator[None]:
    """Hold the folder's lock while `what` is done; a process that dies lets go of it.

    Raises LockedError, naming the holder, after `wait` seconds behind another writer.
    """
    from filelock import FileLock, Timeout

    folder.mkdir(parents=True, exist_ok=True)
    holder = folder / ".writer"
    lock = FileLock(folder / ".lock", timeout=wait)
    try:
        lock.acquire()
    except Timeout as error:
        raise LockedError(f"{folder} is being written by {_read(holder)}; try again when it is done") from error
    try:
        holder.write_text(f"{what} (process {os.getpid()})", encoding="utf-8")
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _read(holder: Path) -> str:
    try:
        return holder.read_text(encoding="utf-8")
    except FileNotFoundError:
        return "another process"
