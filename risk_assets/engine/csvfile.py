"""A CSV file as typed rows.

The engine's own reader is fast but forgiving: it takes a line with a field too many, and drops an unclosed quote
at the end. So its result counts only when the file's delimiters (or, with quotes, a strict reader) bear it out;
else the file is rewritten record by record, sound records alone, and read again.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from risk_assets.engine.encoding import Text, count_byte, escape_damage, open_text
from risk_assets.engine.header import Header, read_header
from risk_assets.engine.quarantine import Refused, broken_rows, refused_records
from risk_assets.engine.rows import count_rows
from risk_assets.engine.rules import Rule, rules_for, typed
from risk_assets.engine.session import Session, literal, pattern
from risk_assets.engine.tokenize import MAX_LINE, NOT_UTF8, Record, count_if_sound, tokenize

#: In bytes of the rewritten file: four to a character, and each quote doubled.
MAX_REWRITTEN = 8 * MAX_LINE


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

    def refused(self, session: Session) -> Iterator[Refused]:
        """Yield what is refused; needs the rows of `load`."""
        rules = rules_for(session.columns, self.header.spelled)
        return refused_records(self.records(), broken_rows(session, rules), len(self.header.cells))


def open_csv(session: Session, source: Path, folder: Path) -> CsvFile:
    """Open a CSV file; a UTF-8 copy goes to `folder` where one is needed. Raises UnreadableError."""
    text = open_text(source, folder)
    return CsvFile(text, read_header(text.path, session.columns))


def load_csv(session: Session, file: CsvFile, folder: Path) -> int:
    """Make the file's sound records the rows at hand and return how many records are misshapen."""
    rules = rules_for(session.columns, file.header.spelled)
    if file.text.plain and file.header.simple and _load_as_it_is(session, file, rules):
        return 0
    copy = folder / "sound.csv"
    sound, misshapen = _rewrite(file, copy)
    quoting = f"{_quoting(quoted=True)}, new_line = '\\n'"
    _load(session, file, rules, f"{_source(copy)}, skip = 0, max_line_size = {MAX_REWRITTEN}, {quoting}")
    if count_rows(session) != sound:
        raise AssertionError(f"{copy}: {sound} records were written and {count_rows(session)} read")
    return misshapen


def _checked(record: Record) -> Record:
    shown = escape_damage(record.raw)
    return record if shown == record.raw else record._replace(raw=shown, fault=record.fault or NOT_UTF8)


def _load_as_it_is(session: Session, file: CsvFile, rules: Sequence[Rule]) -> bool:
    import duckdb

    quoting = _quoting(quoted=file.text.quoted)
    options = f"{_source(file.text.path)}, skip = 1, max_line_size = {MAX_LINE}, {quoting}"
    try:
        _load(session, file, rules, options)
    except duckdb.InvalidInputException:
        return False
    return _records_in(file) == count_rows(session) + 1


def _records_in(file: CsvFile) -> int | None:
    """Count records with the header, by other means than the engine's; None when one is misshapen."""
    width, delimiter = len(file.header.cells), file.header.delimiter
    if not file.text.quoted:
        records, rest = divmod(count_byte(file.text.path, delimiter.encode()), width - 1)
        return None if rest else records
    with file.text.path.open(encoding="utf-8", newline="") as text:
        return count_if_sound(text, delimiter, width)


def _load(session: Session, file: CsvFile, rules: Sequence[Rule], options: str) -> None:
    header = file.header
    cells = ", ".join(f"'c{place}': 'VARCHAR'" for place in range(len(header.cells)))
    texts = ", ".join(f"c{place} AS r{number}" for number, place in enumerate(header.places))
    source = (
        f"read_csv({options}, columns = {{{cells}}}, delim = {literal(header.delimiter)}, header = false, "
        "auto_detect = false, strict_mode = true, nullstr = '')"
    )
    query = typed(session.columns, rules, f"SELECT {texts} FROM {source}", tidy=file.text.tidy)
    session.run(f"CREATE OR REPLACE TEMP TABLE rows AS {query}")


def _source(path: Path) -> str:
    return f"{literal(pattern(path))}, compression = 'none'"


def _quoting(*, quoted: bool) -> str:
    """Return the options; quoted newlines are not safe to read in parallel."""
    return "quote = '\"', escape = '\"', parallel = false" if quoted else "quote = '', escape = ''"


def _rewrite(file: CsvFile, copy: Path) -> tuple[int, int]:
    """Write the sound records to `copy` and return how many are sound and how many misshapen."""
    sound = misshapen = 0
    with copy.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target, delimiter=file.header.delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL)
        for record in file.records():
            if record.fault:
                misshapen += 1
                continue
            sound += 1
            if '"' in record.raw:
                writer.writerow(record.fields)
            else:
                target.write(record.raw + "\n")
    return sound, misshapen
