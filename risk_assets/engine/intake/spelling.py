"""How a file spells its numbers and dates, found from all of its texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from risk_assets.domain.columns import Columns
from risk_assets.domain.dates import DateFormat
from risk_assets.domain.file_form import NumberFormat
from risk_assets.domain.intake.date_formats import DateReading, Reads, find_date_format, possible_formats, turned
from risk_assets.domain.intake.number_format import NumberReading, Shape, find_format, is_number_somewhere
from risk_assets.engine.intake.cell_sql import is_given
from risk_assets.engine.intake.date_sql import timestamp, trimmed
from risk_assets.engine.intake.row_table import count_rows
from risk_assets.engine.intake.rules import Rule
from risk_assets.engine.intake.scan import UnreadableError
from risk_assets.engine.intake.source import RowSource
from risk_assets.engine.session import Session

DIGITS = ("0123456789", "dddddddddd")
#: Texts of more shapes than these are no numbers or dates.
MOST_SHAPES = 10_000


def declared_format(columns: Columns) -> Columns:
    """Return the columns with the number format that is declared for their files, as far as it is."""
    form = columns.form
    if form.decimal is None and form.thousands is None:
        return columns
    signs = True
    return replace(columns, number_format=NumberFormat(form.decimal or ".", form.thousands or "", signs=signs))


def is_in_doubt(session: Session, rules: Sequence[Rule]) -> bool:
    """Whether a row of the row table breaks a rule that another format of the file may mend."""
    places = [str(place) for place, rule in enumerate(rules) if rule.spelled]
    if not places:
        return False
    shape = f"translate(value, '{DIGITS[0]}', '{DIGITS[1]}')"
    refused = f"SELECT value FROM rows WHERE fault IN ({', '.join(places)})"
    found = session.run(f"SELECT min(value) FROM ({refused}) GROUP BY {shape} LIMIT {MOST_SHAPES}").fetchall()
    return any(is_number_somewhere(text) or possible_formats([text]) for (text,) in found)


def find_spelling(session: Session, rows: RowSource, columns: Columns) -> tuple[Columns, tuple[str, ...]]:
    """Return the columns as the file spells them, and that in words; leaves its texts in the row table.

    Raises UnreadableError where the texts allow no one reading.
    """
    numbers = [f"r{columns.names.index(column.name)}" for column in columns.numbers]
    dates = [f"r{columns.names.index(name)}" for name in columns.dated]
    texts = [
        f"CASE WHEN {is_given(text, columns.form.missing_numbers)} THEN {trimmed(text)} END AS {text}"
        for text in (*numbers, *dates)
    ]
    rows.load(session, lambda source: f"SELECT {', '.join(texts)} FROM ({source})")
    reading = _numbers(session, columns)
    spelled = DateReading(columns.dates) if columns.dates or not dates else _dates(session, columns)
    if fault := reading.fault or spelled.fault:
        raise UnreadableError(fault, count_rows(session))
    said = reading.notes + (spelled.words,) * bool(spelled.words and columns.dates is None)
    return replace(columns, number_format=reading.format, dates=spelled.format), said


def _numbers(session: Session, columns: Columns) -> NumberReading:
    shapes: list[Shape] = []
    for column in columns.numbers:
        shapes += shapes_of(session, column.name, f"r{columns.names.index(column.name)}")
    return find_format(shapes, decimal=columns.form.decimal, thousands=columns.form.thousands)


def shapes_of(session: Session, name: str, text: str) -> list[Shape]:
    """Return the shapes of a column of texts in the row table, the most frequent first."""
    shape = f"translate({text}, '{DIGITS[0]}', '{DIGITS[1]}')"
    found = session.run(
        f"SELECT shape, count(*), min(text) FROM (SELECT {shape} AS shape, {text} AS text FROM rows "
        f"WHERE {text} IS NOT NULL) GROUP BY shape ORDER BY count(*) DESC, shape LIMIT {MOST_SHAPES}"
    ).fetchall()
    return [Shape(name, shape, int(count), example) for shape, count, example in found]


def _dates(session: Session, columns: Columns) -> DateReading:
    """Return the format of all columns of dates together."""
    names = {name: f"r{columns.names.index(name)}" for name in columns.dated}
    shapes = [shape for name, text in names.items() for shape in shapes_of(session, name, text)]
    if not shapes:
        return DateReading()
    formats: list[DateFormat | None] = [None, *possible_formats([shape.example for shape in shapes])]
    union = " UNION ALL ".join(
        f"SELECT {text} AS text FROM rows WHERE {text} IS NOT NULL" for text in names.values()
    )
    times = [timestamp("text", form) for form in formats]
    others = [timestamp("text", turned(form)) if form and turned(form) in formats else "NULL" for form in formats]
    counts = ", ".join(
        f"count({time}), count(CASE WHEN {other} IS NULL THEN {time} END)"
        for time, other in zip(times, others, strict=True)
    )
    found = session.run(f"SELECT {counts} FROM ({union})").fetchone()
    assert found is not None
    figures = list(map(int, found))
    reads = [Reads(*each) for each in zip(formats, figures[::2], figures[1::2], strict=True)]
    return find_date_format(reads, shapes[0].column, shapes[0].example)
