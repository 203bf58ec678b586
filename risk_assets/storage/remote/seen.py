"""What a mirror remembers: of each object, the version that was seen and the file it became."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from risk_assets.storage.records import RecordError, read_record, write_record

#: Below the folder of a mirror.
REMEMBERED = ".remote"


@dataclass(frozen=True)
class Seen:
    """A version of an object, and size (bytes) and time (ns) of the file that has its content."""

    version: str
    size: int
    modified: int


@dataclass(frozen=True)
class Memory:
    """The objects of a unit by name."""

    objects: Mapping[str, Seen] = field(default_factory=dict)


def remembered(folder: Path, key: str) -> dict[str, Seen]:
    """Return what is remembered of a unit; a cache: when it is absent or damaged, everything is fetched again."""
    try:
        return dict(read_record(_place(folder, key), Memory).objects)
    except RecordError:
        return {}


def remember(folder: Path, key: str, objects: Mapping[str, Seen]) -> None:
    """Write down what is known of a unit."""
    write_record(_place(folder, key), Memory(dict(sorted(objects.items()))))


def seen_as(version: str, file: Path) -> Seen:
    """Return what to remember of a file that has the content of this version."""
    status = file.stat()
    return Seen(version, status.st_size, status.st_mtime_ns)


def is_as_seen(file: Path, seen: Seen | None) -> bool:
    """Whether a file is here as it was when it had the content of an object."""
    try:
        status = file.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return seen is not None and (seen.size, seen.modified) == (status.st_size, status.st_mtime_ns)


def _place(folder: Path, key: str) -> Path:
    return folder / REMEMBERED / f"{key}.json"
