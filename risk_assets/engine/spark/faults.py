"""What goes wrong on Spark, told apart: a file that cannot be read, and everything that is no fault of a file."""

from __future__ import annotations

import re

READING = re.compile(
    r"\[(FAILED_READ_FILE|CANNOT_READ_FILE_FOOTER|PARQUET_[A-Z_]+|UNABLE_TO_INFER_SCHEMA)[^\]]*\] *(.*)"
)


def errors() -> tuple[type[Exception], ...]:
    """Return what Spark, its gateway and the driver's own DuckDB raise."""
    import duckdb
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    return (PySparkException, Py4JError, duckdb.Error)


def fault_of_file(error: Exception) -> str | None:
    """Return the line that says what is wrong with a file; the loss of a worker is no fault of one."""
    found = READING.search(str(error))
    return f"{found[1]}: {found[2]}" if found else None


def damage_of_parquet(error: Exception) -> str | None:
    """Return how a parquet file is damaged."""
    import duckdb

    if isinstance(error, duckdb.InvalidInputException | duckdb.IOException | duckdb.SerializationException):
        return str(error).splitlines()[0].partition(": ")[2]
    found = READING.search(str(error))
    return found[2] if found and found[1] in {"FAILED_READ_FILE", "CANNOT_READ_FILE_FOOTER"} else None


def lacks_column(error: Exception) -> bool:
    """Whether a query named a column that is not there."""
    from pyspark.errors import PySparkException

    return isinstance(error, PySparkException) and (error.getCondition() or "").startswith("UNRESOLVED_COLUMN")
