"""Spark as an engine: what is kept meanwhile are parquet files in a folder that driver and workers share."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlparse

from risk_assets.domain.columns import Columns
from risk_assets.engine.session import CsvForm, TypedQuery
from risk_assets.engine.spark import faults, files, writing
from risk_assets.engine.spark.application import application
from risk_assets.engine.spark.result import SparkResult
from risk_assets.engine.spark.tables import Tables, parsed
from risk_assets.engine.sql import read_parts
from risk_assets.engine.temporary_directories import HOST, own_folder
from risk_assets.settings.engine import EngineSetting

if TYPE_CHECKING:
    from pyspark.sql import SparkSession as Application


@dataclass(frozen=True)
class SparkSession:
    """A session of the application with temporary tables of its own, and a folder that workers see too."""

    columns: Columns
    tables: Tables

    @property
    def spark(self) -> Application:
        """Return the application's session."""
        return self.tables.spark

    @property
    def folder(self) -> Path:
        """Return the folder that driver and workers share."""
        return self.tables.folder

    @property
    def engine(self) -> str:
        """Return the engine with its version."""
        return f"spark {self.spark.version}"

    @property
    def row_hash(self) -> str:
        """Return the name of the column of row hashes."""
        return "row_xxhash64"

    @property
    def row_position(self) -> str:
        """Return the place of a row, which its file tells."""
        return "row_number() OVER ()"

    @property
    def position_columns(self) -> frozenset[str]:
        """Return nothing: no column of the files is in the way."""
        return frozenset()

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """Return what Spark and the driver's own DuckDB raise."""
        return faults.errors()

    @property
    def parallel_reads(self) -> int:
        """Return 2: the driver looks at one file while the workers read another."""
        return 2

    @contextlib.contextmanager
    def new_connection(self, columns: Columns | None = None) -> Iterator[SparkSession]:
        """Open another session of the application, with the same folder."""
        tables = replace(self.tables, spark=self.spark.newSession(), positioned={})
        yield SparkSession(columns or self.columns, tables)

    def run(self, sql: str) -> SparkResult:
        """Prepare one query; it runs when its rows are asked for."""
        return SparkResult(self.tables.frame(parsed(sql)), lambda: self._arrays(sql))

    def describe(self, parquet: Path) -> Mapping[str, str]:
        """Return the columns of a parquet file and their types; this process reads its end for that."""
        import duckdb

        with duckdb.connect() as connection:
            described = connection.execute(f"DESCRIBE SELECT * FROM {read_parts([parquet])}").fetchall()
        return {name: kind for name, kind, *_ in described}

    def cache_table(self, name: str, queries: Sequence[str]) -> None:
        """Keep rows as a temporary table."""
        target = self.tables.new_folder(name)
        for query in queries:
            frame = self.tables.frame(parsed(query))
            frame.write.mode("append").parquet(str(target))
        self.spark.read.schema(frame.schema).parquet(files.spelled(target)).createOrReplaceTempView(name)

    def cache_ordered_table(self, name: str, query: str) -> None:
        """Keep rows in order: those of each file follow those of the one before."""
        frame, order = self.tables.in_order(query)
        target = self.tables.new_folder(name)
        files.without_position(frame.sort(*order) if order else frame).write.parquet(str(target))
        stored = files.read_parquet(self.spark, sorted(target.glob("part-*.parquet")), self.folder)
        found = files.shifts(stored, files.FILE_BITS)
        assert found is not None
        rows = files.numbered(self.spark, stored, found, files.FILE_BITS)
        files.without_position(rows).createOrReplaceTempView(name)

    def cache_arrays(self, name: str, blocks: Iterable[Mapping[str, Any]]) -> None:
        """Keep arrays as a temporary table: this process writes them where workers read."""
        target = self.tables.new_folder(name)
        writing.write_arrays(blocks, target)
        self.spark.read.parquet(files.spelled(target)).createOrReplaceTempView(name)

    def drop_table(self, name: str) -> None:
        """Drop a temporary table with its files."""
        paths = {Path(unquote(urlparse(uri).path)).parent for uri in self.spark.table(name).inputFiles()}
        self.spark.catalog.dropTempView(name)
        for folder in paths:
            shutil.rmtree(folder)

    @contextlib.contextmanager
    def cache_on_disk(self, name: str, query: str) -> Iterator[str]:
        """Keep rows as a temporary table for a while."""
        self.cache_table(name, [query])
        try:
            yield name
        finally:
            self.drop_table(name)

    def load_rows(self, query: str) -> None:
        """Load the rows of a query into the row table."""
        if not self.tables.keep_rows(query):
            raise AssertionError("rows of a file have no place in it")

    def load_plain_csv(self, form: CsvForm, query: TypedQuery) -> bool:
        """Read a plain file by its lines, when it has no quotes."""
        if form.quoted:
            return False
        source = files.readable(form.path, self.folder)
        self.tables.register("texts", files.split_lines(self.spark, source, form))
        return self.tables.keep_rows(query("texts"))

    def load_records(self, path: Path, width: int, query: TypedQuery) -> None:
        """Read lists from JSON lines."""
        self.tables.register("texts", files.split_json(self.spark, path, width))
        self.load_rows(query("texts"))

    def drop_rows(self, numbers: str) -> int:
        """Leave rows out of the row table from here on."""
        self.cache_table("dropped", [f"SELECT number FROM ({numbers}) AS numbers(number)"])
        dropped = self.spark.table("dropped")
        count = dropped.count()
        if count:
            rows = self.spark.table("rows")
            self.tables.register_rows(rows.join(dropped, rows.rowid == dropped.number, "left_anti"))
        return count

    def update_rows(self, column: str, query: str) -> None:
        """Join the row table with its changes."""
        from pyspark.sql import functions

        self.cache_table("changed", [f"SELECT * FROM ({query}) AS changed(number, value)"])
        changed, rows = self.spark.table("changed"), self.spark.table("rows")
        joined = rows.join(changed, rows.rowid == changed.number, "left")
        value = functions.when(changed.number.isNotNull(), changed.value).otherwise(rows[column])
        self.tables.register_rows(joined.withColumn(column, value).drop("number", "value"))

    def cache_repeated_hashes(self, queries: Sequence[str], rows: int) -> tuple[int, ...]:
        """Count hashes, on the workers."""
        del rows
        marked = " UNION ALL ".join(
            f"SELECT h, {place} AS place FROM ({query})" for place, query in enumerate(queries)
        )
        self.cache_table("repeats", [f"SELECT h FROM ({marked}) GROUP BY h HAVING count(*) > 1"])
        if self.spark.table("repeats").isEmpty():
            return ()
        places = self.run(
            f"SELECT DISTINCT place FROM ({marked}) WHERE h IN (SELECT h FROM repeats) ORDER BY place"
        )
        return tuple(place for (place,) in places.fetchall())

    def write_parquet(self, query: str, target: Path) -> None:
        """Write one parquet file: one task sorts and writes it."""
        writing.write_parquet(*self.tables.in_order(query), self.tables.new_folder("parquet"), target)

    def write_csv(self, query: str, target: Path) -> None:
        """Write one CSV file: workers write its pieces, which are put together here."""
        writing.write_csv(*self.tables.in_order(query), self.tables.new_folder("csv"), target)

    def fault_of_file(self, error: Exception) -> str | None:
        """Return what an error says of a file; a lost worker or want of memory is no fault of it."""
        return faults.fault_of_file(error)

    def damage_of_parquet(self, error: Exception) -> str | None:
        """Return how a parquet file is damaged."""
        return faults.damage_of_parquet(error)

    def lacks_column(self, error: Exception) -> bool:
        """Whether a query named a column that is not there."""
        return faults.lacks_column(error)

    def _arrays(self, query: str) -> dict[str, Any]:
        """Return columns as arrays: workers write them, and this process reads them as it reads any parquet."""
        return writing.arrays_of(*self.tables.in_order(query), self.tables.new_folder("arrays"))


@contextlib.contextmanager
def open_spark(
    columns: Columns, engine: EngineSetting, *, memory_limit: str, threads: int | None, spill: Path, shared: Path
) -> Iterator[SparkSession]:
    """Open a session of the application, which goes on after it; what was kept in `shared` is removed."""
    running = application(engine, memory_limit=memory_limit, threads=threads, spill=spill)
    with own_folder(shared.absolute(), HOST) as folder:
        yield SparkSession(columns, Tables(running.newSession(), folder))
