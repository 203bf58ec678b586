"""A CSV file as typed rows.

The engine's own reader is fast, and reads a plain file whose records are all well formed. Any other file is
rewritten record by record, sound records alone, and read again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from risk_assets.engine.intake.encoding import Text, escape_damage, open_text
from risk_assets.engine.intake.header import Header, read_header
from risk_assets.engine.intake.quarantine import BrokenRow, Refused, broken_rows, refused_lines, refused_records
from risk_assets.engine.intake.row_table import count_rows
from risk_assets.engine.intake.rules import Rule
from risk_assets.engine.intake.scan import ScannedFile
from risk_assets.engine.intake.source import RowQuery
from risk_assets.engine.intake.tokenize import MAX_LINE, NOT_UTF8, Record, count_if_sound, tokenize
from risk_assets.engine.session import CsvForm, Session, TypedQuery


class CsvFormat:
    """Text files of one record a line, whatever their delimiter and encoding."""

    name = "csv"
    suffixes = (".csv", ".csv.gz", ".csv.zst", ".tsv")

    def open(self, session: Session, file: ScannedFile, folder: Path) -> CsvFile:
        """Open a CSV file; a UTF-8 copy goes to `folder` where one is needed. Raises UnreadableError."""
        form = session.columns.form
        text = open_text(file, folder, form.encoding)
        return CsvFile(text, read_header(text.path, session.columns), folder, lenient_quotes=form.lenient_quotes)


@dataclass(frozen=True)
class CsvFile:
    """A CSV file with its header found."""

    text: Text
    header: Header
    folder: Path
    lenient_quotes: bool = False

    @property
    def plain(self) -> bool:
        """Whether the engine's own reader may read it."""
        return self.text.plain and self.header.simple

    @property
    def tidy(self) -> bool:
        """Whether its texts have no blanks, quotes, _ and + in them."""
        return self.text.scan.tidy

    def records(self) -> Iterator[Record]:
        """Yield the records after the header; what is not UTF-8 in one is spelled out and a fault."""
        with self.text.path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
            width, lenient = len(self.header.cells), self.lenient_quotes
            records = tokenize(file, self.header.delimiter, width, lenient_quotes=lenient)
            next(records, None)
            yield from map(_checked, records) if self.text.damaged else records

    def count(self, session: Session) -> int:
        """Return the number of records."""
        del session
        return sum(1 for _ in self.records())

    def load(self, session: Session, rows_of: RowQuery) -> int:
        """Load the sound records into the row table and return how many records are misshapen."""
        query = self._query(rows_of)
        if self.plain and self._loads_as_it_is(session, query):
            return 0
        copy = self.folder / "sound.jsonl"
        sound, misshapen = self._write_sound(copy)
        session.load_records(copy, len(self.header.cells), query)
        if (loaded := count_rows(session)) != sound:
            raise AssertionError(f"{copy}: {sound} records were written and {loaded} read")
        return misshapen

    def refused(self, session: Session, misshapen: int, rules: Sequence[Rule]) -> Iterator[Refused]:
        """Yield what is refused; needs the rows of `load`, which found so many misshapen records."""
        broken = broken_rows(session, rules)
        if self.plain and not self.text.scan.quoted and not misshapen:
            return self._refused_lines(broken)
        return refused_records(self.records(), broken, len(self.header.cells))

    def _refused_lines(self, broken: Iterator[BrokenRow]) -> Iterator[Refused]:
        """Yield what is refused of a file whose lines are its records: they need not be split to be found."""
        with self.text.path.open(encoding="utf-8", newline="") as lines:
            next(lines)
            yield from refused_lines(lines, broken)

    def _loads_as_it_is(self, session: Session, query: TypedQuery) -> bool:
        """Load a plain file; readers are forgiving, so their rows count only when the file bears them out."""
        records = self._count_if_sound()
        header, quoted = self.header, self.text.scan.quoted
        form = CsvForm(self.text.path, header.delimiter, len(header.cells), quoted=quoted, longest_line=MAX_LINE)
        if records is None or not session.load_plain_csv(form, query):
            return False
        return count_rows(session) == records

    def _count_if_sound(self) -> int | None:
        """Count the records after the header of a plain file; None when one is surely misshapen."""
        width, delimiter = len(self.header.cells), self.header.delimiter
        if not self.text.scan.quoted and width > 1:
            records, rest = divmod(self.text.scan.count_of(delimiter), width - 1)
            return None if rest else records - 1
        with self.text.path.open(encoding="utf-8", newline="") as text:
            records_with_header = count_if_sound(text, delimiter, width)
        return None if records_with_header is None else records_with_header - 1

    def _query(self, rows_of: RowQuery) -> TypedQuery:
        texts = ", ".join(
            f"{'CAST(NULL AS VARCHAR)' if position is None else f'c{position}'} AS r{number}"
            for number, position in enumerate(self.header.positions)
        )
        return lambda source: rows_of(f"SELECT {texts} FROM {source}")

    def _write_sound(self, copy: Path) -> tuple[int, int]:
        """Write the sound records as lists in JSON lines; return how many are sound and how many misshapen."""
        sound = misshapen = 0
        encode = json.JSONEncoder(ensure_ascii=False).encode
        with copy.open("w", encoding="utf-8") as target:
            for record in self.records():
                if record.fault:
                    misshapen += 1
                else:
                    sound += 1
                    target.write(encode(record.fields) + "\n")
        return sound, misshapen


def _checked(record: Record) -> Record:
    shown = escape_damage(record.raw)
    return record if shown == record.raw else record._replace(raw=shown, fault=record.fault or NOT_UTF8)
