"""Files that a request may name: regular ones below one folder, reached without any link."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from risk_assets.serve.http.replies import RequestError, shown

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
MAX_PATH = 1000


def read_below(root: Path, path: str, *, max_bytes: int) -> bytes:
    """Return the content of a CSV file whose path is given relative to `root`.

    Every step is opened from the folder before it and never through a link, so no time passes between a check and
    its use. Raises RequestError: 403 for a path that leads elsewhere or to no regular file, 404 where none is, 413
    for a large one.
    """
    steps = _steps(path)
    try:
        folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for step in steps[:-1]:
                folder = _exchange(folder, os.open(step, FOLDER, dir_fd=folder))
            file = os.open(steps[-1], FILE, dir_fd=folder)
        finally:
            os.close(folder)
    except FileNotFoundError as error:
        raise RequestError(404, f"filepath: there is no file {shown(path)} below the data root") from error
    except OSError as error:  # a link (ELOOP), a file where a folder should be, no permission
        raise RequestError(403, f"filepath: {shown(path)} may not be read: {error.strerror}") from error
    return _content(file, path, max_bytes)


def _steps(path: str) -> list[str]:
    steps = path.split("/")
    plain = all(step and not step.startswith(".") and step.isprintable() and "\\" not in step for step in steps)
    if not plain or len(path) > MAX_PATH:
        raise RequestError(403, f"filepath: {shown(path)} is not a plain path below the data root")
    if not path.lower().endswith(".csv"):
        raise RequestError(403, f"filepath: {shown(path)} is not a .csv file")
    return steps


def _exchange(old: int, new: int) -> int:
    os.close(old)
    return new


def _content(file: int, path: str, max_bytes: int) -> bytes:
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise RequestError(403, f"filepath: {shown(path)} is not a regular file")
    with os.fdopen(file, "rb") as stream:
        content = stream.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise RequestError(413, f"filepath: {shown(path)} is larger than {max_bytes} bytes")
    return content
