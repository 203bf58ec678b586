"""Rows that come to this process, with Python's own kinds as DuckDB gives them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


class SparkResult:
    """The rows of a query, which runs when they are asked for."""

    def __init__(self, frame: DataFrame, arrays: Callable[[], dict[str, Any]]) -> None:
        self._frame = frame
        self._arrays = arrays
        self._rest: Iterator[tuple[Any, ...]] | None = None

    def fetchone(self) -> tuple[Any, ...] | None:
        """Return the first row, or the next one."""
        if self._rest is None:
            self._rest = iter(self.fetchall())
        return next(self._rest, None)

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Return all rows."""
        return [_tuple(row) for row in self._frame.collect()]

    def fetchmany(self, size: int) -> list[tuple[Any, ...]]:
        """Return the next rows; no more than a partition of them is here at a time."""
        if self._rest is None:
            self._rest = map(_tuple, self._frame.toLocalIterator())
        return list(itertools.islice(self._rest, size))

    def fetchnumpy(self) -> dict[str, Any]:
        """Return the columns as arrays, in reading order."""
        return self._arrays()


def _tuple(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(map(_plain, row))


def _plain(value: object) -> object:
    """Return a value as DuckDB's: structs as dicts, wide whole numbers as int."""
    if isinstance(value, Decimal):
        return int(value) if value.as_tuple().exponent == 0 else value
    if isinstance(value, tuple):
        return {name: _plain(item) for name, item in zip(value.__fields__, value, strict=True)}  # type: ignore[attr-defined]
    if isinstance(value, list):
        return list(map(_plain, value))
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return bytes(value) if isinstance(value, bytearray) else value
