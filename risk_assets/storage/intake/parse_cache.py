"""The cache of parsed source files, by content: a file is parsed once, however often it is ingested."""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from risk_assets.domain.intake.source_file import SourceFile
from risk_assets.engine.intake.formats import format_of
from risk_assets.engine.intake.parse import Parsed, parse, refuse_whole
from risk_assets.engine.intake.rules import RULES_VERSION, rules_for
from risk_assets.engine.intake.scan import ScannedFile, scan_file
from risk_assets.engine.session import Session
from risk_assets.storage import atomic
from risk_assets.storage.digest import sha256_of
from risk_assets.storage.records import RecordError, read_record, write_record

#: Scanning hardly holds up other threads; disks and cores are busy with a few files at a time.
SCANNED_AT_ONCE = 4


class SourceChangedError(ValueError):
    """A source file changed or went away while it was read; the message names it."""


@dataclass(frozen=True)
class _Entry:
    """An entry of the cache; the hashes tell whether the files beside it are still as they were written."""

    parsed: Parsed
    part_sha256: str
    quarantine_sha256: str


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


@dataclass(frozen=True)
class _Opened:
    """A source file once it was scanned: its content and the cached outcome, or why it cannot be read."""

    path: Path
    stat: os.stat_result
    scanned: ScannedFile | None = None
    cached: Source | None = None
    refusal: str | None = None

    @property
    def sha256(self) -> str:
        """The SHA-256 of the content, "" where it cannot be read."""
        return self.scanned.sha256 if self.scanned else ""

    def require_unchanged(self) -> None:
        """Raise SourceChangedError when the file is no longer the one that was scanned."""
        before, after = self.stat, _stat(self.path)
        if (before.st_size, before.st_mtime_ns, before.st_ino) != (
            after.st_size,
            after.st_mtime_ns,
            after.st_ino,
        ):
            raise SourceChangedError(f"{self.path.name}: changed while it was read")


def read_sources(session: Session, files: Sequence[Path], folder: Path, work: Path) -> list[Source]:
    """Parse files, or take what `folder` holds of the same content; `work` takes what is needed meanwhile.

    Raises SourceChangedError when a file does not stay the same meanwhile.
    """
    reader = _Reader(session, folder, work)
    with ThreadPoolExecutor(SCANNED_AT_ONCE) as pool, ThreadPoolExecutor(session.parallel_reads) as parsers:
        return list(parsers.map(reader.read, pool.map(reader.open, files)))


def cached_source(
    session: Session, name: str, sha256: str, *, size: int, arrived: str, folder: Path
) -> Source | None:
    """Return what `folder` holds of a content that was parsed before, if anything."""
    key = _key(session, name, sha256, arrived)
    try:
        entry = read_record(folder / f"{key}.json", _Entry)
    except RecordError:  # never parsed, or a cache that is damaged: parsing again mends it
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


def _stat(file: Path) -> os.stat_result:
    try:
        return file.stat()
    except FileNotFoundError as error:
        raise _vanished(file) from error


def _vanished(file: Path) -> SourceChangedError:
    return SourceChangedError(f"{file.name}: went away while it was read")


@dataclass(frozen=True)
class _Reader:
    """Several files read at once; of files of equal content one is parsed and the others wait for it."""

    session: Session
    folder: Path
    work: Path
    locks: dict[str, threading.Lock] = field(default_factory=dict)

    def open(self, path: Path) -> _Opened:
        """Scan a file, and look up its content in the cache."""
        stat = _stat(path)
        try:
            scanned = scan_file(path)
        except FileNotFoundError as error:
            raise _vanished(path) from error
        except PermissionError as error:
            return _Opened(path, stat, refusal=f"cannot be read: {error.strerror}")
        return _Opened(path, stat, scanned, self._cached(scanned, stat))

    def read(self, file: _Opened) -> Source:
        """Return what is cached of a file, or parse it."""
        if file.scanned is None:
            return _unreadable(self.session, file, self.folder, file.refusal or "")
        with self.locks.setdefault(file.sha256, threading.Lock()):
            source = file.cached or self._cached(file.scanned, file.stat)
            if source is None:
                return self._parse(file, file.scanned)
        file.require_unchanged()
        return source

    def _cached(self, scanned: ScannedFile, stat: os.stat_result) -> Source | None:
        return cached_source(
            self.session,
            scanned.path.name,
            scanned.sha256,
            size=stat.st_size,
            arrived=str(scanned.arrived),
            folder=self.folder,
        )

    def _parse(self, file: _Opened, scanned: ScannedFile) -> Source:
        self.work.mkdir(parents=True, exist_ok=True)
        with self.session.new_connection() as session, tempfile.TemporaryDirectory(dir=self.work) as work:
            return _parsed(session, file, scanned, self.folder, Path(work))


def _parsed(session: Session, file: _Opened, scanned: ScannedFile, folder: Path, work: Path) -> Source:
    """Parse a file; the outcome is cached only when the file is still the one that was scanned."""
    path, part, quarantine = file.path, work / "part.parquet", work / "quarantine.csv"
    try:
        parsed = parse(session, scanned, part=part, quarantine=quarantine, folder=work)
    except FileNotFoundError as error:
        if path.exists():
            raise
        raise _vanished(path) from error
    except session.errors as error:
        fault = session.fault_of_file(error)
        if fault is None:
            raise
        file.require_unchanged()
        reason = f"cannot be read by the engine: {fault.replace(str(path), 'the file')}"
        return _unreadable(session, file, folder, reason)
    file.require_unchanged()
    arrived = str(scanned.arrived)
    key = _key(session, path.name, scanned.sha256, arrived)
    source = Source(path.name, scanned.sha256, file.stat.st_size, parsed, folder, key, arrived)
    return _cache(source, part, quarantine)


def _unreadable(session: Session, file: _Opened, folder: Path, reason: str) -> Source:
    """Return the account of a file that may well be readable the next time: it is not cached as parsed."""
    folder.mkdir(parents=True, exist_ok=True)
    name = file.path.name
    key = _key(session, name, name, "")
    source = Source(name, file.sha256, file.stat.st_size, Parsed(0, reason=reason), folder, key, "")
    refuse_whole(source.quarantine, reason)
    return source


def _cache(source: Source, part: Path, quarantine: Path) -> Source:
    source.folder.mkdir(parents=True, exist_ok=True)
    entry = _Entry(source.parsed, _moved(part, source.part), _moved(quarantine, source.quarantine))
    write_record(source.folder / f"{source.key}.json", entry)
    return replace(source, part_sha256=entry.part_sha256)


def _moved(written: Path, target: Path) -> str:
    """Move a file that was perhaps written and return its hash, "" for none."""
    if not written.exists():
        return ""
    atomic.sync(written)
    written.replace(target)
    return sha256_of(target)


def _key(session: Session, name: str, sha256: str, arrived: str) -> str:
    """Return a name for the outcome of parsing: the content, its format, the schema, the rules and the engine.

    Where rows have dates, these must not be later than the file, so the day of its arrival counts too.
    """
    columns = session.columns
    day = arrived if columns.as_of is not None and not columns.announced else ""
    rules = repr(rules_for(columns, columns.names))
    inputs = (sha256, format_of(name).name, repr(columns), rules, str(RULES_VERSION), session.engine, day)
    return hashlib.sha256("\n".join(inputs).encode()).hexdigest()[:32]
