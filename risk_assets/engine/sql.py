"""Words of SQL: identifiers, literals and tables of files, in DuckDB's dialect."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from risk_assets.domain.columns import Columns
from risk_assets.domain.spreadsheet import FORMULA_STARTS


def quote(name: str) -> str:
    """Return a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return text as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def double(number: float) -> str:
    """Return a number as an SQL double, to the last bit."""
    return f"CAST('{float(number)!r}' AS DOUBLE)"


def number_text(value: str, kind: str = "DOUBLE") -> str:
    """Return the SQL of a number's shortest text; the cast to its own kind tells another engine what it is."""
    return f"CAST(CAST({value} AS {kind}) AS VARCHAR)"


def date_text(value: str) -> str:
    """Return the SQL text of a time: its date alone where it is midnight."""
    day = f"CAST({value} AS DATE)"
    whole = f"CAST({day} AS TIMESTAMP) = {value}"
    return f"CASE WHEN {whole} THEN CAST({day} AS VARCHAR) ELSE CAST({value} AS VARCHAR) END"


def harmless_sql(text: str) -> str:
    """Return text with a ' in front where a spreadsheet would take it for a formula, as `harmless` does."""
    # IN with many texts would be a join and lose the order
    dangerous = " OR ".join(f"left({text}, 1) = {literal(start)}" for start in FORMULA_STARTS)
    return f"CASE WHEN {dangerous} THEN chr(39) || {text} ELSE {text} END"


def month_number(value: str) -> str:
    """Return the SQL of the month of a time as a whole number: months that follow each other differ by one."""
    return f"12 * CAST(extract(year FROM {value}) AS BIGINT) + CAST(extract(month FROM {value}) AS BIGINT)"


def pattern(path: Path) -> str:
    """Return a path as the engine's glob pattern of just this file."""
    return "".join(f"[{character}]" if character in "*?[" else character for character in str(path))


def read_parts(parts: Sequence[Path]) -> str:
    """Return the SQL table of parquet parts, in the order given; columns of any name may be in them."""
    paths = ", ".join(literal(pattern(part)) for part in parts)
    return f"read_parquet([{paths}])"


def held_out(columns: Columns) -> str:
    """Return the SQL condition of the clients (a tenth, by the MD5 of the id) that no model is trained on."""
    return f"CAST('0x' || substr(md5({quote(columns.id)}), 1, 8) AS BIGINT) % 10 = 0"


def in_share(columns: Columns, share: float, purpose: str) -> str:
    """Return the SQL condition of a share of the clients, drawn by the MD5 of the id for this purpose alone."""
    drawn = f"substr(md5({literal(f'{purpose} ')} || {quote(columns.id)}), 1, 8)"
    return f"CAST('0x' || {drawn} AS BIGINT) < {round(share * 2**32)}"


def stored_label(columns: Columns, label: str) -> str:
    """Return a label as SQL, as finaldata holds it."""
    return label if columns.has_numeric_labels else literal(label)
