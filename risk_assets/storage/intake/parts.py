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

from risk_assets.domain.intake.source_file import SourceFile
from risk_assets.engine.intake.merge import HELD, Target, find_shared, rewrite
from risk_assets.engine.intake.row_table import Figures
from risk_assets.engine.session import Session
from risk_assets.storage import atomic
from risk_assets.storage.digest import sha256_of
from risk_assets.storage.intake.parse_cache import Source, is_sound
from risk_assets.storage.intake.source_reading import SCANNED_AT_ONCE

NAME_CHARACTERS = 100


@dataclass(frozen=True)
class Folders:
    """Where the parts of a dataset are, and apart from them what their files deliver again."""

    parts: Path
    redelivered: Path


@dataclass(frozen=True)
class _Candidate:
    """What a source brings to the merge: a part with distinct keys, or nothing."""

    source: Source
    path: Path | None
    figures: Figures
    sha256: str = ""
    redelivered: str | None = None
    redelivered_sha256: str = ""
    updates: int = 0
    updated: int = 0


def merge(
    session: Session, sources: Sequence[Source], folders: Folders, work: Path, before: Sequence[SourceFile] = ()
) -> tuple[SourceFile, ...]:
    """Write the parts of `sources` (in reading order) that the folders lack, and return the account of each.

    Of equal keys the first row is held, and a later outcome goes to it. `before` is an earlier account of parts in
    the folders: those of unchanged files are taken up as they are, unless a new file concerns one of them. Parts
    that are no longer needed are left alone. Whatever the steps, the same sources give the same files.
    """
    for folder in (folders.parts, folders.redelivered, work):
        folder.mkdir(parents=True, exist_ok=True)
    settled = _settled(sources, folders, before, dated=session.columns.as_of is not None)
    files = _merge(session, sources, folders, work, settled) if settled else None
    if files is None:
        files = _merge(session, sources, folders, work, {})
    assert files is not None
    for folder in (folders.parts, folders.redelivered):
        atomic.sync(folder)
    return files


def _merge(
    session: Session, sources: Sequence[Source], folders: Folders, work: Path, settled: Mapping[str, SourceFile]
) -> tuple[SourceFile, ...] | None:
    """Return the account of each file; None, with nothing written, when a settled part cannot stay as it is."""
    candidates = [_candidate(source, settled.get(source.name), folders.parts) for source in sources]
    mergeable = [candidate for candidate in candidates if candidate.path is not None]
    paths = [candidate.path for candidate in mergeable if candidate.path is not None]
    known = {place for place, candidate in enumerate(mergeable) if candidate.source.name in settled}
    shared = find_shared(session, paths, sum(candidate.figures.rows for candidate in mergeable), known)
    if any(place == HELD or place in known for place in shared):
        return None
    places = {mergeable[place].source.name: place for place in shared}
    files = []
    for candidate in candidates:
        place = places.get(candidate.source.name)
        merged = candidate if place is None else _rewritten(session, candidate, place, folders, work)
        files.append(_account(merged, _place(merged, folders.parts, work)))
    return tuple(files)


def _rewritten(session: Session, candidate: _Candidate, place: int, folders: Folders, work: Path) -> _Candidate:
    """Write the part of a file without what others hold, and put what it redelivers where that belongs."""
    source, target = candidate.source, Target(work / "rewritten.parquet", work / "redelivered.parquet")
    rewritten = rewrite(session, source.part, place, target)
    updates = source.parsed.updates + rewritten.updates
    merged = _Candidate(source, None, rewritten.figures, updates=updates, updated=rewritten.updated)
    if rewritten.figures.rows:
        merged = replace(merged, path=target.rest, sha256=sha256_of(target.rest))
    if rewritten.redelivers:
        name = _part_name(source, rewritten.figures.fingerprint)
        merged = replace(merged, redelivered=name, redelivered_sha256=sha256_of(target.redelivered))
        atomic.sync(target.redelivered)
        target.redelivered.replace(folders.redelivered / name)
    return merged


