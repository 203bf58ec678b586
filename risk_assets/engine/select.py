"""Rows of a parquet dataset with their declared columns, as SQL or as arrays."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from risk_assets.domain.columns import Columns
from risk_assets.engine.session import Session
from risk_assets.engine.sql import held_out, literal, pattern, quote

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from risk_assets.domain.model.scorecard import Scorecard

_LOG = logging.getLogger(__name__)

Keep = Literal["training", "held out", "all"]

#: The column of `numbered_rows` that rises in reading order; settings refuse blank names, so it is free.
POSITION = quote(" ")


class SelectionError(ValueError):
    """The rows on disk are not of the declared columns."""


@dataclass(frozen=True)
class LabelledRows:
    """Rows in reading order: ids, features and target (1 is the positive label), all of the same length.

    Where an outcome is not known, `known` is False and `target` says nothing. `features` holds the numeric columns
    as float64 (NaN is missing), then the categorical ones as object (None).
    """

    ids: NDArray[np.object_]
    features: pd.DataFrame
    target: NDArray[np.int64]
    known: NDArray[np.bool_]

    @property
    def columns(self) -> dict[str, NDArray[np.float64] | NDArray[np.object_]]:
        """The features as arrays by name, as a scorecard takes them."""
        return {name: self.features[name].to_numpy() for name in self.features.columns}

    def columns_for(self, scorecard: Scorecard) -> dict[str, NDArray[np.float64] | NDArray[np.object_]]:
        """Return the columns that a scorecard wants; one that is no longer declared is missing in every row."""
        import numpy as np

        n, columns = len(self.target), self.columns
        for number in scorecard.numeric:
            if number.column not in columns or columns[number.column].dtype == np.object_:
                columns[number.column] = np.full(n, np.nan)
        for category in scorecard.categorical:
            if category.column not in columns or columns[category.column].dtype != np.object_:
                columns[category.column] = np.full(n, None, dtype=np.object_)
        return columns


def labelled_rows(
    session: Session, parts: Sequence[Path], keep: Keep, besides: Path | None = None, apart: str = ""
) -> LabelledRows:
    """Read the rows of `labelled_query`."""
    return read_labelled_rows(session, labelled_query(session, parts, keep, besides, apart))


def read_labelled_rows(session: Session, query: str) -> LabelledRows:
    """Read the rows of a query that `labelled_query` or `observed_query` made."""
    import numpy as np
    import pandas as pd

    columns = session.columns
    with declared_columns(session):
        found = session.run(query).fetchnumpy()
    series: dict[str, pd.Series[float] | pd.Series[str]] = {}
    for column in columns.numeric:
        series[column.name] = pd.Series(np.ma.filled(found[column.name], np.nan), dtype="float64")
    for name in columns.categorical:
        series[name] = pd.Series(np.ma.getdata(found[name]), dtype="object")
    target = np.ma.getdata(found[columns.target])
    return LabelledRows(
        ids=np.ma.getdata(found[columns.id]),
        features=pd.DataFrame(series, index=pd.RangeIndex(len(target)), columns=list(columns.features)),
        target=target,
        known=~np.ma.getmaskarray(found[columns.target]),
    )


@contextlib.contextmanager
def declared_columns(session: Session) -> Iterator[None]:
    """Tell what to do when a query finds that finaldata lacks a column."""
    try:
        yield
    except session.errors as error:
        if not session.lacks_column(error):
            raise
        raise SelectionError("finaldata has other columns than are declared now: materialize finaldata") from error


def require_declared_columns(session: Session, parts: Sequence[Path]) -> None:
    """Raise SelectionError when the parts lack a declared column."""
    with declared_columns(session):
        session.run(f"SELECT * FROM ({rows(session.columns, parts)}) LIMIT 0").fetchall()


def labelled_query(
    session: Session, parts: Sequence[Path], keep: Keep, besides: Path | None = None, apart: str = ""
) -> str:
    """Return a query for the rows with a label that are trained on, held out of all training, or both.

    Those of clients whose ids the query `apart` gives are left out, and the others come in any order then. So are
    rows whose fingerprint is in `besides` (see `fingerprint`), wherever they stand: the table `known_rows` holds
    the fingerprints that are in both, so that the larger set passes by and the smaller one is kept. When another
    engine wrote these, they are of no use and no row is left out. Raises SelectionError when the parts have other
    columns.
    """
    columns = session.columns
    labelled = (
        f"SELECT * FROM ({rows(columns, parts, keep, apart=apart)}) WHERE {quote(columns.target)} IS NOT NULL"
    )
    return _besides(session, labelled, besides)


def observed_query(session: Session, parts: Sequence[Path], waiting: Sequence[Path], besides: Path) -> str:
    """Return a query for all rows, known outcome or not, but for those whose fingerprint is in `besides`.

    Of the parts that are `waiting` for outcomes none counts as known. Raises as `labelled_query` does.
    """
    columns = session.columns
    every = [rows(columns, parts)] * bool(parts) + [rows(columns, waiting, outcomes=False)] * bool(waiting)
    united = " UNION ALL ".join(every or [rows(columns, ())])
    return _besides(session, f"SELECT * FROM ({united}) WHERE true", besides)


def _besides(session: Session, query: str, besides: Path | None) -> str:
    """Return a query that ends in a condition without the rows that `besides` has fingerprints of."""
    with declared_columns(session):
        session.run(f"SELECT * FROM ({query}) LIMIT 0").fetchall()
    if besides is None or not _has_fingerprints(session, besides):
        return query
    row = fingerprint(session.columns)
    known = f"SELECT {session.row_hash} AS row FROM read_parquet({literal(pattern(besides))})"
    shared = f"SELECT DISTINCT row FROM ({known}) WHERE row IN (SELECT {row} FROM ({query}))"
    session.cache_table("known_rows", [shared])
    return f"{query} AND {row} NOT IN (SELECT row FROM known_rows)"


def _has_fingerprints(session: Session, file: Path) -> bool:
    """Whether the fingerprints are this engine's: those of another one say nothing about its rows."""
    if session.row_hash in session.describe(file):
        return True
    _LOG.warning(
        "%s was written by another engine: its rows cannot be told from new ones until a model is trained", file
    )
    return False


