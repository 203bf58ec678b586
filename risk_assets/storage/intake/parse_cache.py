"""The cache of parsed source files, by content: a file is parsed once, however often it is ingested."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter

from risk_assets.domain.intake.source_file import SourceFile
from risk_assets.engine.intake.formats import format_of
from risk_assets.engine.intake.parse import Parsed
from risk_assets.engine.intake.rules import RULES_VERSION, rules_for
from risk_assets.engine.session import Session
from risk_assets.storage import atomic
from risk_assets.storage.digest import sha256_of
from risk_assets.storage.records import RecordError, read_record, write_record


@dataclass(frozen=True)
class _Entry:
    """An entry of the cache; the hashes tell whether it and the files beside it are still as they were written."""

    parsed: Parsed
    part_sha256: str
    quarantine_sha256: str
    own_sha256: str = ""

    @property
    def digest(self) -> str:
        """The SHA-256 of all the rest."""
        content = TypeAdapter(_Entry).dump_json(replace(self, own_sha256=""))
        return hashlib.sha256(content).hexdigest()


@dataclass(frozen=True)
class Source:
    """A source file by name and content, and what was parsed of it, kept in `folder` under `key`.

    `arrived` is the day on which it was last written (ISO, UTC).
    """

    name: str
    sha256: str
    bytes: int
    parsed: Parsed
    folder: Path
    key: str
    arrived: str
    part_sha256: str = ""

    @property
    def part(self) -> Path:
        """The distinct valid rows, when there are any."""
        return self.folder / f"{self.key}.parquet"

    @property
    def quarantine(self) -> Path:
        """The refused rows, when there are any."""
        return self.folder / f"{self.key}.csv"

    @property
    def usable_rows(self) -> int:
        """Rows that may become part of a dataset."""
        return self.parsed.accepted


def cached_source(
    session: Session, name: str, sha256: str, *, size: int, arrived: str, folder: Path
) -> Source | None:
    """Return what `folder` holds of a content that was parsed before, if anything."""
    key = key_of(session, name, sha256, arrived)
    try:
        entry = read_record(folder / f"{key}.json", _Entry)
    except RecordError:  # never parsed, or a cache that is damaged: parsing again mends it
        return None
    if entry.own_sha256 != entry.digest:
        return None
    source = Source(name, sha256, size, entry.parsed, folder, key, arrived, entry.part_sha256)
    sound = is_sound(source.part, entry.part_sha256) and is_sound(source.quarantine, entry.quarantine_sha256)
    return source if sound else None


def as_they_were(
    session: Session, before: Iterable[SourceFile], names: Collection[str], folder: Path
) -> Iterator[Source]:
    """Yield what `folder` holds of the files of these names as they were in an earlier account."""
    for file in before:
        if file.name in names:
            found = cached_source(
                session, file.name, file.sha256, size=file.bytes, arrived=file.arrived, folder=folder
            )
            if found is not None:
                yield found


def is_sound(path: Path, sha256: str) -> bool:
    """Whether a file is there with this content; without a hash none is needed."""
    return not sha256 or (path.is_file() and sha256_of(path) == sha256)


def prune(folder: Path, sources: Iterable[Source]) -> None:
    """Remove what is cached of any other content."""
    keys = {source.key for source in sources}
    for path in folder.iterdir():
        if path.stem not in keys:
            path.unlink()


def keep(source: Source, part: Path, quarantine: Path) -> Source:
    """Move what was parsed of a source into the cache, and return it with the hash of its part."""
    source.folder.mkdir(parents=True, exist_ok=True)
    entry = _Entry(source.parsed, _moved(part, source.part), _moved(quarantine, source.quarantine))
    write_record(source.folder / f"{source.key}.json", replace(entry, own_sha256=entry.digest))
    return replace(source, part_sha256=entry.part_sha256)


def _moved(written: Path, target: Path) -> str:
    """Move a file that was perhaps written and return its hash, "" for none."""
    if not written.exists():
        return ""
    atomic.sync(written)
    written.replace(target)
    return sha256_of(target)


def key_of(session: Session, name: str, sha256: str, arrived: str) -> str:
    """Return a name for the outcome of parsing: the content, its format, the schema, the rules and the engine.

    Where rows have dates, these must not be later than the file, so the day of its arrival counts too.
    """
    columns = session.columns
    day = arrived if columns.as_of is not None and not columns.announced else ""
    rules = repr(rules_for(columns, columns.names))
    inputs = (sha256, format_of(name).name, repr(columns), rules, str(RULES_VERSION), session.engine, day)
    return hashlib.sha256("\n".join(inputs).encode()).hexdigest()[:32]
