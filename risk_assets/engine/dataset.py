"""Parts of finaldata as one SQL table, with the outcome of each row: from its file, or from dates of leaving."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from risk_assets.domain.columns import Columns
from risk_assets.engine.derived_sql import derived_sql
from risk_assets.engine.session import Session
from risk_assets.engine.sql import held_out, literal, quote, read_parts, stored_label

Keep = Literal["training", "held out", "all"]

#: The column that rises in reading order; settings refuse blank names, so it is free.
POSITION = quote(" ")
#: The columns of the file of leavings.
CLIENT, SINCE, LEFT_ON = "client", "since", "left_on"
#: In tables with outcomes the next leaving of the client after the row; NULL or NOT_YET where none is known.
NEXT_LEAVING = quote(" left on")
#: What stands for "never before" and "not yet" there.
NEVER, NOT_YET = "0001-01-01", "9999-12-31"


@dataclass(frozen=True)
class Outcomes:
    """Dates of leaving, and which rows they decide.

    `leavings` is a parquet file with a row for each time between two leavings of a client: `client`, `since` (the
    leaving before, NEVER for none) and `left_on` (the next one, NOT_YET for none). A row of a client is complete
    when its date is not after `complete_until`: then it has left if the next leaving is at most `horizon_days`
    later. One that is at most so many days younger than the leaving before it is a stale listing. A client has
    left if the next leaving is not after `reached`; with `as_told`, later leavings make no row stale. Dates are
    ISO 8601; "" is before all rows.
    """

    leavings: Path
    complete_until: str
    reached: str
    horizon_days: int
    as_told: bool = False


@dataclass(frozen=True)
class Dataset:
    """Parts in reading order, and the outcomes of their rows where files do not hold them."""

    parts: tuple[Path, ...]
    outcomes: Outcomes | None = None

    def __post_init__(self) -> None:
        """Let no rows have no outcomes."""
        if not self.parts:
            object.__setattr__(self, "outcomes", None)

    def of(self, parts: Iterable[Path]) -> Dataset:
        """Return other parts with the same outcomes."""
        return replace(self, parts=tuple(parts))


def table(columns: Columns, data: Dataset) -> str:
    """Return the SQL table of the declared columns of a dataset, but for stale listings."""
    return _labelled(columns, _source(columns, data), data.outcomes)


def _numbered_table(session: Session, data: Dataset) -> str:
    """Return the SQL table with POSITION besides, a whole number that rises in reading order.

    It is the engine's own of the row in its part, so that many threads may read; columns that are named as what it
    is made of make the engine count the rows one after the other.
    """
    columns = session.columns
    taken = {name.casefold() for name in columns.names} & session.position_columns
    position = "row_number() OVER ()" if taken or not data.parts else session.row_position
    source = f"(SELECT *, {position} AS {POSITION} FROM {_source(columns, data)})"
    return _labelled(columns, source, data.outcomes, POSITION)


def _source(columns: Columns, data: Dataset) -> str:
    if data.parts:
        return read_parts(data.parts)
    nothing = ", ".join(f"CAST(NULL AS VARCHAR) AS {quote(name)}" for name in columns.names)
    return f"(SELECT {nothing} WHERE false)"


def _labelled(columns: Columns, source: str, outcomes: Outcomes | None, *more: str) -> str:
    if outcomes is None:
        return source
    assert columns.as_of is not None  # settings see to it
    kept = [f"rows.{quote(name)}" for name in columns.names if name != columns.target]
    as_of = f"rows.{quote(columns.as_of)}"
    between = f"{as_of} >= {SINCE} AND {as_of} < {LEFT_ON}"
    leavings = f"(SELECT {CLIENT}, {SINCE}, {LEFT_ON} FROM {read_parts([outcomes.leavings])})"
    untold = f"{SINCE} > {moment(outcomes.reached or NEVER)}" if outcomes.as_told else "false"
    label = f"{_label(columns, as_of, outcomes)} AS {quote(columns.target)}"
    return (
        f"(SELECT {', '.join([*kept, *(f'rows.{name}' for name in more), label, f'{LEFT_ON} AS {NEXT_LEAVING}'])} "
        f"FROM {source} AS rows LEFT JOIN {leavings} AS leavings "
        f"ON rows.{quote(columns.id)} = {CLIENT} AND {between} "
        f"WHERE {SINCE} IS NULL OR {untold} "
        f"OR {as_of} > {SINCE} + INTERVAL {outcomes.horizon_days} DAY)"
    )


def _label(columns: Columns, as_of: str, outcomes: Outcomes) -> str:
    positive, negative = (stored_label(columns, label) for label in (columns.positive, columns.negative))
    left = f"{LEFT_ON} <= {as_of} + INTERVAL {outcomes.horizon_days} DAY"
    if not outcomes.complete_until:
        return f"CASE WHEN false THEN {positive} END"
    complete = f"{as_of} <= {moment(outcomes.complete_until)}"
    return f"CASE WHEN {complete} THEN CASE WHEN {left} THEN {positive} ELSE {negative} END END"


def moment(text: str) -> str:
    """Return an ISO 8601 date or date-time as SQL."""
    return f"CAST({literal(text.replace('T', ' '))} AS TIMESTAMP)"


def rows(columns: Columns, data: Dataset, keep: Keep = "all", *, outcomes: bool = True, apart: str = "") -> str:
    """Return a query for what is known of rows: numbers as double, the target 1 where it is positive.

    Without `outcomes` the target is NULL. Rows of clients whose ids the query `apart` gives are left out.
    """
    kept = _kept(columns, keep, apart)
    return f"SELECT {_cells(columns, outcomes=outcomes)} FROM {table(columns, data)} WHERE {kept}"


def numbered_rows(session: Session, data: Dataset) -> str:
    """Return the query of `rows` with POSITION besides, and NEXT_LEAVING where outcomes tell it."""
    cells = f"{POSITION}, {_cells(session.columns, outcomes=True)}"
    leaving = f", {NEXT_LEAVING}" if data.outcomes else ""
    return f"SELECT {cells}{leaving} FROM {_numbered_table(session, data)}"


def _cells(columns: Columns, *, outcomes: bool) -> str:
    numbers = {column.name for column in columns.numbers}

    def cell(name: str) -> str:
        if name == columns.target:
            return f"CAST({_is_positive(columns) if outcomes else 'NULL'} AS BIGINT)"
        kind = "DOUBLE" if name in numbers else "TIMESTAMP" if name in columns.dated else "VARCHAR"
        return f"CAST({quote(name)} AS {kind})"

    return ", ".join([*(f"{cell(name)} AS {quote(name)}" for name in columns.names), *derived_sql(columns)])


def _kept(columns: Columns, keep: Keep, apart: str) -> str:
    kept = {"all": "true", "held out": held_out(columns), "training": f"NOT ({held_out(columns)})"}[keep]
    return f"{kept} AND CAST({quote(columns.id)} AS VARCHAR) NOT IN ({apart})" if apart else kept


def _is_positive(columns: Columns) -> str:
    if columns.has_numeric_labels:
        return f"CAST({quote(columns.target)} AS DOUBLE) = {columns.positive}"
    return f"{quote(columns.target)} = {literal(columns.positive)}"
