"""Files that are either the old one or the new one, never half of one."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path

STAGED = re.compile(r"\.staged-[0-9a-f]{16}\.[0-9.]+\.tmp")


@contextlib.contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Yield a staging path beside `target`; on success it is synced and takes the target's place.

    On any error the staging file is removed and `target` stays as it was.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    staged = target.with_name(_staged_name(target))
    try:
        yield staged
        sync(staged)
        staged.replace(target)
        sync(target.parent)
    finally:
        staged.unlink(missing_ok=True)


def sweep(folder: Path) -> None:
    """Remove what writers that were killed have left; whoever calls it is the only writer in the folder."""
    for path in folder.iterdir():
        if STAGED.fullmatch(path.name):
            path.unlink()


def write_bytes(target: Path, content: bytes) -> None:
    """Write a whole file atomically and durably."""
    with replacing(target) as staged:
        staged.write_bytes(content)


def write_text(target: Path, content: str) -> None:
    """Write a whole UTF-8 file atomically and durably."""
    write_bytes(target, content.encode())


def create_private(target: Path) -> None:
    """Make an empty file that its owner alone may read, unless there is one already."""
    if not target.exists():
        target.touch(mode=0o600)


def append_line(target: Path, line: str) -> None:
    """Append one line durably, in a single write; a torn last line of an earlier crash is closed first."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("ab+") as file:
        torn = b""
        if file.tell():
            file.seek(-1, os.SEEK_END)
            torn = b"" if file.read(1) == b"\n" else b"\n"
        file.write(torn + line.encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def _staged_name(target: Path) -> str:
    """Return a name of bounded length: that of the target may be as long as names can be."""
    digest = hashlib.sha256(os.fsencode(target.name)).hexdigest()[:16]
    return f".staged-{digest}.{os.getpid()}.{threading.get_native_id()}.tmp"


def sync(path: Path) -> None:
    """Flush a file or a folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
