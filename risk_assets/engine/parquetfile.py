"""A parquet file as typed rows, by the very rules that hold for the texts of a CSV file."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from risk_assets.engine.encoding import UnreadableError
from risk_assets.engine.header import Header, match_header
from risk_assets.engine.quarantine import Refused
from risk_assets.engine.rules import rules_for, typed
from risk_assets.engine.session import Session, quote, read_parts

FLOATS = ("FLOAT", "DOUBLE")


@dataclass(frozen=True)
class ParquetFile:
    """A parquet file, the kind of each of its columns, and where the declared ones are."""

    path: Path
    kinds: Mapping[str, str]
    header: Header

    def refused(self, session: Session) -> Iterator[Refused]:
        """Yield what is refused, each row as JSON; needs the rows of `load_parquet`."""
        rules = rules_for(session.columns, self.header.spelled)
        whole = ", ".join(f"{quote(name)} := file.{quote(name)}" for name in self.kinds)
        found = session.run(
            f"SELECT file.file_row_number + 1, fault, value, CAST(to_json(struct_pack({whole})) AS VARCHAR) "
            f"FROM {read_parts([self.path])} AS file JOIN rows ON rows.rowid = file.file_row_number "
            "WHERE fault IS NOT NULL ORDER BY 1"
        )
        while row := found.fetchone():
            line, fault, value, raw = row
            yield Refused(line, rules[fault].kind, rules[fault].reason(value), raw)


def open_parquet(session: Session, source: Path) -> ParquetFile:
    """Open a parquet file. Raises UnreadableError."""
    with _damage_reported(source):
        described = session.run(f"DESCRIBE SELECT * FROM {read_parts([source])}").fetchall()
    kinds = {name: kind for name, kind, *_ in described[:-2]}
    return ParquetFile(source, kinds, match_header(list(kinds), session.columns))


def load_parquet(session: Session, file: ParquetFile) -> int:
    """Make the file's rows the rows at hand; none is ever misshapen, so the answer is 0."""
    names = list(file.kinds)
    originals = [names[place] for place in file.header.places]
    texts = ", ".join(f"{_as_text(name, file.kinds[name])} AS r{place}" for place, name in enumerate(originals))
    rules = rules_for(session.columns, file.header.spelled)
    query = typed(session.columns, rules, f"SELECT {texts} FROM {read_parts([file.path])}", tidy=False)
    with _damage_reported(file.path):
        session.run(f"CREATE OR REPLACE TEMP TABLE rows AS {query}")
    return 0


@contextlib.contextmanager
def _damage_reported(path: Path) -> Iterator[None]:
    """Turn what the engine says of a damaged file into UnreadableError."""
    import duckdb

    try:
        yield
    except (duckdb.InvalidInputException, duckdb.IOException, duckdb.SerializationException) as error:
        message = str(error).splitlines()[0].partition(": ")[2]
        raise UnreadableError(f"damaged parquet: {message.replace(str(path), 'the file')}") from error


def _as_text(name: str, kind: str) -> str:
    """Return a column as text; NaN, which data frames write for a missing value, is missing."""
    cast = f"CAST({quote(name)} AS VARCHAR)"
    return f"CASE WHEN NOT isnan({quote(name)}) THEN {cast} END" if kind in FLOATS else cast
