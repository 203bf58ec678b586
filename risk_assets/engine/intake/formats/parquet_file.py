"""A parquet file as typed rows, by the very rules that hold for the texts of a CSV file."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from risk_assets.engine.intake.header import Header, match_header
from risk_assets.engine.intake.quarantine import BATCH, Refused
from risk_assets.engine.intake.rules import Rule
from risk_assets.engine.intake.scan import ScannedFile, UnreadableError
from risk_assets.engine.intake.source import RowQuery
from risk_assets.engine.session import Session
from risk_assets.engine.sql import number_text, quote, read_parts

FLOATS = ("FLOAT", "DOUBLE")
#: Up to it a double holds every whole number.
LARGEST_EXACT = 2**53


class ParquetFormat:
    """Parquet files, of any types that can be read as text."""

    name = "parquet"
    suffixes = (".parquet",)

    def open(self, session: Session, file: ScannedFile, folder: Path) -> ParquetFile:
        """Open a parquet file. Raises UnreadableError."""
        del folder  # no copy is needed
        with _damage_reported(session, file.path):
            kinds = session.describe(file.path)
        return ParquetFile(file.path, kinds, match_header(list(kinds), session.columns))


@dataclass(frozen=True)
class ParquetFile:
    """A parquet file, the kind of each of its columns, and where the declared ones are."""

    path: Path
    kinds: Mapping[str, str]
    header: Header
    tidy: bool = False

    def count(self, session: Session) -> int:
        """Return the number of rows."""
        [(rows,)] = session.run(f"SELECT count(*) FROM {read_parts([self.path])}").fetchall()
        return int(rows)

    def load(self, session: Session, rows_of: RowQuery) -> int:
        """Load the rows into the row table; none is ever misshapen, so the answer is 0."""
        names = list(self.kinds)
        cells = [None if position is None else names[position] for position in self.header.positions]
        columns = session.columns
        measured = {columns.names.index(column.name) for column in columns.numbers}
        texts = ", ".join(
            f"{self._text(name, is_name=number not in measured)} AS r{number}" for number, name in enumerate(cells)
        )
        with _damage_reported(session, self.path):
            session.load_rows(rows_of(f"SELECT {texts} FROM {read_parts([self.path])}"))
        return 0

    def _text(self, name: str | None, *, is_name: bool) -> str:
        return "CAST(NULL AS VARCHAR)" if name is None else _as_text(name, self.kinds[name], is_name=is_name)

    def refused(self, session: Session, misshapen: int, rules: Sequence[Rule]) -> Iterator[Refused]:
        """Yield what is refused, each row as JSON; needs the rows of `load`."""
        del misshapen  # no row of parquet is
        whole = ", ".join(f"{quote(name)} := {_as_json(name, kind)}" for name, kind in self.kinds.items())
        broken = session.run(
            "SELECT rows.rowid + 1, rows.fault, rows.value, file.raw FROM rows JOIN ("
            f"SELECT row_number() OVER () - 1 AS number, CAST(to_json(struct_pack({whole})) AS VARCHAR) AS raw "
            f"FROM {read_parts([self.path])}) AS file ON rows.rowid = file.number "
            "WHERE rows.fault IS NOT NULL ORDER BY 1"
        )
        while batch := broken.fetchmany(BATCH):
            for line, fault, value, raw in batch:
                yield Refused(line, rules[fault].kind, rules[fault].reason(value), raw)


@contextlib.contextmanager
def _damage_reported(session: Session, path: Path) -> Iterator[None]:
    """Turn what the engine says of a damaged file into UnreadableError."""
    try:
        yield
    except session.errors as error:
        damage = session.damage_of_parquet(error)
        if damage is None:
            raise
        raise UnreadableError(f"damaged parquet: {damage.replace(str(path), 'the file')}") from error


def _as_json(name: str, kind: str) -> str:
    return f"CAST({quote(name)} AS DOUBLE)" if kind in FLOATS else quote(name)


def _as_text(name: str, kind: str, *, is_name: bool) -> str:
    """Return a column as text; NaN, which data frames write for a missing value, is missing.

    They also make doubles of whole numbers beside a missing one: as a name 123.0 is "123", as in a CSV file.
    """
    value = quote(name)
    if kind not in FLOATS:
        return f"CAST({value} AS VARCHAR)"
    whole = f"WHEN abs({value}) < {LARGEST_EXACT} AND {value} = trunc({value}) "
    as_whole = f"{whole} THEN CAST(CAST({value} AS BIGINT) AS VARCHAR) " * is_name
    return f"CASE WHEN isnan({value}) THEN NULL {as_whole}ELSE {number_text(value, kind)} END"
