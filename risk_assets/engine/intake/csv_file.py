"""A CSV file as typed rows.

The engine's own reader is fast, and reads a plain file whose records are all well formed. Any other file is
rewritten record by record, sound records alone, and read again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from risk_assets.engine.intake.encoding import Text, escape_damage, open_text
from risk_assets.engine.intake.header import Header, read_header
from risk_assets.engine.intake.quarantine import BrokenRow, Refused, broken_rows, refused_lines, refused_records
from risk_assets.engine.intake.row_table import count_rows
from risk_assets.engine.intake.rules import rules_for, typed
from risk_assets.engine.intake.tokenize import NOT_UTF8, Record, tokenize
from risk_assets.engine.session import CsvForm, Session, TypedQuery


@dataclass(frozen=True)
class CsvFile:
    """A CSV file with its header found."""

    text: Text
    header: Header

    def records(self) -> Iterator[Record]:
        """Yield the records after the header; what is not UTF-8 in one is spelled out and a fault."""
        with self.text.path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
            records = tokenize(file, self.header.delimiter, len(self.header.cells))
            next(records, None)
            yield from map(_checked, records) if self.text.damaged else records

    def refused(self, session: Session, misshapen: int) -> Iterator[Refused]:
        """Yield what is refused; needs the rows of `load`, which found so many misshapen records."""
        rules = rules_for(session.columns, self.header.spelled)
        broken = broken_rows(session, rules)
        if self.text.plain and self.header.simple and not self.text.quoted and not misshapen:
            return self._refused_lines(broken)
        return refused_records(self.records(), broken, len(self.header.cells))

    def _refused_lines(self, broken: Iterator[BrokenRow]) -> Iterator[Refused]:
        """Yield what is refused of a file whose lines are its records: they need not be split to be found."""
        with self.text.path.open(encoding="utf-8", newline="") as lines:
            next(lines)
            yield from refused_lines(lines, broken)


def open_csv(session: Session, source: Path, folder: Path) -> CsvFile:
    """Open a CSV file; a UTF-8 copy goes to `folder` where one is needed. Raises UnreadableError."""
    text = open_text(source, folder)
    return CsvFile(text, read_header(text.path, session.columns))


def load_csv(session: Session, file: CsvFile, folder: Path) -> int:
    """Load the file's sound records into the row table and return how many records are misshapen."""
    form = CsvForm(file.text.path, file.header.delimiter, len(file.header.cells), file.text.quoted)
    if file.text.plain and file.header.simple and session.load_plain_csv(form, _typing(session, file)):
        return 0
    copy = replace(form, path=folder / "sound.txt")
    sound, misshapen = _rewrite(session, file, copy)
    session.load_records(copy, _typing(session, file))
    if count_rows(session) != sound:
        raise AssertionError(f"{copy.path}: {sound} records were written and {count_rows(session)} read")
    return misshapen


def _checked(record: Record) -> Record:
    shown = escape_damage(record.raw)
    return record if shown == record.raw else record._replace(raw=shown, fault=record.fault or NOT_UTF8)


def _typing(session: Session, file: CsvFile) -> TypedQuery:
    header = file.header
    rules = rules_for(session.columns, header.spelled)
    texts = ", ".join(f"c{place} AS r{number}" for number, place in enumerate(header.places))

    def query(source: str) -> str:
        return typed(session.columns, rules, f"SELECT {texts} FROM {source}", tidy=file.text.tidy)

    return query


def _rewrite(session: Session, file: CsvFile, copy: CsvForm) -> tuple[int, int]:
    """Write the sound records to `copy` and return how many are sound and how many misshapen."""
    sound = misshapen = 0
    with copy.path.open("w", encoding="utf-8", newline="") as target:
        write = session.record_writer(target, copy.delimiter)
        for record in file.records():
            if record.fault:
                misshapen += 1
            else:
                sound += 1
                write(record.raw, record.fields)
    return sound, misshapen
