"""Spark as an engine: what is kept meanwhile are parquet files in a folder that driver and workers share."""

from __future__ import annotations

import contextlib
import itertools
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlparse

from risk_assets.domain.columns import Columns
from risk_assets.engine.session import CsvForm, TypedQuery
from risk_assets.engine.spark import faults, files, writing
from risk_assets.engine.spark.application import application
from risk_assets.engine.spark.result import SparkResult
from risk_assets.engine.sql import read_parts
from risk_assets.engine.temporary_directories import HOST, own_folder
from risk_assets.settings.engine import EngineSetting

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame
    from pyspark.sql import SparkSession as Application
    from sqlglot import exp


@dataclass(frozen=True)
class SparkSession:
    """A session of the application with temporary tables of its own, and a folder that workers see too."""

    columns: Columns
    spark: Application
    folder: Path
    positioned: dict[str, str] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=itertools.count)

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
        yield replace(self, spark=self.spark.newSession(), positioned={}, columns=columns or self.columns)

    def run(self, sql: str) -> SparkResult:
        """Prepare one query; it runs when its rows are asked for."""
        return SparkResult(self._frame(_parsed(sql)), lambda: self._arrays(sql))

    def describe(self, parquet: Path) -> Mapping[str, str]:
        """Return the columns of a parquet file and their types; this process reads its end for that."""
        import duckdb

        with duckdb.connect() as connection:
            described = connection.execute(f"DESCRIBE SELECT * FROM {read_parts([parquet])}").fetchall()
        return {name: kind for name, kind, *_ in described}

    def cache_table(self, name: str, queries: Sequence[str]) -> None:
        """Keep rows as a temporary table."""
        target = self._new_folder(name)
        for query in queries:
            frame = self._frame(_parsed(query))
            frame.write.mode("append").parquet(str(target))
        self.spark.read.schema(frame.schema).parquet(files.spelled(target)).createOrReplaceTempView(name)

    def cache_ordered_table(self, name: str, query: str) -> None:
        """Keep rows in order: those of each file follow those of the one before."""
        frame, order = self._in_order(query)
        target = self._new_folder(name)
        files.without_position(frame.sort(*order) if order else frame).write.parquet(str(target))
        stored = files.read_parquet(self.spark, sorted(target.glob("part-*.parquet")), self.folder)
        found = files.shifts(stored, files.FILE_BITS)
        assert found is not None
        rows = files.numbered(self.spark, stored, found, files.FILE_BITS)
        files.without_position(rows).createOrReplaceTempView(name)

    def cache_arrays(self, name: str, blocks: Iterable[Mapping[str, Any]]) -> None:
        """Keep arrays as a temporary table: this process writes them where workers read."""
        target = self._new_folder(name)
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
        if not self._keep_rows(query):
            raise AssertionError("rows of a file have no place in it")

    def load_plain_csv(self, form: CsvForm, query: TypedQuery) -> bool:
        """Read a plain file by its lines, when it has no quotes."""
        if form.quoted:
            return False
        source = files.readable(form.path, self.folder)
        self._register("texts", files.split_lines(self.spark, source, form))
        return self._keep_rows(query("texts"))

    def load_records(self, path: Path, width: int, query: TypedQuery) -> None:
        """Read lists from JSON lines."""
        self._register("texts", files.split_json(self.spark, path, width))
        self.load_rows(query("texts"))

    def drop_rows(self, numbers: str) -> int:
        """Leave rows out of the row table from here on."""
        self.cache_table("dropped", [f"SELECT number FROM ({numbers}) AS numbers(number)"])
        dropped = self.spark.table("dropped")
        count = dropped.count()
        if count:
            rows = self.spark.table("rows")
            self._register_rows(rows.join(dropped, rows.rowid == dropped.number, "left_anti"))
        return count

    def update_rows(self, column: str, query: str) -> None:
        """Join the row table with its changes."""
        from pyspark.sql import functions

        self.cache_table("changed", [f"SELECT * FROM ({query}) AS changed(number, value)"])
        changed, rows = self.spark.table("changed"), self.spark.table("rows")
        joined = rows.join(changed, rows.rowid == changed.number, "left")
        value = functions.when(changed.number.isNotNull(), changed.value).otherwise(rows[column])
        self._register_rows(joined.withColumn(column, value).drop("number", "value"))

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
        writing.write_parquet(*self._in_order(query), self._new_folder("parquet"), target)

    def write_csv(self, query: str, target: Path) -> None:
        """Write one CSV file: workers write its pieces, which are put together here."""
        writing.write_csv(*self._in_order(query), self._new_folder("csv"), target)

    def fault_of_file(self, error: Exception) -> str | None:
        """Return what an error says of a file; a lost worker or want of memory is no fault of it."""
        return faults.fault_of_file(error)

    def damage_of_parquet(self, error: Exception) -> str | None:
        """Return how a parquet file is damaged."""
        return faults.damage_of_parquet(error)

    def lacks_column(self, error: Exception) -> bool:
        """Whether a query named a column that is not there."""
        return faults.lacks_column(error)

    def _frame(self, statement: exp.Expr) -> DataFrame:
        from risk_assets.engine.spark.dialect import translate
        from risk_assets.engine.spark.positions import number_rows

        self._register_files(statement)
        number_rows(statement, self.positioned)
        return self.spark.sql(translate(statement))

    def _in_order(self, query: str) -> tuple[DataFrame, list[Column]]:
        """Return the rows of a query and by what they are to be sorted: its own order, else that of reading."""
        from risk_assets.engine.spark.positions import POSITION, expose

        statement = _parsed(query)
        self._register_files(statement)
        order = statement.args.pop("order", None)
        if order is None and expose(statement, self.positioned):
            return self._frame(statement), [_column(POSITION)]
        frame = self._frame(statement)
        return frame, [_sorted_by(ordered) for ordered in order.expressions] if order else []

    def _keep_rows(self, query: str) -> bool:
        """Cache the row table; False when some have no place, as records that are misshapen."""
        from risk_assets.engine.spark.positions import POSITION, expose

        statement = _parsed(query)
        self._register_files(statement)
        assert expose(statement, self.positioned)
        target = self._new_folder("rows")
        frame = self._frame(statement)
        frame.write.parquet(str(target))
        stored = self.spark.read.schema(frame.schema).parquet(files.spelled(target))
        shifts = files.shifts(stored)
        if shifts is None:
            return False
        self._register_rows(files.numbered(self.spark, stored, shifts).drop(POSITION))
        return True

    def _arrays(self, query: str) -> dict[str, Any]:
        """Return columns as arrays: workers write them, and this process reads them as it reads any parquet."""
        return writing.arrays_of(*self._in_order(query), self._new_folder("arrays"))

    def _register_files(self, statement: exp.Expr) -> None:
        """Make a table of each `read_parquet([…])` in a statement."""
        from sqlglot import exp

        for call in list(statement.find_all(exp.ReadParquet)):
            paths = [files.path_of(found.this) for found in call.find_all(exp.Literal)]
            name = f"parquet_{next(self.numbers)}"
            self._register(name, files.read_parquet(self.spark, paths, self.folder))
            table = call.parent
            assert isinstance(table, exp.Table)
            table.set("this", exp.to_identifier(name))

    def _register(self, name: str, frame: DataFrame) -> None:
        """Make a table of a frame with positions, which show in its twin alone."""
        twin = f"{name}_in_order"
        frame.createOrReplaceTempView(twin)
        files.without_position(frame).createOrReplaceTempView(name)
        self.positioned[name] = twin

    def _register_rows(self, rows: DataFrame) -> None:
        from risk_assets.engine.spark.positions import POSITION

        self._register("rows", rows.withColumn(POSITION, rows.rowid))

    def _new_folder(self, name: str) -> Path:
        return self.folder / f"{name}-{next(self.numbers)}"


@contextlib.contextmanager
def open_spark(
    columns: Columns, engine: EngineSetting, *, memory_limit: str, threads: int | None, spill: Path, shared: Path
) -> Iterator[SparkSession]:
    """Open a session of the application, which goes on after it; what was kept in `shared` is removed."""
    running = application(engine, memory_limit=memory_limit, threads=threads, spill=spill)
    with own_folder(shared.absolute(), HOST) as folder:
        yield SparkSession(columns, running.newSession(), folder)


def _parsed(sql: str) -> exp.Expr:
    import sqlglot

    return sqlglot.parse_one(sql, dialect="duckdb")


def _column(name: str) -> Column:
    from pyspark.sql import functions

    return functions.col("`" + name.replace("`", "``") + "`")


def _sorted_by(ordered: exp.Expr) -> Column:
    column = _column(ordered.this.name)
    return column.desc_nulls_last() if ordered.args.get("desc") else column.asc_nulls_last()
