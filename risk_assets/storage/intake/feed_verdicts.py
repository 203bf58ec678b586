"""What was found of the content of files, and what people say of those that are held back."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from risk_assets.domain.intake.ingestion import HeldFile, Ingestion
from risk_assets.storage.intake.parse_cache import Source
from risk_assets.storage.intake.source_folder import named_in
from risk_assets.storage.layout import Layout
from risk_assets.storage.lock import writing
from risk_assets.storage.records import append_record, find_record, read_history

#: A file is compared with so many files before it, at most.
MOST_FILES = 100

Word = Literal["sound", "suspect", "accepted", "refused"]


class FeedError(ValueError):
    """A file cannot be accepted or refused; the message says why."""


@dataclass(frozen=True)
class FeedVerdict:
    """What was found of a file's content, or said of it by a person; `at` is ISO 8601 in UTC."""

    sha256: str
    name: str
    verdict: Word
    at: str
    reasons: tuple[str, ...] = ()
    by: str = ""


class Judge:
    """The verdicts on the files of a source folder: looked up by content, or found and written down."""

    def __init__(self, journal: Path, now: datetime, key: str = "sourcedata") -> None:
        """Read what is known of this folder's files; equal content in another folder is another file."""
        self._journal, self._now, self._key = journal, now, key
        lines = read_history(journal, FeedVerdict)
        self._lines = [line for line in lines if folder_of(line.name) == folder_of(named_in(key, ""))]
        self._last = {line.sha256: line for line in self._lines}

    def knows(self, source: Source) -> bool:
        """Whether there is a verdict on the content."""
        return source.sha256 in self._last

    def hold(self, source: Source, find_faults: Callable[[], tuple[str, ...]]) -> HeldFile | None:
        """Return the file where it is held back; a content without a verdict is judged by its faults."""
        name = named_in(self._key, source.name)
        verdict = self._last.get(source.sha256)
        if verdict is None:
            faults = find_faults()
            word: Word = "suspect" if faults else "sound"
            verdict = FeedVerdict(source.sha256, name, word, timestamp(self._now), faults)
            append_record(self._journal, verdict)
            self._last[source.sha256] = verdict
            self._lines.append(verdict)
        if verdict.verdict not in {"suspect", "refused"}:
            return None
        reasons = (line.reasons for line in self._lines if line.sha256 == source.sha256 and line.reasons)
        found = verdict.reasons or next(reasons, ())
        return HeldFile(name, source.sha256, source.usable_rows, found, verdict.verdict, verdict.by)


def accept(layout: Layout, name: str, *, now: datetime, by: str | None = None) -> FeedVerdict:
    """Let a file that is held back go in with the next run.

    Raises FeedError when none of this name is held, or it is accepted already.
    """
    return _decide(layout, name, "accepted", now, by or getpass.getuser())


def refuse(layout: Layout, name: str, *, now: datetime, by: str | None = None) -> FeedVerdict:
    """Leave a file that is held back out for good.

    Raises FeedError when none of this name is held, or it is refused already.
    """
    return _decide(layout, name, "refused", now, by or getpass.getuser())


def _decide(layout: Layout, name: str, word: Word, now: datetime, by: str) -> FeedVerdict:
    with writing(layout.ingested, f"risk {word}"):
        ingestion = find_record(layout.ingestion, Ingestion)
        held = ingestion.held if ingestion else ()
        meant = [file for file in held if file.name == name] or [
            file for file in held if file.name.endswith(f"/{name}")
        ]
        if not meant:
            names = ", ".join(file.name for file in held) or "none is"
            raise FeedError(f"{name}: is not held back; held: {names}")
        assert ingestion is not None
        standing = standing_verdicts(layout.feed_verdicts, ingestion).get(meant[0].name)
        if standing is not None and standing.verdict == word:
            raise FeedError(f"{meant[0].name}: is {word} already, by {standing.by}")
        verdict = FeedVerdict(meant[0].sha256, meant[0].name, word, timestamp(now), by=by)
        append_record(layout.feed_verdicts, verdict)
        return verdict


def accepted_since(journal: Path, ingestion: Ingestion) -> frozenset[str]:
    """Return the names of held files that were accepted since they were held: they are to go in."""
    found = standing_verdicts(journal, ingestion)
    return frozenset(name for name, verdict in found.items() if verdict.verdict == "accepted")


def standing_verdicts(journal: Path, ingestion: Ingestion) -> dict[str, FeedVerdict]:
    """Return the last verdict on each file that is held back, by its name."""
    if not ingestion.held:
        return {}
    last = {(folder_of(line.name), line.sha256): line for line in read_history(journal, FeedVerdict)}
    keys = {file.name: (folder_of(file.name), file.sha256) for file in ingestion.held}
    return {name: last[key] for name, key in keys.items() if key in last}


def folder_of(name: str) -> str:
    """Return the folder that is part of a name, "" for client files."""
    return name.rpartition("/")[0]


def timestamp(now: datetime) -> str:
    """Return a moment as ISO 8601 in UTC."""
    return now.astimezone(UTC).isoformat(timespec="seconds")
