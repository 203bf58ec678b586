"""The seam between the graph and its engines: what an engine must be able to do.

SQL is written once, in DuckDB's dialect; what cannot be said in SQL that both engines share is a method here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from risk_assets.domain.columns import Columns

#: Takes an SQL table of texts c0, c1, … (one column per field of a file) and returns the query of typed rows.
TypedQuery = Callable[[str], str]


@dataclass(frozen=True)
class CsvForm:
    """How a UTF-8 file with its header in the first line is split into `width` fields.

    No line may have more than `longest_line` bytes.
    """

    path: Path
    delimiter: str
    width: int
    quoted: bool
    longest_line: int


class Result(Protocol):
    """The rows of a query: small ones, or such as a setting bounds, for they come to this process."""

    def fetchone(self) -> tuple[Any, ...] | None:
        """Return the first row, or the next one."""

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Return all rows."""

    def fetchmany(self, size: int) -> list[tuple[Any, ...]]:
        """Return the next rows, none after the last: the memory this takes is bounded."""

    def fetchnumpy(self) -> dict[str, Any]:
        """Return the columns as arrays, masked ones where values are missing."""


class Session(Protocol):
    """An open engine and the declared columns; every engine function takes one.

    A query over parquet parts, or over the row table, without an order of its own gives its rows in reading
    order wherever they are kept, written or fetched as arrays; `row_number() OVER ()` counts in that order.
    """

    @property
    def columns(self) -> Columns:
        """The declared columns."""

    @property
    def engine(self) -> str:
        """The engine with its version: what it reads differently, or hashes differently, is kept apart by it."""

    @property
    def row_hash(self) -> str:
        """The name of the column of row hashes on disk; engines hash differently, so their names differ."""

    @property
    def row_position(self) -> str:
        """The SQL of a number that rises in reading order over the rows of parts."""

    @property
    def position_columns(self) -> frozenset[str]:
        """The columns that `row_position` is made of, in lower case."""

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """What the engine raises."""

    @property
    def parallel_reads(self) -> int:
        """How many files are well read at once, each by a session `beside` this one."""

    def new_connection(self, columns: Columns | None = None) -> AbstractContextManager[Session]:
        """Give a session with temporary tables of its own, for another thread or for other columns."""

    def run(self, sql: str) -> Result:
        """Run one query."""

    def describe(self, parquet: Path) -> Mapping[str, str]:
        """Return the columns of a parquet file and their types, as DuckDB names them."""

    def cache_table(self, name: str, queries: Sequence[str]) -> None:
        """Keep the rows of the queries, one after the other, as a temporary table."""

    def cache_ordered_table(self, name: str, query: str) -> None:
        """Keep the rows of a query in its order as a temporary table, where `rowid` counts from 0."""

    def cache_arrays(self, name: str, blocks: Iterable[Mapping[str, Any]]) -> None:
        """Keep blocks of columns, at least one, as a temporary table; columns are arrays of numbers by name."""

    def drop_table(self, name: str) -> None:
        """Let go of a temporary table."""

    def cache_on_disk(self, name: str, query: str) -> AbstractContextManager[str]:
        """Keep the rows of a query for a while, on disk as they may be many, and give their table."""

    def load_rows(self, query: str) -> None:
        """Load the rows of a query over one file into the row table `rows`, where `rowid` counts from 0."""

    def load_plain_csv(self, form: CsvForm, query: TypedQuery) -> bool:
        """Load the records of a plain file into the row table; False where its reader cannot."""

    def load_records(self, path: Path, width: int, query: TypedQuery) -> None:
        """Load the records of a file, each a line with a JSON list of `width` texts, into the row table."""

    def drop_rows(self, numbers: str) -> int:
        """Drop the rows of the row table whose `rowid` the query gives, and return how many went."""

    def update_rows(self, column: str, query: str) -> None:
        """Give a column of the row table other values: the query gives `rowid` and value, in two columns."""

    def cache_repeated_hashes(self, queries: Sequence[str], rows: int) -> tuple[int, ...]:
        """Keep the values of h that occur more than once as the table `repeats`; some may be in it several times.

        Each query gives some h, `rows` in all. Returns the places of the queries that give a repeated one.
        """

    def write_parquet(self, query: str, target: Path) -> None:
        """Write the rows of a query as one parquet file."""

    def write_csv(self, query: str, target: Path) -> None:
        """Write the rows of a query as one CSV file with a header."""

    def fault_of_file(self, error: Exception) -> str | None:
        """Return in one line what an error says of the file that was read, None when the file is sound."""

    def damage_of_parquet(self, error: Exception) -> str | None:
        """Return in one line how a parquet file is damaged, None when an error means something else."""

    def lacks_column(self, error: Exception) -> bool:
        """Whether an error means that a column is not there."""
