"""Every client ranked by risk, scored in the engine from the scorecard."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from risk_assets.domain.columns import Columns
from risk_assets.domain.model.scorecard import Scorecard
from risk_assets.engine.model.scorecard_sql import placed, reasons_query, risk_sql, scorable
from risk_assets.engine.ranking.risk_summary import FIGURES, REASONS
from risk_assets.engine.select import POSITION, numbered_rows
from risk_assets.engine.session import Session
from risk_assets.engine.sql import literal, quote

#: A spreadsheet takes a cell that starts with one of these for a formula (OWASP, CSV injection).
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
QUOTE = literal("'")


def rank_clients(session: Session, files: Sequence[Path], scorecard: Scorecard, parquet: Path, csv: Path) -> None:
    """Score each client's latest row (the last one of `files`, in reading order) and write the ranking twice.

    Columns: the id under its declared name, risk, rank (1 is the highest risk; equal risks by id), decile (1 is
    the riskiest tenth) and the strongest reasons, in the order of rank. The CSV is for people: six decimals, and
    text that a spreadsheet would take for a formula has a ' in front.

    Only narrow rows are grouped and sorted, and may spill; the words are written as the sorted rows pass by.
    """
    session.cache_table("latest", [_latest(session, files)])
    session.cache_ordered_table("ranked", _scored(session, files, scorecard))
    session.drop_table("latest")
    [(clients,)] = session.run("SELECT count(*) FROM ranked").fetchall()
    ranking = reasons_query(scorecard, _numbered(clients, len(scorecard.features)), ("id", *FIGURES[:3]), REASONS)
    named = ", ".join((f"id AS {quote(_id_name(session.columns))}", *FIGURES))
    session.write_parquet(f"SELECT {named} FROM ({ranking})", parquet)
    session.drop_table("ranked")
    session.write_csv(_readable(session.columns, parquet), csv)


def _latest(session: Session, files: Sequence[Path]) -> str:
    client = quote(session.columns.id)
    return f"SELECT max({POSITION}) AS place FROM ({numbered_rows(session, files)}) GROUP BY {client}"


def _scored(session: Session, files: Sequence[Path], scorecard: Scorecard) -> str:
    """Return a query for id, features (x0, x1, …) and risk of the latest rows, in the order of rank."""
    cells = (f"{cell} AS x{place}" for place, cell in enumerate(scorable(session.columns, scorecard)))
    selected = ", ".join([f"{quote(session.columns.id)} AS id", *cells])
    numbered = numbered_rows(session, files)
    newest = f"SELECT {selected} FROM ({numbered}) WHERE {POSITION} IN (SELECT place FROM latest)"
    return f"SELECT *, {risk_sql(placed(scorecard))} AS risk FROM ({newest}) ORDER BY risk DESC, id"


def _numbered(clients: int, features: int) -> str:
    """Return the rows of `ranked` with rank and decile: a table keeps the order in which it was filled."""
    cells = ", ".join(["id", *(f"x{place}" for place in range(features)), "risk"])
    return f"(SELECT {cells}, rowid + 1 AS rank, 1 + rowid * 10 // {max(clients, 1)} AS decile FROM ranked)"


def _readable(columns: Columns, parquet: Path) -> str:
    """Return a query for the cells of the CSV, in the order of the parquet file."""
    name = _id_name(columns)
    heading = f"'{name}" if name.startswith(FORMULA_STARTS) else name
    texts = [f"{_harmless(quote(name))} AS {quote(heading)}", "printf('%.6f', risk) AS risk", "rank", "decile"]
    texts += [f"{_harmless(reason)} AS {reason}" for reason in FIGURES[3:]]
    return f"SELECT {', '.join(texts)} FROM read_parquet({literal(str(parquet))})"


def _harmless(text: str) -> str:
    """Return text with a ' in front where it needs one; IN with many texts would be a join and lose the order."""
    dangerous = " OR ".join(f"left({text}, 1) = {literal(start)}" for start in FORMULA_STARTS)
    return f"CASE WHEN {dangerous} THEN {QUOTE} || {text} ELSE {text} END"


def _id_name(columns: Columns) -> str:
    """Return the name of the column of ids: an id that is called like a figure of the ranking becomes client."""
    return "client" if columns.id.casefold() in FIGURES else columns.id
