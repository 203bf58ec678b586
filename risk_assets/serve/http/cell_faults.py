"""What is wrong with the cells of a column as they were sent.

A column without a fault is passed over by its types, its least and its greatest cell, each found in one pass in C;
only a faulty one is looked at cell by cell.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import cast

from risk_assets.domain.columns import BLANKS, MAX_MAGNITUDE, NumericColumn
from risk_assets.domain.dates import DateFormat, time_of
from risk_assets.serve.http.replies import Fault, shown

NUMBERS = frozenset({int, float})
MISSING = type(None)
FIRST_YEAR = 1900


def cell_time(cell: object, dates: DateFormat | None) -> datetime | None:
    """Return the time that a cell spells, None for anything else."""
    return time_of(cell.strip(BLANKS), dates) if isinstance(cell, str) else None


def number_faults(column: NumericColumn, cells: Sequence[object], low: float, high: float) -> Iterable[Fault]:
    """Return the faults of a numeric column; a sum with NaN is NaN, so it is refused like infinity."""
    types = set(map(type, cells))
    if types <= NUMBERS | {MISSING}:
        numbers = cast("Sequence[float]", cells)
        if MISSING in types:
            numbers = [number for number in numbers if number is not None]
        if not numbers or (low <= min(numbers) and max(numbers) <= high and not math.isnan(sum(numbers))):
            return ()
    return _each_number_fault(column, cells, low, high)


def _each_number_fault(column: NumericColumn, cells: Sequence[object], low: float, high: float) -> Iterator[Fault]:
    for row, cell in enumerate(cells, start=1):
        if cell is None:
            continue
        if isinstance(cell, bool) or not isinstance(cell, int | float):
            yield Fault(row, column.name, f"is not a number: {shown(cell)}")
        elif not -MAX_MAGNITUDE <= cell <= MAX_MAGNITUDE:
            yield Fault(row, column.name, f"is not a finite number up to {MAX_MAGNITUDE:g}: {shown(cell)}")
        elif cell < low:
            yield Fault(row, column.name, f"is below {low:.15g}: {shown(cell)}")
        elif cell > high:
            yield Fault(row, column.name, f"is above {high:.15g}: {shown(cell)}")


def text_faults(name: str, cells: Sequence[object]) -> Iterable[Fault]:
    """Return the faults of a categorical column."""
    if set(map(type, cells)) <= {str, MISSING} and _is_unicode(cells):
        return ()
    return _each_text_fault(name, cells)


def _each_text_fault(name: str, cells: Sequence[object]) -> Iterator[Fault]:
    for row, cell in enumerate(cells, start=1):
        if not isinstance(cell, str | None):
            yield Fault(row, name, f"is not a text: {shown(cell)}")
        elif not _is_unicode([cell]):
            yield Fault(row, name, f"is not valid Unicode: {shown(cell)}")


def date_faults(name: str, cells: Sequence[object], dates: DateFormat | None) -> Iterator[Fault]:
    """Yield the faults of a column of dates."""
    spelled = "ISO 8601" if dates is None else dates.text
    for row, cell in enumerate(cells, start=1):
        if cell is None or (isinstance(cell, str) and not cell.strip(BLANKS)):
            continue
        time = cell_time(cell, dates)
        if time is None:
            yield Fault(row, name, f"is not a date as {spelled} spells it: {shown(cell)}")
        elif time.year < FIRST_YEAR:
            yield Fault(row, name, f"is before {FIRST_YEAR}: {shown(cell)}")


def id_faults(name: str, cells: Sequence[object]) -> Iterable[Fault]:
    """Return the faults of ids."""
    if set(map(type, cells)) <= {str, int, MISSING} and _is_unicode(cells):
        return ()
    return _each_id_fault(name, cells)


def _each_id_fault(name: str, cells: Sequence[object]) -> Iterator[Fault]:
    for row, cell in enumerate(cells, start=1):
        if type(cell) not in {str, int, MISSING} and not (isinstance(cell, float) and cell.is_integer()):
            yield Fault(row, name, f"is neither a text nor a whole number: {shown(cell)}")
        elif not _is_unicode([cell]):
            yield Fault(row, name, f"is not valid Unicode: {shown(cell)}")


def _is_unicode(cells: Sequence[object]) -> bool:
    """Whether no text has half of a surrogate pair, which JSON can spell and UTF-8 cannot."""
    try:
        "".join(cell for cell in cells if isinstance(cell, str)).encode()
    except UnicodeEncodeError:
        return False
    return True
