"""Files that are held back because their content looks broken: judged once, when they are first read.

Each verdict is a line of a journal, by the file's content: a changed delivery is judged afresh, and neither a file
whose name comes earlier nor a rebuild changes a verdict. What people say of a held file is a line after it.
"""

from __future__ import annotations

import getpass
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from risk_assets.domain.intake.feed_profile import FileProfile, merged
from risk_assets.domain.intake.ingestion import HeldFile, Ingestion
from risk_assets.engine.dataset import Dataset
from risk_assets.engine.select import labelled_query, read_labelled_rows
from risk_assets.engine.session import Session
from risk_assets.storage.intake.parse_cache import Source
from risk_assets.storage.intake.source_folder import named_in
from risk_assets.storage.layout import Layout
from risk_assets.storage.lock import writing
from risk_assets.storage.records import append_record, find_record, read_history

if TYPE_CHECKING:
    from risk_assets.domain.intake.label_rules import LabelledRisks
    from risk_assets.domain.model.scorecard import Scorecard

#: A file is compared with so many files before it, at most.
MOST_FILES = 100
#: Rows on which the live model's ranking is looked at.
MOST_ROWS = 200_000

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
        self._lines = [line for line in lines if _folder(line.name) == _folder(named_in(key, ""))]
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
            verdict = FeedVerdict(source.sha256, name, word, _text(self._now), faults)
            append_record(self._journal, verdict)
            self._last[source.sha256] = verdict
            self._lines.append(verdict)
        if verdict.verdict not in {"suspect", "refused"}:
            return None
        reasons = (line.reasons for line in self._lines if line.sha256 == source.sha256 and line.reasons)
        found = verdict.reasons or next(reasons, ())
        return HeldFile(name, source.sha256, source.usable_rows, found, verdict.verdict)


def judge_feeds(
    layout: Layout, session: Session, sources: Sequence[Source], live: Scorecard | None, *, now: datetime
) -> tuple[list[Source], tuple[HeldFile, ...]]:
    """Return the sources (in reading order) that go in, and the files that are held back, with the reasons.

    A content without a verdict is compared with the files before it that go in, and its verdict is written down.
    """
    judge, going, held = Judge(layout.feed_verdicts, now), list[Source](), list[HeldFile]()
    before: list[FileProfile] = []
    for source in sources:
        profile = source.parsed.profile
        if profile is None or not source.usable_rows:
            going.append(source)
        elif found := judge.hold(source, partial(_faults, session, source, profile, tuple(before), live)):
            held.append(found)
        else:
            going.append(source)
            before.append(profile)
    return going, tuple(held)


def _faults(
    session: Session, source: Source, profile: FileProfile, before: Sequence[FileProfile], live: Scorecard | None
) -> tuple[str, ...]:
    from risk_assets.domain.intake.feed_rules import faults_of
    from risk_assets.domain.intake.label_rules import label_faults

    if not before:
        return ()
    known = before[-MOST_FILES:]
    faults = faults_of(profile, known, merged(known))
    if live is None or not session.columns.has_target or live.features != session.columns.features:
        return faults
    rows = _labelled_risks(session, source.part, live)
    return faults if rows is None else (*faults, *label_faults(rows))


def _labelled_risks(session: Session, part: Path, live: Scorecard) -> LabelledRisks | None:
    """Return the risks of a file's rows with an outcome, None without any."""
    from risk_assets.domain.intake.label_rules import LabelledRisks

    query = f"{labelled_query(session, Dataset((part,)), 'all')} LIMIT {MOST_ROWS}"
    rows = read_labelled_rows(session, query)
    if not len(rows.target):
        return None
    columns = rows.columns_for(live)
    numbers = {shape.column: columns[shape.column].astype(float) for shape in live.numeric}
    return LabelledRisks(live.risk(columns), rows.target == 1, numbers)


def accept(layout: Layout, name: str, *, now: datetime, by: str | None = None) -> FeedVerdict:
    """Let a file that is held back go in with the next run. Raises FeedError when none of this name is held."""
    return _decide(layout, name, "accepted", now, by or getpass.getuser())


def refuse(layout: Layout, name: str, *, now: datetime, by: str | None = None) -> FeedVerdict:
    """Leave a file that is held back out for good. Raises FeedError when none of this name is held."""
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
        verdict = FeedVerdict(meant[0].sha256, meant[0].name, word, _text(now), by=by)
        append_record(layout.feed_verdicts, verdict)
        return verdict


def accepted_since(journal: Path, ingestion: Ingestion) -> frozenset[str]:
    """Return the names of held files that were accepted since they were held: they are to go in."""
    if not ingestion.held:
        return frozenset()
    last = {(_folder(line.name), line.sha256): line.verdict for line in read_history(journal, FeedVerdict)}
    return frozenset(
        file.name for file in ingestion.held if last.get((_folder(file.name), file.sha256)) == "accepted"
    )


def _folder(name: str) -> str:
    """Return the folder that is part of a name, "" for client files."""
    return name.rpartition("/")[0]


def _text(now: datetime) -> str:
    return now.astimezone(UTC).isoformat(timespec="seconds")
