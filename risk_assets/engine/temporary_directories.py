"""Folders that a process has to itself: they go when it ends, and when it was killed, with whoever comes next."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

#: For folders in a place that several machines may share: each clears away its own, and no name of a host has a _.
HOST = f"{socket.gethostname()}_"


@contextlib.contextmanager
def own_folder(parent: Path, prefix: str) -> Iterator[Path]:
    """Yield a new folder below `parent`, once those of the same prefix that nobody holds are gone.

    The kernel lets go of the hold when the process and those forked from it have ended, however they ended.
    """
    parent.mkdir(parents=True, exist_ok=True)
    for left in parent.glob(f"{prefix}*"):
        _remove_unheld(left)
    with contextlib.ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        stack.callback(os.close, hold(folder))
        yield folder


def hold(folder: Path) -> int:
    """Make the folder if it is not there, and hold it; return the descriptor that holds it until it is closed."""
    while True:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            fcntl.flock(held, fcntl.LOCK_SH)
            if os.fstat(held).st_nlink:  # nobody cleared it away between the two
                return held
            os.close(held)


def _remove_unheld(folder: Path) -> None:
    """Remove a folder of ours that nobody holds; what cannot be opened belongs to somebody else."""
    with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
        held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        stack.callback(os.close, held)
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder)