def _settled(
    sources: Sequence[Source], folders: Folders, before: Sequence[SourceFile], *, dated: bool
) -> Mapping[str, SourceFile]:
    """Return the earlier files by name, up to the first that is no source now or whose part is not as it was.

    What a part holds depends on the files before it, so those after that one may hold too little. Outcomes go from
    a file to those before it: where one that brought some has changed, or new ones are before it, none is settled.
    """
    by_name = {source.name: source for source in sources}
    with ThreadPoolExecutor(SCANNED_AT_ONCE) as pool:
        same = pool.map(lambda file: _is_as_before(file, by_name.get(file.name), folders, dated=dated), before)
        settled = {
            file.name: file
            for file, _ in itertools.takewhile(operator.itemgetter(1), zip(before, same, strict=True))
        }
    first = next((place for place, source in enumerate(sources) if source.name not in settled), len(sources))
    undisturbed = {source.name for source in sources[:first]}
    if any(file.updates and file.name not in undisturbed for file in before):
        return {}
    return settled


def _is_as_before(file: SourceFile, source: Source | None, folders: Folders, *, dated: bool) -> bool:
    if source is None or source.sha256 != file.sha256:
        return False
    return _was_parsed_alike(source, file) and _is_intact(source, file, folders, dated=dated)


def _was_parsed_alike(source: Source, file: SourceFile) -> bool:
    """Whether the same content met the same fate: the engine may have failed on it before, or fail now."""
    parsed = source.parsed
    return (file.reason, file.read, file.quarantined) == (parsed.reason, parsed.read, parsed.quarantined)


def _is_intact(source: Source, file: SourceFile, folders: Folders, *, dated: bool) -> bool:
    """Whether what a file gave is there as it was written; a part that is the parsed rows is not read again."""
    if file.redelivered is not None and not is_sound(
        folders.redelivered / file.redelivered, file.redelivered_sha256
    ):
        return False
    if file.part is None:
        # usable rows that are all held elsewhere are updates, or delivered again, the last one of each client
        redelivered = dated or file.redelivered == _part_name(source, file.fingerprint)
        return not source.usable_rows or file.updates > 0 or redelivered
    part = folders.parts / file.part
    if file.part != _part_name(source, file.fingerprint) or not part.exists():
        return False
    if file.part_sha256 == source.part_sha256 and part.samefile(source.part):
        return True
    return bool(file.part_sha256) and is_sound(part, file.part_sha256)


def _candidate(source: Source, settled: SourceFile | None, folder: Path) -> _Candidate:
    if settled is None:
        parsed = source.parsed
        figures = Figures(parsed.accepted, parsed.positives, parsed.open, parsed.fingerprint)
        path = source.part if parsed.accepted else None
        return _Candidate(source, path, figures, source.part_sha256, updates=parsed.updates)
    return _Candidate(
        source,
        folder / settled.part if settled.part else None,
        Figures(settled.accepted, settled.positives, settled.open, settled.fingerprint),
        settled.part_sha256,
        settled.redelivered,
        settled.redelivered_sha256,
        settled.updates,
        settled.updated,
    )


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
    digest = hashlib.sha256(f"{source.key}\n{fingerprint}\n{source.name}".encode()).hexdigest()[:12]
    return f"{re.sub(r'[^A-Za-z0-9._-]', '_', source.name)[:NAME_CHARACTERS]}.{digest}.parquet"


def _account(candidate: _Candidate, part: str | None) -> SourceFile:
    source, parsed, figures = candidate.source, candidate.source.parsed, candidate.figures
    return SourceFile(
        name=source.name,
        sha256=source.sha256,
        bytes=source.bytes,
        read=parsed.read,
        accepted=figures.rows,
        duplicates=parsed.read - parsed.quarantined - candidate.updates - figures.rows,
        quarantined=parsed.quarantined,
        updates=candidate.updates,
        reason=parsed.reason,
        reasons=parsed.reasons,
        dropped_columns=parsed.dropped_columns,
        has_target=parsed.has_target,
        spelled=parsed.spelled,
        positives=figures.positives,
        open=figures.open,
        updated=candidate.updated,
        part=part,
        fingerprint=figures.fingerprint,
        part_sha256=candidate.sha256,
        redelivered=candidate.redelivered,
        redelivered_sha256=candidate.redelivered_sha256,
        arrived=source.arrived,
    )
