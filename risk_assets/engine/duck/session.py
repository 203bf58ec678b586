"""DuckDB as the engine: embedded, with limits on its memory, its threads and where it spills to."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from risk_assets.domain.columns import Columns
from risk_assets.engine.duck.repeats import find_repeats
from risk_assets.engine.session import CsvForm, TypedQuery
from risk_assets.engine.sql import literal, pattern, read_parts
from risk_assets.engine.temporary_directories import HOST, own_folder

if TYPE_CHECKING:
    import duckdb

#: In bytes: what a record takes in JSON at most, where each of a million characters takes six.
LONGEST_RECORD = 8_000_000
#: No part has more rows.
MOST_ROWS = 2**40


@dataclass(frozen=True)
class DuckSession:
    """A connection and the declared columns."""

    columns: Columns
    connection: duckdb.DuckDBPyConnection

    @property
    def engine(self) -> str:
        """Return the engine with its version."""
        import duckdb

        return duckdb.__version__

    @property
    def row_hash(self) -> str:
        """Return the name of the column of row hashes."""
        return "row"

    @property
    def row_position(self) -> str:
        """Return the place of the part and of the row in it."""
        return f"CAST(file_index AS BIGINT) * {MOST_ROWS} + file_row_number"

    @property
    def position_columns(self) -> frozenset[str]:
        """Return the names of the reader's own columns."""
        return frozenset({"file_index", "file_row_number"})

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """Return what DuckDB raises."""
        import duckdb

        return (duckdb.Error,)

    @property
    def parallel_reads(self) -> int:
        """Return 2, for one file leaves threads idle, but no more than there are threads."""
        [(threads,)] = self.run("SELECT current_setting('threads')").fetchall()
        return min(2, int(threads))

    @contextlib.contextmanager
    def new_connection(self, columns: Columns | None = None) -> Iterator[DuckSession]:
        """Open another connection to the same engine, within its limits."""
        with contextlib.closing(self.connection.cursor()) as connection:
            _set_up(connection)
            yield replace(self, connection=connection, columns=columns or self.columns)

    def run(self, sql: str, parameters: Sequence[object] = ()) -> duckdb.DuckDBPyConnection:
        """Execute one statement."""
        return self.connection.execute(sql, list(parameters))

    def describe(self, parquet: Path) -> Mapping[str, str]:
        """Return the columns of a parquet file and their types."""
        described = self.run(f"DESCRIBE SELECT * FROM {read_parts([parquet])}").fetchall()
        return {name: kind for name, kind, *_ in described}

    def cache_table(self, name: str, queries: Sequence[str]) -> None:
        """Keep rows as a temporary table."""
        start = f"CREATE OR REPLACE TEMP TABLE {name} AS"
        for query in queries:
            self.run(f"{start} {query}")
            start = f"INSERT INTO {name}"

    def cache_ordered_table(self, name: str, query: str) -> None:
        """Keep rows in order: a table keeps the one in which it was filled."""
        self.cache_table(name, [query])

    def cache_arrays(self, name: str, blocks: Iterable[Mapping[str, Any]]) -> None:
        """Keep arrays as a temporary table."""
        start = f"CREATE OR REPLACE TEMP TABLE {name} AS"
        for block in blocks:
            self.connection.register("arrays", dict(block))
            self.run(f"{start} SELECT * FROM arrays")
            self.connection.unregister("arrays")
            start = f"INSERT INTO {name}"

    def drop_table(self, name: str) -> None:
        """Drop a temporary table."""
        self.run(f"DROP TABLE {name}")

    @contextlib.contextmanager
    def cache_on_disk(self, name: str, query: str) -> Iterator[str]:
        """Keep rows as a parquet file for a while: a temporary table would be in memory."""
        [(spill,)] = self.run("SELECT current_setting('temp_directory')").fetchall()
        with tempfile.TemporaryDirectory(dir=spill, prefix=f"{name}-") as folder:
            file = Path(folder) / "rows.parquet"
            self.write_parquet(query, file)
            yield read_parts([file])

    def load_rows(self, query: str) -> None:
        """Load the rows of a query into the row table."""
        self.cache_table("rows", [query])

    def load_plain_csv(self, form: CsvForm, query: TypedQuery) -> bool:
        """Read a plain file; the reader is forgiving, and what it refuses is misshapen."""
        import duckdb

        try:
            self.load_rows(query(_read_csv(form)))
        except duckdb.InvalidInputException:
            return False
        return True

    def load_records(self, path: Path, width: int, query: TypedQuery) -> None:
        """Read lists from JSON lines."""
        fields = ", ".join(f"nullif(fields[{place + 1}], '') AS c{place}" for place in range(width))
        lists = (
            f"read_json({literal(pattern(path))}, format = 'newline_delimited', compression = 'none', "
            f"records = false, columns = {{fields: 'VARCHAR[]'}}, maximum_object_size = {LONGEST_RECORD})"
        )
        self.load_rows(query(f"(SELECT {fields} FROM {lists})"))

    def drop_rows(self, numbers: str) -> int:
        """Delete rows of the row table."""
        found = self.run(f"DELETE FROM rows WHERE rowid IN ({numbers})").fetchone()
        assert found is not None
        return int(found[0])

    def update_rows(self, column: str, query: str) -> None:
        """Update rows of the row table."""
        self.run(
            f"UPDATE rows SET {column} = changed.value FROM ({query}) AS changed(number, value) "
            "WHERE rows.rowid = changed.number"
        )

    def cache_repeated_hashes(self, queries: Sequence[str], rows: int) -> tuple[int, ...]:
        """Find repeated hashes by sorting them in memory of bounded size."""
        return find_repeats(self.connection, queries, rows)

    def write_parquet(self, query: str, target: Path) -> None:
        """Write one parquet file."""
        self.run(f"COPY ({query}) TO {literal(str(target))} (FORMAT parquet)")

    def write_csv(self, query: str, target: Path) -> None:
        """Write one CSV file with a header."""
        self.run(f"COPY ({query}) TO {literal(str(target))} (FORMAT csv, HEADER)")

    def fault_of_file(self, error: Exception) -> str | None:
        """Return what an error says of a file; a lack of memory is no fault of it."""
        import duckdb

        if isinstance(error, duckdb.OutOfMemoryException | duckdb.FatalException | duckdb.InterruptException):
            return None
        return str(error).splitlines()[0]

    def damage_of_parquet(self, error: Exception) -> str | None:
        """Return how a parquet file is damaged."""
        import duckdb

        damage = duckdb.InvalidInputException | duckdb.IOException | duckdb.SerializationException
        return str(error).splitlines()[0].partition(": ")[2] if isinstance(error, damage) else None

    def lacks_column(self, error: Exception) -> bool:
        """Whether a query named a column that is not there."""
        import duckdb

        return isinstance(error, duckdb.BinderException)