def fingerprint(columns: Columns) -> str:
    """Return the SQL of the 64 bits by which a row is known in whatever file; each engine has its own."""
    return f"hash({', '.join(map(quote, columns.names))})"


def rows(
    columns: Columns, parts: Sequence[Path], keep: Keep = "all", *, outcomes: bool = True, apart: str = ""
) -> str:
    """Return a query for the id (text), the features (double or text) and the target (1 is positive) of rows.

    Without `outcomes` the target is NULL. Rows of clients whose ids the query `apart` gives are left out.
    """
    selected = [
        f"CAST({quote(columns.id)} AS VARCHAR) AS {quote(columns.id)}",
        *(f"CAST({quote(column.name)} AS DOUBLE) AS {quote(column.name)}" for column in columns.numeric),
        *(f"CAST({quote(name)} AS VARCHAR) AS {quote(name)}" for name in columns.categorical),
        f"CAST({_is_positive(columns) if outcomes else 'NULL'} AS BIGINT) AS {quote(columns.target)}",
    ]
    kept = {"all": "true", "held out": held_out(columns), "training": f"NOT ({held_out(columns)})"}[keep]
    others = f" AND CAST({quote(columns.id)} AS VARCHAR) NOT IN ({apart})" if apart else ""
    return f"SELECT {', '.join(selected)} FROM {_table(columns, parts)} WHERE {kept}{others}"


def numbered_rows(session: Session, parts: Sequence[Path], keep: Keep = "all") -> str:
    """Return the query of `rows` with POSITION besides, a whole number that rises in reading order.

    It is the engine's own of the row in its part, so that many threads may read; columns that are named as what it
    is made of make the engine count the rows one after the other.
    """
    columns = session.columns
    found = rows(columns, parts, keep)
    if not parts or {name.casefold() for name in columns.names} & session.position_columns:
        return f"SELECT *, row_number() OVER () AS {POSITION} FROM ({found})"
    start = "SELECT "
    return f"{start}{session.row_position} AS {POSITION}, {found[len(start) :]}"


def draw(columns: Columns) -> str:
    """Return the SQL of a whole number by which rows (see `rows`) are drawn, the same on any engine.

    It goes by the MD5 of the id, moved on by the numbers of the row, so that a client's rows do not go together.
    """
    places = enumerate(quote(column.name) for column in columns.numeric)
    moves = (
        f" + coalesce(CAST(floor(CASE WHEN abs({x}) < 1e15 THEN {x} - 1021e0 * floor({x} / 1021e0) END) "
        f"AS BIGINT), 0) * {2 * place + 7919}"
        for place, x in places
    )
    return f"(CAST('0x' || substr(md5({quote(columns.id)}), 1, 8) AS BIGINT){''.join(moves)})"


def one_in(step: int, drawn: str) -> str:
    """Return the SQL condition of one in `step` rows by their number: a fixed sample."""
    return "true" if step <= 1 else f"{drawn} % {step} = 0"


def _is_positive(columns: Columns) -> str:
    if columns.has_numeric_labels:
        return f"CAST({quote(columns.target)} AS DOUBLE) = {columns.positive}"
    return f"{quote(columns.target)} = {literal(columns.positive)}"


def _table(columns: Columns, parts: Sequence[Path]) -> str:
    if parts:
        return f"read_parquet([{', '.join(literal(pattern(part)) for part in parts)}])"
    nothing = ", ".join(f"CAST(NULL AS VARCHAR) AS {quote(name)}" for name in columns.names)
    return f"(SELECT {nothing} WHERE false)"
