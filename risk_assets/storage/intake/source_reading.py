"""Reading source files: scanned, looked up in the cache by content, and parsed where they are new."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from risk_assets.engine.intake.parse import Parsed, parse, refuse_whole
from risk_assets.engine.intake.scan import ScannedFile, scan_file
from risk_assets.engine.session import Session
from risk_assets.storage.faults import explain
from risk_assets.storage.intake.parse_cache import Source, cached_source, keep, key_of
from risk_assets.storage.intake.source_folder import status_of

#: Scanning hardly holds up other threads; disks and cores are busy with a few files at a time.
SCANNED_AT_ONCE = 4


class SourceChangedError(ValueError):
    """A source file changed or went away while it was read; the message names it."""


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
        if status_of(before) != status_of(after):
            raise SourceChangedError(f"{self.path.name}: changed while it was read")


def read_sources(session: Session, files: Sequence[Path], folder: Path, work: Path) -> list[Source]:
    """Parse files, or take what `folder` holds of the same content; `work` takes what is needed meanwhile.

    Raises SourceChangedError when a file does not stay the same meanwhile.
    """
    reader = _Reader(session, folder, work)
    with ThreadPoolExecutor(SCANNED_AT_ONCE) as pool, ThreadPoolExecutor(session.parallel_reads) as parsers:
        return list(parsers.map(reader.read, pool.map(reader.open, files)))


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
        if fault is None or explain(error, folder):  # a full disk is no fault of the file
            raise
        file.require_unchanged()
        reason = f"cannot be read by the engine: {fault.replace(str(path), 'the file')}"
        return _unreadable(session, file, folder, reason)
    file.require_unchanged()
    arrived = str(scanned.arrived)
    key = key_of(session, path.name, scanned.sha256, arrived)
    source = Source(path.name, scanned.sha256, file.stat.st_size, parsed, folder, key, arrived)
    return keep(source, part, quarantine)


def _unreadable(session: Session, file: _Opened, folder: Path, reason: str) -> Source:
    """Return the account of a file that may well be readable the next time: it is not cached as parsed."""
    folder.mkdir(parents=True, exist_ok=True)
    name = file.path.name
    key = key_of(session, name, name, "")
    source = Source(name, file.sha256, file.stat.st_size, Parsed(0, reason=reason), folder, key, "")
    refuse_whole(source.quarantine, reason)
    return source
