"""Clients as they are sent, checked against the declared columns and turned into columns.

The checks run column by column over sequences, in C, so that ten thousand clients cost little more than parsing
them. Only a faulty request is looked at row by row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from operator import itemgetter
from typing import NamedTuple, cast

import numpy as np

from risk_assets.domain.columns import BLANKS, Columns, DerivedColumn
from risk_assets.domain.dates import DateFormat
from risk_assets.domain.derived import day_number, derived_value, derived_values, parts_of
from risk_assets.serve.http.cell_faults import (
    MISSING,
    NUMBERS,
    cell_time,
    date_faults,
    id_faults,
    number_faults,
    text_faults,
)
from risk_assets.serve.http.replies import SHOWN_CHARACTERS, Fault, RequestError, refuse_any, shown
from risk_assets.storage.drift.predictions import Cell

Id = str | int | None


class Clients(NamedTuple):
    """Clients that keep to the declared columns.

    `n` counts them; `ids` is None when nobody gave one; `columns` holds the cells of each feature, None where one
    is missing; `missing` names the features that a row (from 0) lacks. `parts` holds the cells of columns that are
    no features, but that derived ones are made of, and `left_out` names columns of a file that are not declared.
    """

    n: int
    ids: Sequence[Id] | None
    columns: Mapping[str, Sequence[Cell]]
    missing: Mapping[int, Sequence[str]]
    parts: Mapping[str, Sequence[Cell]] = {}
    left_out: Sequence[str] = ()

    def client(self, row: int) -> dict[str, Cell]:
        """Return the features of one client."""
        return {name: cells[row] for name, cells in self.columns.items()}


class ClientValidator:
    """Checks clients against the declared columns. Raises RequestError (413, 422) that names rows and fields."""

    def __init__(self, columns: Columns, *, max_rows: int) -> None:
        self.columns = columns
        self.max_rows = max_rows
        self._allowed = frozenset((*columns.names, *columns.ignored))
        self._bounds = [(column, *column.bounds) for column in columns.numeric]
        self._dates = [name for name in columns.dated if name in columns.inputs]
        numeric = [column.name for column in columns.numeric]
        self._sent = tuple(dict.fromkeys((columns.id, *numeric, *columns.categorical, *self._dates)))
        self._features = columns.features
        self._apart = [name for name in columns.inputs if name not in self._features]

    def check_count(self, count: int) -> None:
        """Refuse no clients, and more than one request may hold."""
        if count == 0:
            raise RequestError(422, "there are no clients in the request")
        if count > self.max_rows:
            raise RequestError(413, f"more than {self.max_rows} clients in one request; send them in parts")

    def clients(self, rows: Sequence[Mapping[str, object]]) -> Clients:
        """Return checked clients from mappings of names to numbers, text and None."""
        self.check_count(len(rows))
        if set(map(type, rows)) != {dict} or not self._allowed >= set().union(*rows):
            refuse_any(self._shape_faults(rows))
        if len(rows) == 1 and (whole := self._whole_client(rows[0])):
            return whole
        sent = cells_of(rows, self._sent)
        ids = sent[self.columns.id]
        found, faults = self._cells(sent)
        refuse_any(chain(id_faults(self.columns.id, ids), *faults))
        found |= self._derived(found)
        missing: dict[int, list[str]] = {}
        for name in self._features:
            _note_missing(missing, name, found[name])
        refuse_any(_empty_faults(missing, self.columns))
        named = set(map(type, ids)) != {MISSING}
        features = {name: found[name] for name in self._features}
        parts = {name: found[name] for name in self._apart}
        return Clients(len(rows), cast("list[Id]", ids) if named else None, features, missing, parts)

    def _whole_client(self, row: Mapping[str, object]) -> Clients | None:
        """Return one client that lacks nothing and has no fault, None for any other."""
        found: dict[str, Cell] = {}
        for column, low, high in self._bounds:
            cell = row.get(column.name)
            if type(cell) not in NUMBERS:
                return None
            number = cast("float", cell)
            if not low <= number <= high or number in column.special:  # NaN is within no bounds
                return None
            found[column.name] = number
        for name in self.columns.categorical:
            found[name] = _category(row.get(name))
            if text_faults(name, (found[name],)):
                return None
        client = row.get(self.columns.id)
        if self._dates or any(id_faults(self.columns.id, (client,))):
            return None
        numbers = cast("dict[str, float | None]", found)
        found |= {column.name: derived_value(column, numbers) for column in self.columns.derived}
        if None in found.values():
            return None
        features = {feature: (found[feature],) for feature in self._features}
        parts = {part: (found[part],) for part in self._apart}
        return Clients(1, None if client is None else (cast("Id", client),), features, {}, parts)

    def _cells(
        self, sent: Mapping[str, Sequence[object]]
    ) -> tuple[dict[str, Sequence[Cell]], list[Iterable[Fault]]]:
        """Return the cells of each column as they are meant, and what is wrong with those that were sent."""
        found: dict[str, Sequence[Cell]] = {}
        faults: list[Iterable[Fault]] = []
        for column, low, high in self._bounds:
            cells = sent[column.name]
            if column.special and not column.special_levels:
                cells = [None if cell in column.special else cell for cell in cells]
            numbers = [cell for cell in cells if cell not in column.special] if column.special_levels else cells
            faults.append(number_faults(column, numbers, low, high))
            found[column.name] = cast("Sequence[Cell]", cells)
        for name in self.columns.categorical:
            cells = sent[name]
            faults.append(text_faults(name, cells))
            found[name] = [_category(cell) for cell in cells]
        for name in self._dates:
            cells = sent[name]
            faults.append(date_faults(name, cells, self.columns.dates))
            found[name] = [_category(cell) for cell in cells]
        return found, faults

    def _derived(self, found: Mapping[str, Sequence[Cell]]) -> dict[str, Sequence[Cell]]:
        """Return the cells of the derived columns."""
        if not self.columns.derived:
            return {}
        days = {name: [_day(cell, self.columns.dates) for cell in found[name]] for name in self._dates}
        numbers = cast("dict[str, Sequence[float | None]]", {**found, **days})
        return {column.name: _derived_cells(column, numbers) for column in self.columns.derived}

    def _shape_faults(self, rows: Sequence[object]) -> Iterator[Fault]:
        for place, row in enumerate(rows, start=1):
            if not isinstance(row, dict):
                yield Fault(place, None, f"a client is an object of names and values, not {shown(row)}")
            elif not row.keys() <= self._allowed:
                for name in row:
                    if name not in self._allowed:
                        yield Fault(place, name[:SHOWN_CHARACTERS], not_known(name, "field", self.columns))


def cells_of(rows: Sequence[Mapping[str, object]], names: Sequence[str]) -> dict[str, Sequence[object]]:
    """Return the cells of two columns or more, None where a row lacks one."""
    try:
        return dict(zip(names, zip(*map(itemgetter(*names), rows), strict=True), strict=True))
    except KeyError:
        return {name: [row.get(name) for row in rows] for name in names}


def not_known(name: str, what: str, columns: Columns) -> str:
    """Return in words why nothing of this name can be sent."""
    parts = parts_of(columns, name)
    if parts:
        return f"is computed here: send {' and '.join(parts)} instead"
    return f"is not a known {what}; there are {', '.join(columns.names)}"


def _derived_cells(column: DerivedColumn, cells: Mapping[str, Sequence[float | None]]) -> list[float | None]:
    """Return a derived column: of one client without arrays, which cost more than they save there."""
    if len(cells[column.parts[0]]) == 1:
        return [derived_value(column, {name: cells[name][0] for name in column.parts})]
    values = derived_values(column, {name: np.array(cells[name], dtype=np.float64) for name in column.parts})
    found = values.astype(object)
    found[np.isnan(values)] = None
    return cast("list[float | None]", found.tolist())


def _day(cell: Cell, dates: DateFormat | None) -> float | None:
    time = cell_time(cell, dates)
    return None if time is None else day_number(time.date())


def _category(cell: object) -> str | None:
    return (cell.strip(BLANKS) or None) if isinstance(cell, str) else None


def _has_blanks(cells: Iterable[object]) -> bool:
    """Return whether a cell is missing: types are told apart in half the time of comparisons with None."""
    return MISSING in set(map(type, cells))


def _note_missing(missing: dict[int, list[str]], name: str, cells: Sequence[object]) -> None:
    if _has_blanks(cells):
        for row, cell in enumerate(cells):
            if cell is None:
                missing.setdefault(row, []).append(name)


def _empty_faults(missing: Mapping[int, Sequence[str]], columns: Columns) -> Iterator[Fault]:
    """Yield the clients of whom nothing is known: a risk of them would be a guess about anybody."""
    for row, names in missing.items():
        if len(names) == len(columns.features):
            yield Fault(row + 1, None, f"has no known feature; there are {', '.join(columns.inputs)}")
