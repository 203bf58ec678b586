"""What a disk or the system refuses, in one sentence: what, where, how much is free, and what to do."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from pathlib import Path

#: What each number of the system means, and what helps.
MEANINGS = {
    errno.ENOSPC: ("no space is left", "Free some"),
    errno.EDQUOT: ("the quota is used up", "Free some, or raise it"),
    errno.EFBIG: ("a file may not become larger", "Raise the limit on the size of files (ulimit -f)"),
    errno.EROFS: ("the file system is read-only", "Let it be written"),
    errno.EACCES: ("access is not permitted", "Permit it to the user who runs this"),
    errno.EPERM: ("access is not permitted", "Permit it to the user who runs this"),
    errno.EIO: ("the disk does not take what is written", "Look at its space, limits and health"),
    errno.EMFILE: ("too many files are open", "Raise the limit (ulimit -n)"),
    errno.ENFILE: ("too many files are open on this machine", "Close some"),
}
#: The same in the words of engines, whose errors have no number.
WORDS = {
    "No space left on device": errno.ENOSPC,
    "Disk quota exceeded": errno.EDQUOT,
    "File too large": errno.EFBIG,
    "Read-only file system": errno.EROFS,
    "Permission denied": errno.EACCES,
    "Too many open files": errno.EMFILE,
    "database or disk is full": errno.ENOSPC,
    "attempt to write a readonly database": errno.EROFS,
    "disk I/O error": errno.EIO,
}
MEGABYTE = 1e6


class StorageError(ValueError):
    """The disk or the system refused something; the message is one sentence for people."""


def explain(error: BaseException, folder: Path) -> StorageError | None:
    """Return what an error below a folder means, None where the disk and the system are not at fault."""
    for each in _chain(error):
        found = _number(each)
        if found in MEANINGS:
            what, help_ = MEANINGS[found]
            where = getattr(each, "filename", None) or folder
            free = f", {shutil.disk_usage(folder).free / MEGABYTE:,.0f} MB are free" if folder.is_dir() else ""
            return StorageError(f"{what}: {where}{free}; what serves is untouched. {help_}, and run again")
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    each: BaseException | None = error
    while each is not None:
        yield each
        each = each.__cause__ or each.__context__


def _number(error: BaseException) -> int | None:
    if isinstance(error, OSError):
        return error.errno
    text = str(error)
    return next((number for words, number in WORDS.items() if words in text), None)
