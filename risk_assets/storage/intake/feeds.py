"""Files that are held back because their content looks broken: judged once, when they are first read.

Each verdict is a line of a journal, by the file's content: a changed delivery is judged afresh, and neither a file
whose name comes earlier nor a rebuild changes a verdict. What people say of a held file is a line after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from risk_assets.domain.intake.feed_profile import FileProfile, merged
from risk_assets.domain.intake.ingestion import HeldFile
from risk_assets.engine.dataset import POSITION, Dataset, numbered_rows
from risk_assets.engine.intake.feed_profile import SKETCHED_ROWS
from risk_assets.engine.select import read_labelled_rows
from risk_assets.engine.session import Session
from risk_assets.engine.sql import quote
from risk_assets.storage.intake.feed_verdicts import MOST_FILES, Judge
from risk_assets.storage.intake.parse_cache import Source
from risk_assets.storage.layout import Layout

if TYPE_CHECKING:
    from risk_assets.domain.intake.label_rules import LabelledRisks
    from risk_assets.domain.model.scorecard import Scorecard


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
    return (*faults, *label_faults(labelled_risks(session, _known_rows(session, source), live)))


def _known_rows(session: Session, source: Source) -> str:
    """Return a query for the rows of a file whose outcome is known, evenly spaced ones of a large file."""
    step = -(-source.usable_rows // SKETCHED_ROWS) or 1
    rows = numbered_rows(session, Dataset((source.part,)))
    return f"SELECT * FROM ({rows}) WHERE {POSITION} % {step} = 0 AND {quote(session.columns.target)} IS NOT NULL"


def labelled_risks(session: Session, query: str, live: Scorecard) -> LabelledRisks:
    """Return the risks by the live model of rows whose outcome is known, of each client the first alone."""
    import pandas as pd

    from risk_assets.domain.intake.label_rules import LabelledRisks

    rows = read_labelled_rows(session, query)
    first = ~pd.Series(rows.ids).duplicated().to_numpy()
    columns = {name: cells[first] for name, cells in rows.columns_for(live).items()}
    numbers = {shape.column: columns[shape.column].astype(float) for shape in live.numeric}
    return LabelledRisks(live.risk(columns), rows.target[first] == 1, numbers)
