"""CSV text as records: each with its line, its raw text, and its fields or the fault of its form."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from typing import NamedTuple, TextIO

#: A quote that is not closed within so many lines is a stray one: it must not swallow the clients after it.
MAX_RECORD_LINES = 50
#: Longer lines are refused, so that a file without line ends cannot fill the memory.
MAX_LINE = 1_000_000
KEPT_OF_TOO_LONG = 1_000

TOO_LONG = f"longer than {MAX_LINE:,} characters"
HOLDS_NUL = "holds a NUL character"
NOT_UTF8 = "not UTF-8"
BAD_QUOTES = "quotes that do not match"
QUOTE_INSIDE = "a quote inside of a field that does not begin with one"
WRONG_WIDTH = "wrong number of fields"

csv.field_size_limit(MAX_LINE)


class Record(NamedTuple):
    """A record that starts on `line` (counted from 1); `fault` names what is wrong with its form."""

    line: int
    raw: str
    fields: list[str]
    fault: str | None


class _Lines:
    """The lines of a text with their numbers, some of which can be put back."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._waiting: list[str] = []
        self.number = 0

    def take(self) -> str:
        """Return the next line with its end, or "" after the last; one that is too long is returned in part."""
        line = self._waiting.pop() if self._waiting else self._text.readline(MAX_LINE)
        if line:
            self.number += 1
        return line

    def put_back(self, lines: list[str]) -> None:
        self._waiting.extend(reversed(lines))
        self.number -= len(lines)

    def skip_rest(self) -> None:
        """Pass over what is left of a line that is too long."""
        while (rest := self._text.readline(MAX_LINE)) and not rest.endswith(("\n", "\r")):
            pass


def tokenize(
    text: TextIO, delimiter: str, width: int | None = None, *, lenient_quotes: bool = False
) -> Iterator[Record]:
    """Split a text (opened with newline="") into records; lines of spaces alone are none.

    With a `width` a record of another number of fields is a fault. So is a quote inside of a field that does not
    begin with one, as nobody can tell whether a delimiter after it is one: with `lenient_quotes` it is.
    """
    lines = _Lines(text)
    while line := lines.take():
        raw = line.rstrip("\r\n")
        number = lines.number
        if not raw.strip(" "):
            continue
        if len(line) >= MAX_LINE:
            lines.skip_rest()
            yield Record(number, raw[:KEPT_OF_TOO_LONG], [], TOO_LONG)
        elif '"' in raw:
            yield _fitting(_quoted(lines, line, delimiter, lenient=lenient_quotes), width)
        elif "\0" in raw:
            yield Record(number, raw, [], HOLDS_NUL)
        else:
            yield _fitting(Record(number, raw, raw.split(delimiter), None), width)


def count_if_sound(text: TextIO, delimiter: str, width: int) -> int | None:
    """Return the number of records when each has `width` fields, else None: `tokenize` at the speed of C.

    It is None too where a field holds a quote, which may stand inside of one that does not begin with one.
    """
    reader = csv.reader(text, delimiter=delimiter, strict=True, skipinitialspace=True)
    records = line = 0
    try:
        for fields in reader:
            if len(fields) != width and fields:
                return None
            if reader.line_num - line > MAX_RECORD_LINES or '"' in "".join(fields):
                return None
            line = reader.line_num
            records += bool(fields)
    except csv.Error:
        return None
    return records


def _quoted(lines: _Lines, first: str, delimiter: str, *, lenient: bool) -> Record:
    number = lines.number
    taken = [first]

    def feed() -> Iterator[str]:
        yield first
        while len(taken) < MAX_RECORD_LINES and (line := lines.take()):
            taken.append(line)
            yield line

    try:
        fields = next(csv.reader(feed(), delimiter=delimiter, strict=True, skipinitialspace=True))
    except csv.Error:
        lines.put_back(taken[1:])
        return Record(number, first.rstrip("\r\n"), [], BAD_QUOTES)
    raw = "".join(taken).rstrip("\r\n")
    if len(raw) >= MAX_LINE:
        return Record(number, raw, [], TOO_LONG)
    if not lenient and any('"' in field for field in fields) and '"' in _without_quoted(raw, delimiter):
        return Record(number, raw, [], QUOTE_INSIDE)
    return Record(number, raw, fields, HOLDS_NUL if "\0" in raw else None)


def _without_quoted(raw: str, delimiter: str) -> str:
    """Return a record without its fields in quotes."""
    mark = re.escape(delimiter)
    return re.sub(f'(^|{mark}) *"(?:[^"]|"")*"(?=$|{mark})', r"\1", raw)


def _fitting(record: Record, width: int | None) -> Record:
    if record.fault or width is None or len(record.fields) == width:
        return record
    return record._replace(fault=WRONG_WIDTH)
