"""A process that dies at a chosen step: from then on nothing it does reaches the disk."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

WRITES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.truncate", "shutil.copyfile"}


class Killed(BaseException):
    """The process ended here."""


@dataclass
class _Countdown:
    left: int | None = None


_countdown = _Countdown()


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    if _countdown.left is None:
        return
    opened_to_write = event == "open" and any(letter in str(arguments[1]) for letter in "wax+")
    if event not in WRITES and not opened_to_write:
        return
    if _countdown.left == 0:
        raise Killed
    _countdown.left -= 1


sys.addaudithook(_watch)


@contextlib.contextmanager
def dying_after(steps: int) -> Iterator[None]:
    """Let `steps` changes of the disk happen, and raise Killed at the next and at every later one."""
    _countdown.left = steps
    try:
        yield
    finally:
        _countdown.left = None


def deaths(act: Callable[[], object], restore: Callable[[], None]) -> Iterator[int]:
    """Do `act` again and again, each time dying one step later, until it gets through; yield after each death."""
    for step in range(1000):
        restore()
        try:
            with dying_after(step):
                act()
        except Killed:
            yield step
        else:
            return
    raise AssertionError("the act never ended")
