"""Results as JSON files: written atomically, read back checked."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from risk_assets.storage import atomic

T = TypeVar("T")
_ADAPTERS: dict[type[Any], TypeAdapter[Any]] = {}
_LOG = logging.getLogger(__name__)
#: Damaged lines that a sentence names.
LINES_NAMED = 3
#: Names that fields had in records of earlier releases.
RENAMED = {b'"always_yes_f1":': b'"all_positive_f1":'}


class RecordError(ValueError):
    """A record on disk is missing or not what it should be; the message names the file."""


def _adapter(kind: type[T]) -> TypeAdapter[T]:
    """Return what reads and writes a kind; making it takes longer than reading most records."""
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


def write_record(path: Path, record: object) -> None:
    """Write a frozen dataclass as readable JSON; the same record gives the same bytes.

    Raises ValueError, and writes nothing, for a number that is not finite.
    """
    atomic.write_bytes(path, _json(record, indent=2) + b"\n")


def _json(record: object, indent: int | None = None) -> bytes:
    """Return a record as JSON, in which a number that is not finite would be null."""
    content = _adapter(type(record)).dump_json(record, indent=indent)
    if b"null" in content and to_json(record, inf_nan_mode="null") != to_json(record, inf_nan_mode="constants"):
        raise ValueError(f"{type(record).__name__}: holds a number that is not finite")
    return content


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
        return _adapter(kind).validate_json(_with_new_names(content))
    except ValidationError as error:
        count = error.error_count()
        faults = f"{count} fault{'s' if count > 1 else ''}"
        raise RecordError(f"{path}: not a valid {kind.__name__}: {faults}") from error


def _with_new_names(content: bytes) -> bytes:
    for old, new in RENAMED.items():
        content = content.replace(old, new)
    return content


def find_record(path: Path, kind: type[T]) -> T | None:
    """Read a record back, or None when there is none yet."""
    return read_record(path, kind) if path.exists() else None


def append_record(path: Path, record: object) -> None:
    """Append a record as one JSON line. Raises ValueError for a number that is not finite."""
    atomic.append_line(path, _json(record).decode())


def read_history(path: Path, kind: type[T]) -> tuple[T, ...]:
    """Read all lines of a history, oldest first.

    A line torn by a crash is passed over, and so is a damaged one, which is set aside in a file beside and logged.
    """
    if not path.exists():
        return ()
    adapter, found, damaged = _adapter(kind), list[T](), list[bytes]()
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        if not line.strip():
            continue
        try:
            found.append(adapter.validate_json(_with_new_names(line)))
        except ValidationError:
            if line.endswith(b"}") or number == 1:
                damaged.append(b"%d: %s" % (number, line))
    if damaged:
        _set_aside(path, damaged)
    return tuple(found)


def _set_aside(path: Path, damaged: Sequence[bytes]) -> None:
    aside = path.with_name(f"{path.name}.damaged")
    content = b"\n".join(damaged) + b"\n"
    numbers = ", ".join(line.partition(b":")[0].decode() for line in damaged[:LINES_NAMED])
    said = f"{path}: line {numbers} is damaged and is passed over"
    if aside.exists() and aside.read_bytes() == content:
        return
    try:
        atomic.write_bytes(aside, content)
    except OSError as error:  # whoever only reads may not be able to write
        _LOG.warning("%s; it could not be set aside: %s", said, error.strerror)
    else:
        _LOG.warning("%s; it is set aside in %s", said, aside)
