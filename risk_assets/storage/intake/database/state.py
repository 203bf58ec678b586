"""What is remembered of a source between two looks."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from risk_assets.domain.columns import Columns
from risk_assets.settings import SqlSourceSetting
from risk_assets.storage.intake.database.database import SourceError
from risk_assets.storage.intake.database.position import Position
from risk_assets.storage.intake.database.shape import Shape, where
from risk_assets.storage.records import RecordError, read_record

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True)
class LandedRows:
    """Hashes of rows that were landed (base64 of 64-bit little-endian integers), none newer than `newest`."""

    newest: Position
    hashes: str

    @classmethod
    def of(cls, newest: Position, hashes: npt.NDArray[np.uint64]) -> LandedRows:
        """Keep hashes as text."""
        return cls(newest, base64.b64encode(hashes.astype("<u8").tobytes()).decode())

    @property
    def array(self) -> npt.NDArray[np.uint64]:
        """The hashes."""
        import numpy as np

        return np.frombuffer(base64.b64decode(self.hashes), "<u8")


@dataclass(frozen=True)
class SourceState:
    """How far a source is read, and the rows within the look-back that are landed.

    `origin` tells what is read, `types` are those of its columns, `number` is that of the last file. Everything up
    to and with `final` is landed for good. `reached_at` is when `cursor` was reached (ISO 8601, UTC).
    """

    origin: str
    types: Mapping[str, str]
    number: int = 0
    cursor: Position | None = None
    reached_at: str = ""
    final: Position | None = None
    window: tuple[LandedRows, ...] = ()
    hashed_by: str = ""


def origin_of(source: SqlSourceSetting, columns: Columns) -> str:
    """Return a digest of what is read: a state of anything else tells nothing about it."""
    message = [source.db_schema, source.table, source.query, source.cursor, source.id, *columns.names]
    return hashlib.sha256(json.dumps(message).encode()).hexdigest()[:16]


def find_state(path: Path, origin: str) -> SourceState | None:
    """Return the state of this origin; None when there is none or it is damaged: then everything is read again."""
    try:
        found = read_record(path, SourceState)
    except RecordError:
        return None
    return found if found.origin == origin else None


def file_name(source: str, number: int, content: str) -> str:
    """Return the name of a landed file: a source's names sort as they were landed."""
    return f"{source}-{number:08d}-{content}.parquet"


def landed_files(names: Iterable[str], source: str) -> dict[str, int]:
    """Return the content hashes and numbers of a source's files among the names of a folder."""
    name = re.compile(rf"{re.escape(source)}-([0-9]{{8,}})-([0-9a-f]{{16}})\.parquet")
    found = map(name.fullmatch, names)
    return {match[2]: int(match[1]) for match in found if match}


def refuse_change(source: SqlSourceSetting, state: SourceState, shape: Shape, record: Path) -> None:
    """Raise SourceError when a column's type is not what it was."""
    for name, kind in shape.type_names.items():
        before = state.types.get(name, kind)
        if before != kind:
            message = f'column "{name}" of {where(source)} was {before} and is {kind} now'
            raise SourceError(f"{source.name}: {message}; to read it anew as it is, remove {record}")
