"""Parsed source files, kept by content: a file is parsed once, however often it is ingested."""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from risk_assets.engine.intake.encoding import sha256_of
from risk_assets.engine.intake.parse import Parsed, parse, refuse_whole
from risk_assets.engine.intake.rules import RULES_VERSION
from risk_assets.engine.session import Session
from risk_assets.storage import atomic
from risk_assets.storage.layout import INPUT_SUFFIXES
from risk_assets.storage.records import RecordError, read_record, write_record

#: Hashing holds up no other thread; disks and cores are busy with a few files at a time.
HASHED_AT_ONCE = 4


class SourceChangedError(ValueError):
    """A source file changed or went away while it was read; the message names it."""


@dataclass(frozen=True)
class _Kept:
    """What is kept of a file beside its rows; the hashes tell whether these are still as they were written."""

    parsed: Parsed
    part_sha256: str
    quarantine_sha256: str


@dataclass(frozen=True)
class Source:
    """A source file by name and content, and what was parsed of it, kept in `folder` under `key`."""

    name: str
    sha256: str
    bytes: int
    parsed: Parsed
    folder: Path
    key: str
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


@dataclass(frozen=True)
class _Seen:
    """A source file as it was met: its content and what is kept of it, or why it cannot be read."""

    file: Path
    stat: os.stat_result
    sha256: str = ""
    kept: Source | None = None
    refusal: str | None = None


def read_sources(session: Session, files: Sequence[Path], folder: Path, work: Path) -> list[Source]:
    """Parse files, or take what `folder` holds of the same content; `work` takes what is needed meanwhile.

    Raises SourceChangedError when a file does not stay the same meanwhile.
    """
    reading = _Reading(session, folder, work)
    with ThreadPoolExecutor(HASHED_AT_ONCE) as pool, ThreadPoolExecutor(session.parallel_reads) as parsers:
        return list(parsers.map(reading.read, pool.map(reading.see, files)))


def kept_source(session: Session, name: str, sha256: str, size: int, folder: Path) -> Source | None:
    """Return what `folder` holds of a content that was parsed before, if anything."""
    key = _key(session, name, sha256)
    try:
        kept = read_record(folder / f"{key}.json", _Kept)
    except RecordError:  # never parsed, or a cache that is damaged: parsing again mends it
        return None
    source = Source(name, sha256, size, kept.parsed, folder, key, kept.part_sha256)
    sound = is_sound(source.part, kept.part_sha256) and is_sound(source.quarantine, kept.quarantine_sha256)
    return source if sound else None


def is_sound(path: Path, sha256: str) -> bool:
    """Whether a file is there with this content; without a hash none is needed."""
    return not sha256 or (path.is_file() and sha256_of(path) == sha256)


def forget_others(folder: Path, sources: Iterable[Source]) -> None:
    """Remove what is kept of any other content."""
    keys = {source.key for source in sources}
    for path in folder.iterdir():
        if path.stem not in keys:
            path.unlink()


def _stat(file: Path) -> os.stat_result:
    try:
        return file.stat()
    except FileNotFoundError as error:
        raise SourceChangedError(_gone(file)) from error


def _gone(file: Path) -> str:
    return f"{file.name}: went away while it was read"


def _require_unchanged(seen: _Seen) -> None:
    before, after = seen.stat, _stat(seen.file)
    if (before.st_size, before.st_mtime_ns, before.st_ino) != (after.st_size, after.st_mtime_ns, after.st_ino):
        raise SourceChangedError(f"{seen.file.name}: changed while it was read")


@dataclass(frozen=True)
class _Reading:
    """Several files read at once; of files of equal content one is parsed and the others wait for it."""

    session: Session
    folder: Path
    work: Path
    locks: dict[str, threading.Lock] = field(default_factory=dict)

    def see(self, file: Path) -> _Seen:
        """Hash a file, and look up what is kept of its content."""
        stat = _stat(file)
        try:
            sha256 = sha256_of(file)
        except FileNotFoundError as error:
            raise SourceChangedError(_gone(file)) from error
        except PermissionError as error:
            return _Seen(file, stat, refusal=f"cannot be read: {error.strerror}")
        return _Seen(file, stat, sha256, self._kept(file, sha256, stat))

    def read(self, seen: _Seen) -> Source:
        """Return what is kept of a file, or parse it."""
        if seen.refusal is not None:
            return _unreadable(self.session, seen, self.folder, seen.refusal)
        with self.locks.setdefault(seen.sha256, threading.Lock()):
            source = seen.kept or self._kept(seen.file, seen.sha256, seen.stat)
            if source is None:
                return self._parse(seen)
        _require_unchanged(seen)
        return source

    def _kept(self, file: Path, sha256: str, stat: os.stat_result) -> Source | None:
        return kept_source(self.session, file.name, sha256, stat.st_size, self.folder)

    def _parse(self, seen: _Seen) -> Source:
        self.work.mkdir(parents=True, exist_ok=True)
        with self.session.new_connection() as session, tempfile.TemporaryDirectory(dir=self.work) as place:
            return _parsed(session, seen, self.folder, Path(place))


def _parsed(session: Session, seen: _Seen, folder: Path, work: Path) -> Source:
    """Parse a file; what came of it is only kept when the file is still the one that was hashed."""
    file, part, quarantine = seen.file, work / "part.parquet", work / "quarantine.csv"
    try:
        parsed = parse(session, file, part=part, quarantine=quarantine, folder=work)
    except FileNotFoundError as error:
        if file.exists():
            raise
        raise SourceChangedError(_gone(file)) from error
    except session.errors as error:
        fault = session.fault_of_file(error)
        if fault is None:
            raise
        _require_unchanged(seen)
        told = fault.replace(str(file), "the file")
        return _unreadable(session, seen, folder, f"cannot be read by the engine: {told}")
    _require_unchanged(seen)
    key = _key(session, file.name, seen.sha256)
    return _keep(Source(file.name, seen.sha256, seen.stat.st_size, parsed, folder, key), part, quarantine)


def _unreadable(session: Session, seen: _Seen, folder: Path, reason: str) -> Source:
    """Return the account of a file that may well be readable the next time: it is not kept as parsed."""
    folder.mkdir(parents=True, exist_ok=True)
    name = seen.file.name
    source = Source(
        name, seen.sha256, seen.stat.st_size, Parsed(0, reason=reason), folder, _key(session, name, name)
    )
    refuse_whole(source.quarantine, reason)
    return source


def _keep(source: Source, part: Path, quarantine: Path) -> Source:
    source.folder.mkdir(parents=True, exist_ok=True)
    kept = _Kept(source.parsed, _moved(part, source.part), _moved(quarantine, source.quarantine))
    write_record(source.folder / f"{source.key}.json", kept)
    return replace(source, part_sha256=kept.part_sha256)


def _moved(written: Path, kept: Path) -> str:
    """Move a file that was perhaps written and return its hash, "" for none."""
    if not written.exists():
        return ""
    atomic.sync(written)
    written.replace(kept)
    return sha256_of(kept)


def _key(session: Session, name: str, sha256: str) -> str:
    """Return a name for the outcome of parsing: the content, its kind, the schema, the rules and the engine."""
    kind = next(suffix for suffix in INPUT_SUFFIXES if name.lower().endswith(suffix))
    content = "parquet" if kind == ".parquet" else "csv"
    told = (sha256, content, repr(session.columns), str(RULES_VERSION), session.engine)
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:32]