@contextlib.contextmanager
def open_duckdb(columns: Columns, *, memory_limit: str, threads: int | None, spill: Path) -> Iterator[DuckSession]:
    """Open an in-memory DuckDB that spills below `spill` beyond `memory_limit`, and close it afterwards."""
    with own_folder(spill, HOST) as own, _connected(memory_limit, threads, own) as connection:
        yield DuckSession(columns, connection)


@contextlib.contextmanager
def _connected(memory_limit: str, threads: int | None, spill: Path) -> Iterator[duckdb.DuckDBPyConnection]:
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
        _set_up(connection)
        yield connection
    finally:
        connection.close()


def _set_up(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET enable_progress_bar = false")


def _read_csv(form: CsvForm) -> str:
    cells = ", ".join(f"'c{place}': 'VARCHAR'" for place in range(form.width))
    # quoted line ends are not safe to read in parallel
    quoting = "quote = '\"', escape = '\"', parallel = false" if form.quoted else "quote = '', escape = ''"
    return (
        f"read_csv({literal(pattern(form.path))}, compression = 'none', skip = 1, header = false, {quoting}, "
        f"max_line_size = {form.longest_line}, columns = {{{cells}}}, delim = {literal(form.delimiter)}, "
        "auto_detect = false, strict_mode = true, nullstr = '')"
    )
