"""The refused rows of one file, for people: line, reason, and the row as it stood."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from risk_assets.engine.intake.rules import Rule
from risk_assets.engine.intake.tokenize import WRONG_WIDTH, Record
from risk_assets.engine.session import Session

BATCH = 2048


class Refused(NamedTuple):
    """A refused row; `kind` is its reason without the value, for counting."""

    line: int
    kind: str
    reason: str
    raw: str


class BrokenRow(NamedTuple):
    """A row of the row table (counted from 0) that breaks a rule."""

    number: int
    rule: Rule
    value: str | None


def write_quarantine(target: Path, refused: Iterable[Refused]) -> Counter[str]:
    """Write refused rows as CSV and count them by kind."""
    kinds: Counter[str] = Counter()
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
        file.write("line,reason,raw\n")
        for row in refused:
            kinds[row.kind] += 1
            writer.writerow((row.line, row.reason, row.raw))
    return kinds


def broken_rows(session: Session, rules: Sequence[Rule]) -> Iterator[BrokenRow]:
    """Yield the rows of the row table that break a rule, in order; nothing else may use the session meanwhile."""
    found = session.run("SELECT rowid, fault, value FROM rows WHERE fault IS NOT NULL ORDER BY rowid")
    while batch := found.fetchmany(BATCH):
        for number, fault, value in batch:
            yield BrokenRow(number, rules[fault], value)


def refused_records(records: Iterable[Record], broken: Iterator[BrokenRow], width: int) -> Iterator[Refused]:
    """Yield the records that are misshapen and those that break a rule, in the order of the file."""
    waiting = next(broken, None)
    number = -1
    for record in records:
        if record.fault:
            yield Refused(record.line, record.fault, _reason(record, width), record.raw)
            continue
        number += 1
        if waiting is not None and waiting.number == number:
            yield Refused(record.line, waiting.rule.kind, waiting.rule.reason(waiting.value), record.raw)
            waiting = next(broken, None)


def refused_lines(lines: Iterable[str], broken: Iterator[BrokenRow]) -> Iterator[Refused]:
    """Yield those of the lines after the header that break a rule; lines of spaces alone are none."""
    waiting = next(broken, None)
    row = -1
    for number, line in enumerate(lines, start=2):
        if waiting is None:
            return
        if line.strip(" \r\n"):
            row += 1
            if row == waiting.number:
                reason = waiting.rule.reason(waiting.value)
                yield Refused(number, waiting.rule.kind, reason, line.rstrip("\r\n"))
                waiting = next(broken, None)


def _reason(record: Record, width: int) -> str:
    if record.fault == WRONG_WIDTH:
        return f"{len(record.fields)} fields instead of {width}"
    return record.fault or ""
