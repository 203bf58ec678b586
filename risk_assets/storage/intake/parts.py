"""The parts of a dataset: one per source file, without the rows that an earlier file holds too."""

from __future__ import annotations

import hashlib
import itertools
import operator
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from risk_assets.domain.intake.ingestion import SourceFile
from risk_assets.engine.intake.encoding import sha256_of
from risk_assets.engine.intake.merge import Target, find_repeated, rewrite
from risk_assets.engine.intake.row_table import Figures
from risk_assets.engine.session import Session
from risk_assets.storage import atomic
from risk_assets.storage.intake.parse_cache import SCANNED_AT_ONCE, Source, is_sound

NAME_CHARACTERS = 100


@dataclass(frozen=True)
class Folders:
    """Where the parts of a dataset are, and apart from them what their files deliver again."""

    parts: Path
    redelivered: Path


@dataclass(frozen=True)
class _Candidate:
    """What a source brings to the merge: a part with distinct rows, or nothing."""

    source: Source
    path: Path | None
    figures: Figures
    sha256: str = ""
    redelivered: str | None = None
    redelivered_sha256: str = ""


def merge(
    session: Session, sources: Sequence[Source], folders: Folders, work: Path, before: Sequence[SourceFile] = ()
) -> tuple[SourceFile, ...]:
    """Write the parts of `sources` (in reading order) that the folders lack, and return the account of each.

    Of equal rows the first is held. `before` is an earlier account of parts in the folders: up to the first of its
    files that is gone or another now, its parts are taken up as they are, and written anew only where a new file
    that is read before them holds some of their rows. Parts that are no longer needed are left alone. Whatever the
    steps, the same sources give the same files.
    """
    for folder in (folders.parts, folders.redelivered, work):
        folder.mkdir(parents=True, exist_ok=True)
    settled = _settled(sources, folders, before)
    candidates = [_candidate(source, settled.get(source.name), folders.parts) for source in sources]
    mergeable = [candidate for candidate in candidates if candidate.path is not None]
    paths = [candidate.path for candidate in mergeable if candidate.path is not None]
    known = {place for place, candidate in enumerate(mergeable) if candidate.source.name in settled}
    repeated = find_repeated(session, paths, sum(candidate.figures.rows for candidate in mergeable), known)
    places = {mergeable[place].source.name: place for place in repeated}
    files = []
    for candidate in candidates:
        found = candidate
        if candidate.source.name in places:
            found = _without_repeated(session, candidate, places[candidate.source.name], folders, work)
        files.append(_account(found, _place(found, folders.parts, work)))
    for folder in (folders.parts, folders.redelivered):
        atomic.sync(folder)
    return tuple(files)


def _without_repeated(
    session: Session, candidate: _Candidate, place: int, folders: Folders, work: Path
) -> _Candidate:
    """Write the rest of a part, and put what it delivers again where that belongs."""
    source, target = candidate.source, Target(work / "rewritten.parquet", work / "redelivered.parquet")
    shortened = candidate.path if candidate.source.part_sha256 != candidate.sha256 else None
    rewritten = rewrite(session, source.part, place, target, shortened)
    found = _Candidate(source, None, rewritten.figures)
    if rewritten.figures.rows:
        found = replace(found, path=target.rest, sha256=sha256_of(target.rest))
    if rewritten.redelivers:
        name = _part_name(source, rewritten.figures.fingerprint)
        found = replace(found, redelivered=name, redelivered_sha256=sha256_of(target.redelivered))
        atomic.sync(target.redelivered)
        target.redelivered.replace(folders.redelivered / name)
    return found


def _settled(
    sources: Sequence[Source], folders: Folders, before: Sequence[SourceFile]
) -> Mapping[str, SourceFile]:
    """Return the earlier files by name, up to the first that is no source now or whose part is not as it was.

    What a part holds depends on the files before it, so those after that one may hold too little.
    """
    by_name = {source.name: source for source in sources}
    with ThreadPoolExecutor(SCANNED_AT_ONCE) as pool:
        same = pool.map(lambda file: _is_as_before(file, by_name.get(file.name), folders), before)
        return {
            file.name: file
            for file, _ in itertools.takewhile(operator.itemgetter(1), zip(before, same, strict=True))
        }


