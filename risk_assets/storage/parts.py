"""The parts of a dataset: one per source file, without the rows that a later file holds too."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from risk_assets.domain.ingestion import SourceFile
from risk_assets.engine.encoding import sha256_of
from risk_assets.engine.merge import find_shadowed, rewrite
from risk_assets.engine.rows import Figures, add_fingerprints
from risk_assets.engine.session import Session
from risk_assets.storage import atomic
from risk_assets.storage.parsed import Source, is_sound

NAME_CHARACTERS = 100


@dataclass(frozen=True)
class _Candidate:
    """What a source brings to the merge: a part with distinct rows, or nothing."""

    source: Source
    path: Path | None
    figures: Figures
    sha256: str = ""


def merge(
    session: Session, sources: Sequence[Source], folder: Path, work: Path, before: Sequence[SourceFile] = ()
) -> tuple[SourceFile, ...]:
    """Write the parts of `sources` (in reading order) that `folder` lacks, and return the account of each.

    Of equal rows the last stays. `before` is an earlier account of parts in `folder`: when all its files are among
    the sources, its parts are taken up as they are, and only those that share rows with the rest are written anew.
    Parts that are no longer needed are left alone. Whatever the steps, the same sources give the same rows.
    """
    folder.mkdir(parents=True, exist_ok=True)
    work.mkdir(parents=True, exist_ok=True)
    settled = _settled(sources, folder, before)
    candidates = _without_twins([_candidate(source, settled.get(source.name), folder) for source in sources])
    mergeable = [candidate for candidate in candidates if candidate.path is not None]
    paths = [candidate.path for candidate in mergeable if candidate.path is not None]
    known = {place for place, candidate in enumerate(mergeable) if candidate.source.name in settled}
    shadowed = find_shadowed(session, paths, sum(candidate.figures.rows for candidate in mergeable), known)
    rewritten = {mergeable[place].source.name: (place, paths[place]) for place in shadowed}
    files = []
    for candidate in candidates:
        figures, written, sha256 = candidate.figures, candidate.path, candidate.sha256
        if candidate.source.name in rewritten:
            place, path = rewritten[candidate.source.name]
            written = work / "rewritten.parquet"
            figures = rewrite(session, path, place, written)
            sha256 = sha256_of(written) if figures.rows else ""
        part = _place(candidate.source, figures, written, folder, work)
        files.append(_account(candidate.source, figures, part, sha256))
    atomic.sync(folder)
    return tuple(files)


def _settled(sources: Sequence[Source], folder: Path, before: Sequence[SourceFile]) -> Mapping[str, SourceFile]:
    """Return the earlier files by name, if each is still a source and its part is there; else none."""
    by_name = {source.name: source for source in sources}
    for file in before:
        source = by_name.get(file.name)
        if source is None or source.sha256 != file.sha256 or not _was_parsed_alike(source, file):
            return {}
        if file.accepted and not _is_intact(source, file, folder):
            return {}
    return {file.name: file for file in before}


def _was_parsed_alike(source: Source, file: SourceFile) -> bool:
    """Whether the same content met the same fate: the engine may have failed on it before, or fail now."""
    parsed = source.parsed
    return (file.reason, file.read, file.quarantined) == (parsed.reason, parsed.read, parsed.quarantined)


def _is_intact(source: Source, file: SourceFile, folder: Path) -> bool:
    """Whether a part is there as it was written; one that is the parsed rows themselves is not read again."""
    if file.part != _part_name(source, file.fingerprint) or not (folder / file.part).exists():
        return False
    if file.part_sha256 == source.part_sha256 and (folder / file.part).samefile(source.part):
        return True
    return bool(file.part_sha256) and is_sound(folder / file.part, file.part_sha256)


def _candidate(source: Source, settled: SourceFile | None, folder: Path) -> _Candidate:
    if settled is not None:
        path = folder / settled.part if settled.part else None
        figures = Figures(settled.accepted, settled.positives, settled.fingerprint)
        return _Candidate(source, path, figures, settled.part_sha256)
    parsed = source.parsed
    figures = Figures(parsed.accepted, parsed.positives, parsed.fingerprint)
    return _Candidate(source, source.part if parsed.accepted else None, figures, source.part_sha256)


def _without_twins(candidates: Sequence[_Candidate]) -> list[_Candidate]:
    """Leave a part to the last of the sources that have the very same content, and nothing to the others."""
    last = {candidate.path: candidate.source.name for candidate in candidates}
    nothing = Figures(0, 0, add_fingerprints([]))
    return [
        candidate
        if candidate.path is None or last[candidate.path] == candidate.source.name
        else _Candidate(candidate.source, None, nothing)
        for candidate in candidates
    ]


def _place(source: Source, figures: Figures, written: Path | None, folder: Path, work: Path) -> str | None:
    """Put a part into the folder under its own name, as a link to the parsed rows when it is just those."""
    if written is None or not figures.rows:
        return None
    name = _part_name(source, figures.fingerprint)
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
    """Return a name that no other content, and no other choice of its rows, ever has."""
    told = hashlib.sha256(f"{source.key}{fingerprint}".encode()).hexdigest()[:12]
    return f"{re.sub(r'[^A-Za-z0-9._-]', '_', source.name)[:NAME_CHARACTERS]}.{told}.parquet"


def _account(source: Source, figures: Figures, part: str | None, part_sha256: str) -> SourceFile:
    parsed = source.parsed
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
        part_sha256=part_sha256,
    )
