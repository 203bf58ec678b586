"""Temporary views of a Spark session, and the frames of statements over them, with the positions of their rows."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from risk_assets.engine.spark import files

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame
    from pyspark.sql import SparkSession as Application
    from sqlglot import exp


@dataclass(frozen=True)
class Tables:
    """Views of an application's session; what is kept of them are parquet files in a folder that workers see.

    `positioned` names the twin of each view that has the positions of its rows.
    """

    spark: Application
    folder: Path
    positioned: dict[str, str] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def frame(self, statement: exp.Expr) -> DataFrame:
        """Return the rows of a statement in DuckDB's dialect."""
        from risk_assets.engine.spark.dialect import translate
        from risk_assets.engine.spark.positions import number_rows

        self.register_files(statement)
        number_rows(statement, self.positioned)
        return self.spark.sql(translate(statement))

    def in_order(self, query: str) -> tuple[DataFrame, list[Column]]:
        """Return the rows of a query and by what they are to be sorted: its own order, else that of reading."""
        from risk_assets.engine.spark.positions import POSITION, expose

        statement = parsed(query)
        self.register_files(statement)
        order = statement.args.pop("order", None)
        if order is None and expose(statement, self.positioned):
            return self.frame(statement), [_column(POSITION)]
        frame = self.frame(statement)
        return frame, [_sorted_by(ordered) for ordered in order.expressions] if order else []

    def keep_rows(self, query: str) -> bool:
        """Cache the row table; False when some have no place, as records that are misshapen."""
        from risk_assets.engine.spark.positions import POSITION, expose

        statement = parsed(query)
        self.register_files(statement)
        assert expose(statement, self.positioned)
        target = self.new_folder("rows")
        frame = self.frame(statement)
        frame.write.parquet(str(target))
        stored = self.spark.read.schema(frame.schema).parquet(files.spelled(target))
        shifts = files.shifts(stored)
        if shifts is None:
            return False
        self.register_rows(files.numbered(self.spark, stored, shifts).drop(POSITION))
        return True

    def register_files(self, statement: exp.Expr) -> None:
        """Make a table of each `read_parquet([…])` in a statement."""
        from sqlglot import exp

        for call in list(statement.find_all(exp.ReadParquet)):
            paths = [files.path_of(found.this) for found in call.find_all(exp.Literal)]
            name = f"parquet_{next(self.numbers)}"
            self.register(name, files.read_parquet(self.spark, paths, self.folder))
            table = call.parent
            assert isinstance(table, exp.Table)
            table.set("this", exp.to_identifier(name))

    def register(self, name: str, frame: DataFrame) -> None:
        """Make a table of a frame with positions, which show in its twin alone."""
        twin = f"{name}_in_order"
        frame.createOrReplaceTempView(twin)
        files.without_position(frame).createOrReplaceTempView(name)
        self.positioned[name] = twin

    def register_rows(self, rows: DataFrame) -> None:
        """Make the row table of a frame whose rows are numbered."""
        from risk_assets.engine.spark.positions import POSITION

        self.register("rows", rows.withColumn(POSITION, rows.rowid))

    def new_folder(self, name: str) -> Path:
        """Return a folder of its own for what is kept under a name."""
        return self.folder / f"{name}-{next(self.numbers)}"


def parsed(sql: str) -> exp.Expr:
    """Return the statement of a text in DuckDB's dialect."""
    import sqlglot

    return sqlglot.parse_one(sql, dialect="duckdb")


def _column(name: str) -> Column:
    from pyspark.sql import functions

    return functions.col("`" + name.replace("`", "``") + "`")


def _sorted_by(ordered: exp.Expr) -> Column:
    column = _column(ordered.this.name)
    return column.desc_nulls_last() if ordered.args.get("desc") else column.asc_nulls_last()
