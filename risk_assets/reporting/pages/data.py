"""Data and quality: what came in, what was refused and why, and what the columns hold."""

from __future__ import annotations

from collections import Counter

from risk_assets.domain.drift.profile import CategoricalProfile, NumericProfile, Profile
from risk_assets.domain.figures import figure
from risk_assets.domain.intake.ingestion import Ingestion
from risk_assets.domain.intake.outcomes import OutcomesAccount
from risk_assets.domain.intake.source_file import SourceFile
from risk_assets.reporting.pages.blocks import (
    Block,
    cell,
    heading,
    note,
    section,
    share_bar,
    small_histogram,
    space,
    table,
    words,
)
from risk_assets.reporting.style import RED
from risk_assets.reporting.wording import count, digest, percent, plural, shorten, shown_of, volume

MOST_FILES = 24
MOST_REASONS = 12
MOST_VALUES = 4
LONGEST_NAME = 90
UNKNOWN = "unknown: accepted rows without a known outcome; updates: rows that brought the outcome of a held one"


def data_pages(ingestion: Ingestion, profile: Profile) -> list[Block]:
    """Return the section on the data: files, refused rows, and a summary of each column."""
    return [
        *section("Data and quality"),
        words(_account(ingestion, profile)),
        *_files(ingestion.files, derived=ingestion.outcomes is not None),
        *_outcomes(ingestion.outcomes),
        *_refused(ingestion.files),
        *_numeric(profile.numeric),
        *_categorical(profile.categorical),
    ]


def _account(ingestion: Ingestion, profile: Profile) -> str:
    read, accepted = ingestion.read, ingestion.accepted
    if not read:
        return f"No row has been read from {plural(len(ingestion.files), 'file')}."
    updates = f"{count(ingestion.updates)} brought the outcome of one that is held, " * bool(ingestion.updates)
    unknown = f" Of {plural(ingestion.open, 'row')} the outcome is not known yet." * bool(ingestion.open)
    known = accepted - ingestion.open
    return (
        f"Of {plural(read, 'row')} read from {plural(len(ingestion.files), 'file')}, {count(accepted)} "
        f"({percent(accepted, read)}) were accepted, {updates}{count(ingestion.duplicates)} were duplicates and "
        f"{count(ingestion.quarantined)} ({percent(ingestion.quarantined, read)}) were put in quarantine. "
        f"The accepted rows tell of {plural(profile.clients, 'client')}; {count(ingestion.positives)} of the rows "
        f"with a known outcome ({percent(ingestion.positives, known)}) are of clients that left.{unknown}"
    )


def _files(files: tuple[SourceFile, ...], *, derived: bool) -> list[Block]:
    if not files:
        return [note("There are no files.")]
    shown, rest = files, ""
    most = shown_of(len(files), MOST_FILES)
    if len(files) > most:
        shown = tuple(sorted(files, key=lambda file: (file.reason is None, -file.quarantined))[:most])
        rows = sum(file.read for file in files) - sum(file.read for file in shown)
        rest = (
            f"and {count(len(files) - most)} more files with {plural(rows, 'row')} in ingestion.json; "
            "shown are those with the most rows in quarantine"
        )
    heads = ("file", "read", "accepted", "unknown", "updates", "duplicates", "quarantined", "size", "sha256")
    lines = [
        (
            _file(file),
            count(file.read),
            count(file.accepted),
            "–" if derived else count(file.open),
            count(file.updates),
            count(file.duplicates),
            count(file.quarantined),
            volume(file.bytes),
            digest(file.sha256),
        )
        for file in shown
    ]
    return [
        *heading("Files"),
        table(heads, lines, (25, 10, 11, 11, 10, 12, 13, 9, 12)),
        space(3),
        note(UNKNOWN),
        note(rest),
    ]


def _outcomes(account: OutcomesAccount | None) -> list[Block]:
    """Return up to when outcomes are complete, and what is worth a look about them."""
    if account is None:
        return []
    if not account.reached:
        return [*heading("Outcomes", 60), words("No file of outcomes has come: no outcome is known yet.")]
    counts = account.counts
    late = "" if counts.late_days is None else f" 99 % of leavings came within {counts.late_days:.0f} days."
    said = (
        f"{plural(account.accepted, 'leaving')} in {plural(len(account.files), 'file')}, known up to "
        f"{account.rules.until or account.reached}: rows up to {account.complete_until} are complete, "
        f"{count(counts.known)} in all, and {count(counts.positives)} of them left within "
        f"{account.rules.horizon_days} days.{late}"
    )
    found = "; ".join(f"{count(number)} {what}" for what, number in account.sentences.items())
    return [*heading("Outcomes", 60), words(said), *([note(f"{found}.")] if found else [])]


def _file(file: SourceFile) -> list[Block]:
    blocks = [cell(file.name, limit=70)]
    if file.reason:
        blocks.append(cell(f"refused whole: {file.reason}", RED, limit=120))
    if file.dropped_columns:
        blocks.append(note(shorten(f"columns left out: {', '.join(file.dropped_columns[:20])}", 100)))
    return blocks


def _refused(files: tuple[SourceFile, ...]) -> list[Block]:
    reasons: Counter[str] = Counter()
    spread: Counter[str] = Counter()
    for file in files:
        reasons.update(file.reasons)
        spread.update(reason for reason, number in file.reasons.items() if number)
    if not reasons:
        return [*heading("Rows in quarantine", 50), words("No row was refused.")]
    rows = [
        (cell(reason, limit=140), count(number), str(spread[reason]))
        for reason, number in reasons.most_common(shown_of(len(reasons), MOST_REASONS))
    ]
    left_out = len(reasons) - len(rows)
    rest = [note(f"and {plural(left_out, 'more reason')} in ingestion.json")] if left_out else []
    return [*heading("Rows in quarantine"), table(("reason", "rows", "files"), rows, (80, 10, 10)), *rest]


def _numeric(columns: tuple[NumericProfile, ...]) -> list[Block]:
    if not columns:
        return []
    heads = ("column", "missing", "mean", "median", "std", "min", "max", "histogram")
    rows = [
        (
            cell(column.name, limit=LONGEST_NAME),
            percent(column.missing, column.n),
            *(figure(value) for value in (column.mean, column.median, column.std, column.min, column.max)),
            small_histogram(column.counts, 62),
        )
        for column in columns
    ]
    return [*heading("Numeric columns"), table(heads, rows, (29, 10, 11, 11, 11, 11, 11, 15))]


def _categorical(columns: tuple[CategoricalProfile, ...]) -> list[Block]:
    if not columns:
        return []
    heads = ("column", "missing", "values", "largest share", "most frequent values")
    rows = [
        (
            cell(column.name, limit=LONGEST_NAME),
            percent(column.missing, column.n),
            count(column.distinct),
            share_bar(column.counts[0][1] / column.n if column.counts and column.n else 0, 48),
            cell(_values(column)),
        )
        for column in columns
    ]
    return [*heading("Categorical columns"), table(heads, rows, (26, 9, 8, 13, 52))]


def _values(column: CategoricalProfile) -> str:
    most = shown_of(column.distinct, MOST_VALUES)
    shown = [f"{shorten(value, 26)} {percent(number, column.n)}" for value, number in column.counts[:most]]
    more = column.distinct - len(shown)
    return ", ".join(shown) + (f" and {count(more)} more" if more > 0 else "")
