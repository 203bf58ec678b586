"""The SQL that reads a source: what is new, in order, and how many rows have a cursor that cannot be followed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from risk_assets.storage.intake.database.position import Position
from risk_assets.storage.intake.database.shape import Shape, rows_of
from risk_assets.storage.intake.database.state import SourceState

if TYPE_CHECKING:
    import sqlalchemy as sa

    from risk_assets.settings import SqlSourceSetting

CURSOR = "risk_assets_cursor"
#: Types of PostgreSQL that have values beyond all others, which no later row could pass.
ENDLESS = {"timestamp", "timestamptz", "date", "float4", "float8"}
#: Types that come as they are; the others come as the text that PostgreSQL writes for them.
AS_THEY_ARE = {"int2", "int4", "int8", "float8", "bool", "text", "varchar"}
FOLLOWED = AS_THEY_ARE | {"timestamp", "timestamptz", "date"}


@dataclass(frozen=True)
class Start:
    """Where reading begins: at a position, or right after it; at the first row without one."""

    position: Position | None = None
    after: bool = False


def start_of(state: SourceState, look_back: float) -> Start:
    """Return where a look begins: the look-back before the last position, but after what is landed for good."""
    if state.cursor is None:
        return Start()
    start = state.cursor.before(look_back)
    if state.final is not None and state.final.rank >= start.rank:
        return Start(state.final, after=True)
    return Start(start)


def new_rows(source: SqlSourceSetting, shape: Shape, start: Start) -> sa.Select[Any]:
    """Return the query of the declared columns and the cursor from `start` on, by cursor and id."""
    import sqlalchemy as sa

    cursor: sa.ColumnElement[Any] = sa.column(shape.cursor)
    items = [_item(shape, spelled).label(name) for name, spelled in shape.columns.items()]
    items.append(_cursor_item(shape).label(CURSOR))
    found = sa.select(*items).select_from(rows_of(source)).where(_followed(shape))
    if start.position is not None:
        bound = _bound(shape, start.position)
        found = found.where(cursor > bound if start.after else cursor >= bound)
    return found.order_by(cursor, sa.column(shape.id))


def passed_over(source: SqlSourceSetting, shape: Shape) -> sa.Select[Any]:
    """Return the query that counts the rows whose cursor is missing or endless."""
    import sqlalchemy as sa

    cursor: sa.ColumnElement[Any] = sa.column(shape.cursor)
    return (
        sa.select(sa.func.count())
        .select_from(rows_of(source))
        .where(sa.or_(cursor.is_(None), sa.not_(_followed(shape))))
    )


def _followed(shape: Shape) -> sa.ColumnElement[bool]:
    import sqlalchemy as sa

    cursor: sa.ColumnElement[Any] = sa.column(shape.cursor)
    found: list[sa.ColumnElement[bool]] = [cursor.is_not(None)]
    if shape.is_postgres and shape.cursor_type in ENDLESS:
        found += [cursor < sa.literal_column("'infinity'"), cursor > sa.literal_column("'-infinity'")]
    if shape.is_postgres and shape.cursor_type == "numeric":
        found.append(cursor != sa.literal_column("'NaN'"))
    return sa.and_(*found)


def _item(shape: Shape, name: str) -> sa.ColumnElement[Any]:
    import sqlalchemy as sa

    column: sa.ColumnElement[Any] = sa.column(name)
    kind = shape.types[name]
    if not shape.is_postgres or kind in AS_THEY_ARE:
        return column
    text = sa.cast(column, sa.Text)
    # Its few digits, not those that it gets when it is widened: 0.1 and not 0.10000000149011612.
    return sa.cast(text, sa.Double) if kind == "float4" else text


def _cursor_item(shape: Shape) -> sa.ColumnElement[Any]:
    import sqlalchemy as sa

    return sa.column(shape.cursor) if shape.cursor_type in FOLLOWED else _item(shape, shape.cursor)


def _bound(shape: Shape, position: Position) -> sa.ColumnElement[Any]:
    """Return a position to compare with: for PostgreSQL a text of no type, which takes that of the column."""
    import sqlalchemy as sa

    if shape.is_postgres:
        return sa.literal_column("'" + position.text.replace("'", "''") + "'")
    return sa.literal(position.value)
