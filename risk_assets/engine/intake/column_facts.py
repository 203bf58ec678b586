"""Facts about the columns of a file that nobody has described, counted from all of its texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from risk_assets.domain.columns import Columns
from risk_assets.domain.dates import time_of
from risk_assets.domain.file_form import MISSING, FileForm
from risk_assets.domain.intake.column_roles import ColumnFacts, Kind
from risk_assets.domain.intake.date_formats import possible_formats
from risk_assets.domain.intake.number_format import NumberReading, Shape, find_format, is_number_somewhere
from risk_assets.domain.scoring.score import auc_of
from risk_assets.engine.intake.cell_sql import is_given, number
from risk_assets.engine.intake.date_sql import trimmed
from risk_assets.engine.intake.row_table import count_rows
from risk_assets.engine.intake.source import RowQuery
from risk_assets.engine.intake.spelling import shapes_of
from risk_assets.engine.session import Session

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: A column is one of numbers, or of dates, where so many of its cells are.
NEARLY_ALL = 0.98
#: Words for what is missing, and codes, occur so often at least.
OFTEN = 5
MOST_LABELS = 10
#: Rows that tell how well a column ranks alone.
RANKED_ROWS = 200_000
#: A category's rate is known from so many rows.
LEVEL_ROWS = 20


@dataclass(frozen=True)
class FileFacts:
    """The facts of a file's columns, in its order, and the format of its numbers."""

    columns: tuple[ColumnFacts, ...]
    numbers: NumberReading


class Texts(Protocol):
    """What gives the texts of each column."""

    def load(self, session: Session, rows_of: RowQuery) -> int:
        """Load the texts r0, r1, … into the row table."""


def undescribed(names: Sequence[str], form: FileForm) -> Columns:
    """Return columns by which each cell of a file is read as text."""
    return Columns(names[0], "", "1", "0", (), tuple(names[1:]), has_target=False, form=form)


def read_facts(session: Session, rows: Texts, decimal: str | None = None) -> FileFacts:
    """Return the facts of files; their texts stay in the row table as r0, r1, …; `decimal` is as said."""
    names = session.columns.names[:-1]
    cells = (f"CASE WHEN {is_given(f'r{n}', ())} THEN {trimmed(f'r{n}')} END AS r{n}" for n in range(len(names)))
    rows.load(session, lambda texts: f"SELECT {', '.join(cells)} FROM ({texts})")
    total = count_rows(session)
    shapes = {name: shapes_of(session, name, f"r{place}") for place, name in enumerate(names)}
    kinds = {name: kind_of(found) for name, found in shapes.items()}
    numbers = [shape for name, kind in kinds.items() if kind == "number" for shape in shapes[name]]
    reading = find_format([shape for shape in numbers if is_number_somewhere(shape.example)], decimal=decimal)
    return FileFacts(
        tuple(_facts(session, total, place, kinds[name], reading) for place, name in enumerate(names)),
        reading,
    )


def kind_of(shapes: Sequence[Shape]) -> Kind:
    """Return what nearly all cells of a column are, those apart that stand for missing ones."""
    given = [shape for shape in shapes if shape.example.lower() not in MISSING]
    total = sum(shape.count for shape in given)
    numbers = sum(shape.count for shape in given if is_number_somewhere(shape.example))
    dates = sum(shape.count for shape in given if time_of(shape.example) or possible_formats([shape.example]))
    words = [shape for shape in given if not is_number_somewhere(shape.example)]
    if total and dates >= NEARLY_ALL * total:
        return "date"
    # one or two words among numbers stand for what is missing; more are categories
    few = len(words) <= 2 and not any(map(str.isdigit, "".join(shape.example for shape in words)))  # noqa: PLR2004
    if total and numbers >= (NEARLY_ALL if not few else 0.5) * total and numbers:
        return "number"
    return "text"


