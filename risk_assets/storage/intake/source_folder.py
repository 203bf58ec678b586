"""What a folder of client files holds, by content: hashes remembered by path, size, times and inode."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from risk_assets.storage.digest import sha256_of
from risk_assets.storage.records import RecordError, read_record, write_record

#: Size, times and inode of a file at a look; those of earlier releases are shorter, and equal none.
Status = tuple[int, ...]
#: The source folders that finaldata is made from.
INGESTED = ("sourcedata", "outcomes")


def named_in(key: str, name: str) -> str:
    """Return the name of a file where files of several source folders are together."""
    return name if key == "sourcedata" else f"{key}/{name}"


@dataclass(frozen=True)
class Fingerprint:
    """The content hash of a file as it was at this size (bytes), these times (ns) and this inode.

    `changed` is when its metadata changed last: unlike `modified` no program sets it.
    """

    size: int
    modified: int
    sha256: str
    changed: int = 0
    inode: int = 0

    @property
    def status(self) -> Status:
        """What tells whether the file is still the same without reading it."""
        return (self.size, self.modified, self.changed, self.inode)


@dataclass(frozen=True)
class FolderState:
    """The files of a folder by name."""

    files: Mapping[str, Fingerprint] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """A hash of names and contents; the same set of files has the same version, whenever it was written."""
        lines = sorted(f"{name}\0{file.sha256}" for name, file in self.files.items())
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def folder_state(files: Iterable[Path], memory: Path) -> FolderState:
    """Return the state of `files`, reading only those that `memory` (a JSON file) does not know as they are.

    A file that goes away meanwhile is left out.
    """
    known = _remembered(memory)
    found = {}
    for file in files:
        fingerprint = _fingerprint(file, known.files.get(file.name))
        if fingerprint is not None:
            found[file.name] = fingerprint
    state = FolderState(found)
    if state != known:
        write_record(memory, state)
    return state


def _remembered(memory: Path) -> FolderState:
    try:
        return read_record(memory, FolderState)
    except RecordError:  # a cache: when it is absent or damaged, everything is read again
        return FolderState()


def _fingerprint(file: Path, known: Fingerprint | None) -> Fingerprint | None:
    try:
        status = file.stat()
        if known is not None and known.status == status_of(status):
            return known
        digest = sha256_of(file)
    except FileNotFoundError:
        return None
    size, modified, changed, inode = status_of(status)
    return Fingerprint(size, modified, digest, changed, inode)


def forget(memory: Path) -> None:
    """Let the hashes of all files be read again at the next look."""
    memory.unlink(missing_ok=True)


def status_of(found: os.stat_result) -> tuple[int, int, int, int]:
    """Return size, time of modification, time of change and inode."""
    return (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


def settled_state(
    files: Iterable[Path], memory: Path, before: Mapping[str, Status]
) -> tuple[FolderState, dict[str, Status]]:
    """Tell files that have stopped changing from those that may still be written.

    A file is settled when its status is as `memory` knows it, or as it was `before` (name -> status of the last
    look). Returns the state of the settled files, now remembered, and the status of the others.
    """
    known = _remembered(memory)
    found, settling = {}, {}
    for file, status in _statuses(files):
        memorized = known.files.get(file.name)
        if memorized is not None and memorized.status == status:
            found[file.name] = memorized
        elif before.get(file.name) != status:
            settling[file.name] = status
        elif (fingerprint := _fingerprint(file, None)) is not None:
            found[file.name] = fingerprint
    state = FolderState(found)
    if state != known:
        write_record(memory, state)
    return state, settling


def unsettled_names(files: Iterable[Path], memory: Path) -> frozenset[str]:
    """Return the names of files that are not as they were when `memory` last saw them settled."""
    known = _remembered(memory).files
    return frozenset(
        file.name
        for file, status in _statuses(files)
        if file.name not in known or known[file.name].status != status
    )


def _statuses(files: Iterable[Path]) -> Iterator[tuple[Path, Status]]:
    for file in files:
        with contextlib.suppress(FileNotFoundError):  # it went away meanwhile
            yield file, status_of(file.stat())


def statuses(files: Iterable[Path]) -> dict[str, Status]:
    """Return the status of each file by name."""
    return {file.name: status for file, status in _statuses(files)}
