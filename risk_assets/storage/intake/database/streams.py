"""Rows of a source as Arrow tables, however many there are: equal rows give equal tables whatever the way."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from risk_assets.storage.intake.database.database import Database, read_error, session_settings
from risk_assets.storage.intake.database.position import CursorError
from risk_assets.storage.intake.database.query import CURSOR
from risk_assets.storage.intake.database.shape import Kind, Shape

if TYPE_CHECKING:
    import pyarrow as pa
    import sqlalchemy as sa

ROWS_AT_ONCE = 20_000
BYTES_AT_ONCE = 8 * 1024 * 1024
#: Up to it a double holds every whole number.
LARGEST_EXACT = 2**53


@contextlib.contextmanager
def streamed(database: Database, shape: Shape, query: sa.Select[Any]) -> Iterator[Iterator[pa.Table]]:
    """Run the query and yield its rows: the declared columns by their kinds, and the cursor last."""
    if database.streams_arrow:
        with _by_copy(database, query) as batches:
            yield (_as_declared(batch, shape) for batch in batches)
        return
    with database.connection.execution_options(stream_results=True, max_row_buffer=ROWS_AT_ONCE).execute(
        query
    ) as result:
        yield (_as_table(rows, shape) for rows in result.partitions(ROWS_AT_ONCE))


@contextlib.contextmanager
def _by_copy(database: Database, query: sa.Select[Any]) -> Iterator[Iterator[pa.RecordBatch]]:
    """Run the query by PostgreSQL's binary COPY; what is not read by the end is cancelled."""
    from adbc_driver_postgresql import StatementOptions, dbapi
    from sqlalchemy.dialects import postgresql

    spelling = postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]  # % is not doubled
    compiled = query.compile(dialect=spelling)
    with dbapi.connect(database.conninfo) as connection, connection.cursor() as cursor:
        for statement in session_settings():
            cursor.execute(statement)
        cursor.adbc_statement.set_options(**{StatementOptions.BATCH_SIZE_HINT_BYTES.value: str(BYTES_AT_ONCE)})
        cursor.execute(str(compiled))
        with ThreadPoolExecutor(1) as reader:
            yield _read_ahead(database, cursor.fetch_record_batch(), reader)


def _read_ahead(
    database: Database, batches: Iterator[pa.RecordBatch], reader: Executor
) -> Iterator[pa.RecordBatch]:
    """Yield the batches, while the server goes on. To Arrow a broken connection is a file that cannot be read."""
    try:
        coming = reader.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = reader.submit(next, batches, None)
            yield batch
    except OSError as error:
        raise read_error(database.source, error) from None


def _as_declared(batch: pa.RecordBatch, shape: Shape) -> pa.Table:
    import pyarrow as pa

    names = [*shape.columns, CURSOR]
    found = pa.Table.from_batches([batch]).rename_columns(names)
    cursor = batch.schema.types[-1]
    types = [_arrow_type(kind) for kind in shape.kinds.values()]
    types.append(pa.int64() if pa.types.is_integer(cursor) else cursor)
    return found.cast(pa.schema(list(zip(names, types, strict=True))))


def _as_table(rows: Sequence[sa.Row[Any]], shape: Shape) -> pa.Table:
    import pyarrow as pa

    *columns, cursor = zip(*rows, strict=True)
    arrays = [_array(values, kind) for values, kind in zip(columns, shape.kinds.values(), strict=True)]
    return pa.table([*arrays, _cursor_array(cursor)], names=[*shape.columns, CURSOR])


def _cursor_array(values: Sequence[object]) -> pa.Array:
    import pyarrow as pa

    try:
        return pa.array(values)
    except (pa.ArrowException, OverflowError) as error:
        raise CursorError(f"{values[0]!r} and the rows after it are not of one kind") from error


def _array(values: Sequence[object], kind: Kind) -> pa.Array:
    import pyarrow as pa

    if kind == "text":
        return pa.array([spelled(value) for value in values], pa.string())
    return pa.array(values, _arrow_type(kind))


def _arrow_type(kind: Kind) -> pa.DataType:
    import pyarrow as pa

    return {"integer": pa.int64(), "float": pa.float64(), "boolean": pa.bool_(), "text": pa.string()}[kind]


def spelled(value: object) -> str | None:
    """Return a value as the text that a client file would hold: 12.0 is 12, NaN is missing, truth is true."""
    if isinstance(value, bytes | memoryview):
        return "\\x" + bytes(value).hex()
    match value:
        case None | str():
            return value
        case bool():
            return str(value).lower()
        case float():
            return _spelled_float(value)
        case Decimal():
            return format(value, "f")
        case _:
            return str(value)  # a time among others: 2026-01-02 03:04:05


def _spelled_float(value: float) -> str | None:
    if math.isnan(value):
        return None
    return str(int(value)) if value.is_integer() and abs(value) < LARGEST_EXACT else repr(value)