def _facts(session: Session, total: int, place: int, kind: Kind, reading: NumberReading) -> ColumnFacts:
    name, text = session.columns.names[place], f"r{place}"
    given = is_given(text, MISSING if kind != "text" else ())
    [(count, distinct)] = session.run(
        f"SELECT count(*), count(DISTINCT {text}) FROM rows WHERE {given}"
    ).fetchall()
    labels: list[tuple[str, int]] = []
    if distinct <= MOST_LABELS:
        labels = session.run(
            f"SELECT {text}, count(*) FROM rows WHERE {given} GROUP BY 1 ORDER BY count(*) DESC, 1"
        ).fetchall()
    found = ColumnFacts(name, total, int(count), int(distinct), kind, dict(labels))
    if kind != "number":
        return found
    columns = replace(session.columns, number_format=reading.format)
    value = number(text, columns)
    words = session.run(
        f"SELECT {text} FROM rows WHERE {given} AND {value} IS NULL "
        f"GROUP BY 1 HAVING count(*) >= {OFTEN} ORDER BY 1"
    ).fetchall()
    values = session.run(
        f"SELECT {value} AS x, count(*) AS n FROM rows WHERE {value} IS NOT NULL GROUP BY 1"
    ).fetchnumpy()
    return replace(
        found,
        given=int(values["n"].sum()),
        distinct=len(values["x"]),
        words=tuple(word for (word,) in words),
        special=special_codes(np.asarray(values["x"], dtype=float), np.asarray(values["n"], dtype=int)),
    )


def special_codes(values: NDArray[np.float64], counts: NDArray[np.int64]) -> tuple[float, ...]:
    """Return the values that look like codes for something missing; values (n,) with their counts (n,).

    They are made of nines alone, occur several times, and lie beyond all others: -99 where nothing else is below
    0, or 999999999 far above all else.
    """
    found = []
    for value, count in zip(values.tolist(), counts.tolist(), strict=True):
        digits = f"{abs(value):.0f}"
        if count < OFTEN or set(digits) != {"9"} or not float(value).is_integer() or len(digits) < 2:  # noqa: PLR2004
            continue
        others = values[[set(f"{abs(other):.0f}") != {"9"} for other in values.tolist()]]
        if len(others) and ((value < 0 <= others.min()) or value > 10 * max(abs(others.max()), 9)):
            found.append(value)
    return tuple(sorted(found))


def with_auc(session: Session, facts: FileFacts, target: str, positive: str) -> FileFacts:
    """Return the facts with how well each column ranks the clients alone."""
    names = [column.name for column in facts.columns]
    columns = replace(session.columns, number_format=facts.numbers.format)
    cells = ", ".join(
        f"{number(f'r{place}', columns)} AS x{place}" if column.kind == "number" else f"r{place} AS x{place}"
        for place, column in enumerate(facts.columns)
    )
    label = f"r{names.index(target)}"
    found = session.run(
        f"SELECT {label} AS label, {cells} FROM rows WHERE {label} IS NOT NULL LIMIT {RANKED_ROWS}"
    ).fetchnumpy()
    left = np.ma.getdata(found["label"]) == positive
    return replace(
        facts,
        columns=tuple(
            replace(column, auc=_auc(left, found[f"x{place}"], column.kind))
            if column.name != target and left.any() and not left.all()
            else column
            for place, column in enumerate(facts.columns)
        ),
    )


def _auc(left: NDArray[np.bool_], cells: NDArray[np.object_], kind: Kind) -> float:
    """Return how well a column ranks alone: numbers by their order, categories by their rate."""
    missing = np.ma.getmaskarray(cells)
    if kind == "number":
        values = np.asarray(np.ma.filled(cells.astype(float), np.nan))[~missing]
        auc = auc_of(left[~missing], values)
        return 0.5 if auc != auc else max(auc, 1 - auc)  # noqa: PLR0124  # one class alone
    texts = np.where(missing, "", np.ma.getdata(cells)).astype(str)
    levels, places, counts = np.unique(texts, return_inverse=True, return_counts=True)
    if len(levels) * LEVEL_ROWS > len(texts):
        return 0.5
    rates = np.bincount(places, weights=left) / counts
    return auc_of(left, rates[places])
