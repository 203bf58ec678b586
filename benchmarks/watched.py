"""A command in a process of its own, with its time and the peak memory of its whole process tree."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

EVERY = 0.05  # seconds between looks at /proc
PAGE_SIZE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Watched:
    """What a command took: wall-clock seconds, CPU seconds of the tree, and the peak of its resident memory in GB.

    Resident memory is summed over the processes of the tree, so pages they share count more than once.
    """

    seconds: float
    cpu_seconds: float
    gigabytes: float
    output: str


def watch(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Watched:
    """Run a command to its end. Raises RuntimeError with the end of its output when it fails."""
    started, used = time.perf_counter(), os.times()
    process = subprocess.Popen(
        command,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    peaks, done = [0], threading.Event()
    looking = threading.Thread(target=_look, args=(process.pid, peaks, done), daemon=True)
    looking.start()
    output, _ = process.communicate()
    done.set()
    looking.join()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{output[-4000:]}")
    ended = os.times()
    cpu = ended.children_user + ended.children_system - used.children_user - used.children_system
    return Watched(time.perf_counter() - started, cpu, max(peaks) / 1e9, output)


def _look(root: int, peaks: list[int], done: threading.Event) -> None:
    while not done.wait(EVERY):
        peaks[0] = max(peaks[0], sum(map(_resident, _tree(root))))


def _tree(root: int) -> list[int]:
    """Return a process and all that descend from it."""
    found, waiting = [], [root]
    while waiting:
        found.append(waiting.pop())
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{found[-1]}/task").iterdir():
                waiting.extend(map(int, (task / "children").read_text().split()))
    return found


def _resident(process: int) -> int:
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * PAGE_SIZE
    return 0
