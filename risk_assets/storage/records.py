"""Results as JSON files: written atomically, read back checked."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from risk_assets.storage import atomic

T = TypeVar("T")
#: Names that fields had in records of earlier releases.
RENAMED = {b'"always_yes_f1":': b'"all_positive_f1":'}


class RecordError(ValueError):
    """A record on disk is missing or not what it should be; the message names the file."""


def write_record(path: Path, record: object) -> None:
    """Write a frozen dataclass as readable JSON; the same record gives the same bytes."""
    atomic.write_bytes(path, TypeAdapter(type(record)).dump_json(record, indent=2) + b"\n")


def read_record(path: Path, kind: type[T]) -> T:
    """Read a record back. Raises RecordError when the file is missing or does not fit `kind`."""
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise RecordError(f"{path}: does not exist yet; materialize the asset that writes it") from error
    return parse_record(path, content, kind)


def parse_record(path: Path, content: bytes, kind: type[T]) -> T:
    """Return the record that was read from `path`. Raises RecordError when it does not fit `kind`."""
    try:
        return TypeAdapter(kind).validate_json(_with_new_names(content))
    except ValidationError as error:
        raise RecordError(f"{path}: not a valid {kind.__name__}: {error.error_count()} faults") from error


def _with_new_names(content: bytes) -> bytes:
    for old, new in RENAMED.items():
        content = content.replace(old, new)
    return content


def find_record(path: Path, kind: type[T]) -> T | None:
    """Read a record back, or None when there is none yet."""
    return read_record(path, kind) if path.exists() else None


def append_record(path: Path, record: object) -> None:
    """Append a record as one JSON line."""
    atomic.append_line(path, TypeAdapter(type(record)).dump_json(record).decode())


def read_history(path: Path, kind: type[T]) -> tuple[T, ...]:
    """Read all lines of a history, oldest first; a line torn by a crash is passed over."""
    if not path.exists():
        return ()
    adapter = TypeAdapter(kind)
    lines = [line for line in path.read_bytes().splitlines() if line.strip()]
    return tuple(adapter.validate_json(line) for line in lines if line.endswith(b"}"))
