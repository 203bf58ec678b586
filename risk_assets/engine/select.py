"""Rows of a parquet dataset with their declared columns, as SQL or as arrays."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from risk_assets.domain.columns import Columns, DerivedColumn
from risk_assets.domain.dates import days_since_1970
from risk_assets.domain.derived import redefined
from risk_assets.engine.dataset import NEVER, Dataset, Keep, moment, rows
from risk_assets.engine.session import Session
from risk_assets.engine.sql import literal, month_number, pattern, quote

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from risk_assets.domain.model.scorecard import Scorecard

_LOG = logging.getLogger(__name__)


class SelectionError(ValueError):
    """The rows on disk are not of the declared columns."""


@dataclass(frozen=True)
class LabelledRows:
    """Rows in reading order: ids, features and target (1 is the positive label), all of the same length.

    Where an outcome is not known, `known` is False and `target` says nothing. `features` holds the numeric columns
    as float64 (NaN is missing), then the categorical ones as object (None). `carried` has what is shown beside
    them as object (None), and `value` money a year (NaN), None where no column says it. `dates` are days since
    1970, none without `as_of`. `derived` says how those features were computed that no file holds.
    """

    ids: NDArray[np.object_]
    features: pd.DataFrame
    target: NDArray[np.int64]
    known: NDArray[np.bool_]
    carried: Mapping[str, NDArray[np.object_]]
    value: NDArray[np.float64] | None
    dates: NDArray[np.float64]
    derived: tuple[DerivedColumn, ...] = ()

    @property
    def columns(self) -> dict[str, NDArray[np.float64] | NDArray[np.object_]]:
        """The features as arrays by name, as a scorecard takes them."""
        return {name: self.features[name].to_numpy() for name in self.features.columns}

    def columns_for(self, scorecard: Scorecard) -> dict[str, NDArray[np.float64] | NDArray[np.object_]]:
        """Return the columns that a scorecard wants; one not declared as it was is missing in every row."""
        import numpy as np

        changed = redefined(self.derived, scorecard.derived)
        n, columns = len(self.target), {name: self.columns[name] for name in self.columns if name not in changed}
        for number in scorecard.numeric:
            if number.column not in columns or columns[number.column].dtype == np.object_:
                columns[number.column] = np.full(n, np.nan)
        for category in scorecard.categorical:
            if category.column not in columns or columns[category.column].dtype != np.object_:
                columns[category.column] = np.full(n, None, dtype=np.object_)
        return columns


def labelled_rows(
    session: Session, data: Dataset, keep: Keep, besides: Path | None = None, apart: str = ""
) -> LabelledRows:
    """Read the rows of `labelled_query`."""
    return read_labelled_rows(session, labelled_query(session, data, keep, besides, apart))


def read_labelled_rows(session: Session, query: str) -> LabelledRows:
    """Read the rows of a query that `labelled_query` or `observed_query` made."""
    import numpy as np
    import pandas as pd

    columns = session.columns
    with declared_columns(session):
        found = session.run(query).fetchnumpy()
    series: dict[str, pd.Series[float] | pd.Series[str]] = {}
    for column in columns.numeric_features:
        series[column.name] = pd.Series(np.ma.filled(found[column.name], np.nan), dtype="float64")
    for name in columns.categorical:
        series[name] = pd.Series(np.ma.getdata(found[name]), dtype="object")
    target = np.ma.getdata(found[columns.target])
    return LabelledRows(
        ids=np.ma.getdata(found[columns.id]),
        features=pd.DataFrame(series, index=pd.RangeIndex(len(target)), columns=list(columns.features)),
        target=target,
        known=~np.ma.getmaskarray(found[columns.target]),
        carried={name: np.ma.getdata(found[name]) for name in columns.carried},
        value=None if columns.value is None else np.ma.filled(found[columns.value].astype(np.float64), np.nan),
        dates=days_since_1970(found[columns.as_of]) if columns.as_of else np.empty(0),
        derived=columns.derived,
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


def require_declared_columns(session: Session, data: Dataset) -> None:
    """Raise SelectionError when the parts lack a declared column."""
    with declared_columns(session):
        session.run(f"SELECT * FROM ({rows(session.columns, data)}) LIMIT 0").fetchall()


def labelled_query(
    session: Session, data: Dataset | NewDatasets, keep: Keep, besides: Path | None = None, apart: str = ""
) -> str:
    """Return a query for the rows with a label that are trained on, held out of all training, or both.

    Those of clients whose ids the query `apart` gives are left out, and the others come in any order then. So are
    rows whose fingerprint is in `besides` (see `fingerprint`), wherever they stand: the table `known_rows` holds
    the fingerprints that are in both, so that the larger set passes by and the smaller one is kept. When another
    engine wrote these, they are of no use and no row is left out. Raises SelectionError when the parts have other
    columns.
    """
    columns = session.columns
    if isinstance(data, Dataset):
        every = rows(columns, data, keep, apart=apart)
    else:
        every = _united([rows(columns, data.teaching, keep, apart=apart), _decided(columns, data, keep, apart)])
    return _besides(session, f"SELECT * FROM ({every}) WHERE {quote(columns.target)} IS NOT NULL", besides)


@dataclass(frozen=True)
class NewDatasets:
    """Rows that are new to a model: of files that teach, of files that wait for outcomes, and newly decided ones.

    `decided` are rows of files that are not new; those of them after `complete_until` are new if their outcome is
    known by now.
    """

    teaching: Dataset
    waiting: Dataset
    decided: Dataset
    complete_until: str


def observed_query(session: Session, new: NewDatasets, besides: Path) -> str:
    """Return a query for all new rows, known outcome or not, but for those whose fingerprint is in `besides`.

    Of the parts that are waiting for outcomes none counts as known. Raises as `labelled_query` does.
    """
    columns = session.columns
    silent = rows(columns, new.waiting, outcomes=False) if new.waiting.parts else ""
    united = _united([rows(columns, new.teaching), silent, _decided(columns, new, "all", "")])
    return _besides(session, f"SELECT * FROM ({united}) WHERE true", besides)


def _decided(columns: Columns, new: NewDatasets, keep: Keep, apart: str) -> str:
    if not new.decided.parts or columns.as_of is None:
        return ""
    later = f"{quote(columns.as_of)} > {moment(new.complete_until or NEVER)}"
    known = f"{quote(columns.target)} IS NOT NULL"
    return f"SELECT * FROM ({rows(columns, new.decided, keep, apart=apart)}) WHERE {later} AND {known}"


def _united(queries: Sequence[str]) -> str:
    return " UNION ALL ".join(filter(None, queries))


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


def one_per_client(session: Session, query: str) -> str:
    """Return the query for rows of which no two are of one client: of one month per client, drawn by its id.

    The month is drawn among all months of the rows, whether the client has a row then or not: to draw among its
    own rows would favour clients that left early. Without dates the rows are as they were.
    """
    columns = session.columns
    if columns.as_of is None:
        return query
    as_of, client = quote(columns.as_of), quote(columns.id)
    turn, month, drawn = (quote(f" {name}") for name in ("turn", "month", "drawn"))
    of_row = month_number(as_of)
    placed = "SELECT month, row_number() OVER (ORDER BY month) - 1 AS place"
    session.cache_table("months", [f"{placed} FROM (SELECT DISTINCT {of_row} AS month FROM ({query}))"])
    [(count,)] = session.run("SELECT count(*) FROM months").fetchall()
    of_client = f"CAST('0x' || substr(md5('month ' || {client}), 1, 8) AS BIGINT) % {max(count, 1)}"
    numbered = (
        f"SELECT *, row_number() OVER (PARTITION BY {client}, {of_row} ORDER BY {as_of}) AS {turn}, "
        f"{of_row} AS {month}, {of_client} AS {drawn} FROM ({query})"
    )
    names = ", ".join(f"found.{quote(name)}" for name in columns.known)
    return (
        f"SELECT {names} FROM ({numbered}) AS found JOIN months "
        f"ON {month} = months.month AND {drawn} = months.place WHERE {turn} = 1"
    )


def fingerprint(columns: Columns) -> str:
    """Return the SQL of the 64 bits by which a row is known in whatever file; each engine has its own."""
    names = [name for name in columns.names if name not in columns.optional or name == columns.target]
    return f"hash({', '.join(map(quote, names))})"


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
