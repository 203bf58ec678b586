"""An open engine: one DuckDB connection with its limits, and the schema it works on."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from risk_assets.domain.columns import Columns

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Session:
    """A connection and the declared columns; every engine function takes one."""

    columns: Columns
    connection: duckdb.DuckDBPyConnection

    def run(self, sql: str, parameters: Sequence[object] = ()) -> duckdb.DuckDBPyConnection:
        """Execute one statement."""
        return self.connection.execute(sql, list(parameters))


@contextlib.contextmanager
def open_session(columns: Columns, *, memory_limit: str, threads: int | None, spill: Path) -> Iterator[Session]:
    """Open an in-memory DuckDB that spills to `spill` beyond `memory_limit`, and close it afterwards."""
    import duckdb

    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": memory_limit,
        "temp_directory": str(spill),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    if threads is not None:
        config["threads"] = threads
    connection = duckdb.connect(":memory:", config=config)
    try:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET enable_progress_bar = false")
        yield Session(columns, connection)
    finally:
        connection.close()


def quote(name: str) -> str:
    """Return a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return text as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def double(number: float) -> str:
    """Return a number as an SQL double, to the last bit."""
    return f"CAST('{float(number)!r}' AS DOUBLE)"


def pattern(path: Path) -> str:
    """Return a path as the engine's glob pattern of just this file."""
    return "".join(f"[{character}]" if character in "*?[" else character for character in str(path))


def read_parts(parts: Sequence[Path]) -> str:
    """Return the SQL table of parquet parts, in the order given; columns of any name may be in them."""
    paths = ", ".join(literal(pattern(part)) for part in parts)
    return f"read_parquet([{paths}])"


def held_out(columns: Columns) -> str:
    """Return the SQL condition of the clients (a tenth, by the MD5 of the id) that no model is trained on."""
    return f"CAST('0x' || substr(md5({quote(columns.id)}), 1, 8) AS BIGINT) % 10 = 0"