def _is_as_before(file: SourceFile, source: Source | None, folders: Folders) -> bool:
    if source is None or source.sha256 != file.sha256:
        return False
    return _was_parsed_alike(source, file) and _is_intact(source, file, folders)


def _was_parsed_alike(source: Source, file: SourceFile) -> bool:
    """Whether the same content met the same fate: the engine may have failed on it before, or fail now."""
    parsed = source.parsed
    return (file.reason, file.read, file.quarantined) == (parsed.reason, parsed.read, parsed.quarantined)


def _is_intact(source: Source, file: SourceFile, folders: Folders) -> bool:
    """Whether what a file gave is there as it was written; a part that is the parsed rows is not read again."""
    if file.redelivered is not None and not is_sound(
        folders.redelivered / file.redelivered, file.redelivered_sha256
    ):
        return False
    if file.part is None:
        # usable rows that are all held elsewhere are delivered again, the last one of each client
        return not source.usable_rows or file.redelivered == _part_name(source, file.fingerprint)
    part = folders.parts / file.part
    if file.part != _part_name(source, file.fingerprint) or not part.exists():
        return False
    if file.part_sha256 == source.part_sha256 and part.samefile(source.part):
        return True
    return bool(file.part_sha256) and is_sound(part, file.part_sha256)


def _candidate(source: Source, settled: SourceFile | None, folder: Path) -> _Candidate:
    if settled is not None:
        path = folder / settled.part if settled.part else None
        figures = Figures(settled.accepted, settled.positives, settled.fingerprint)
        return _Candidate(
            source, path, figures, settled.part_sha256, settled.redelivered, settled.redelivered_sha256
        )
    parsed = source.parsed
    figures = Figures(parsed.accepted, parsed.positives, parsed.fingerprint)
    return _Candidate(source, source.part if parsed.accepted else None, figures, source.part_sha256)


def _place(candidate: _Candidate, folder: Path, work: Path) -> str | None:
    """Put a part into the folder under its own name, as a link to the parsed rows when it is just those."""
    source, written = candidate.source, candidate.path
    if written is None:
        return None
    name = _part_name(source, candidate.figures.fingerprint)
    target = folder / name
    if written == target:
        return name
    if written == source.part:
        written = _linked(source.part, work / "linked.parquet")
    atomic.sync(written)
    written.replace(target)
    return name


def _linked(origin: Path, link: Path) -> Path:
    link.unlink(missing_ok=True)
    try:
        os.link(origin, link)
    except OSError:  # a file system without links
        shutil.copyfile(origin, link)
    return link


def _part_name(source: Source, fingerprint: str) -> str:
    """Return a name that no other file, no other content and no other choice of its rows ever has."""
    told = hashlib.sha256(f"{source.key}\n{fingerprint}\n{source.name}".encode()).hexdigest()[:12]
    return f"{re.sub(r'[^A-Za-z0-9._-]', '_', source.name)[:NAME_CHARACTERS]}.{told}.parquet"


def _account(candidate: _Candidate, part: str | None) -> SourceFile:
    source, parsed, figures = candidate.source, candidate.source.parsed, candidate.figures
    return SourceFile(
        name=source.name,
        sha256=source.sha256,
        bytes=source.bytes,
        read=parsed.read,
        accepted=figures.rows,
        duplicates=parsed.read - parsed.quarantined - figures.rows,
        quarantined=parsed.quarantined,
        reason=parsed.reason,
        reasons=parsed.reasons,
        dropped_columns=parsed.dropped_columns,
        positives=figures.positives,
        part=part,
        fingerprint=figures.fingerprint,
        part_sha256=candidate.sha256,
        redelivered=candidate.redelivered,
        redelivered_sha256=candidate.redelivered_sha256,
    )
