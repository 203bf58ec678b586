"""The current clients ranked by risk, scored in the engine from the scorecard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from risk_assets.domain.columns import Columns
from risk_assets.domain.model.scorecard import Scorecard
from risk_assets.domain.spreadsheet import FORMULA_STARTS, harmless
from risk_assets.engine.model.scorecard_sql import change_query, placed, reasons_query, risk_sql, scorable
from risk_assets.engine.ranking.risk_summary import FIGURES, NUMBERS, REASONS, TEXTS
from risk_assets.engine.select import POSITION, numbered_rows
from risk_assets.engine.session import Session
from risk_assets.engine.sql import literal, quote

QUOTE = literal("'")


@dataclass(frozen=True)
class RankingFiles:
    """Where the ranking is written, for programs and for people, and the status of every client."""

    parquet: Path
    csv: Path
    status: Path


def rank_clients(session: Session, files: Sequence[Path], scorecard: Scorecard, target: RankingFiles) -> None:
    """Score the latest row of each current client (the last one of `files`, in reading order), and write it twice.

    Those whose latest known outcome is that they left are not ranked; the status of all clients is written by
    itself. Columns: the id under its declared name, risk, rank (1 is the highest risk; equal risks by id), decile
    (1 is the riskiest tenth), the risk of the client's row before by the same model and the change since, the
    strongest reasons, and what moved the risk, in the order of rank. The CSV is for people: six decimals, and text
    that a spreadsheet would take for a formula has a ' in front.

    Only narrow rows are grouped and sorted, and may spill; the words are written as the sorted rows pass by.
    """
    numbered = numbered_rows(session, files)
    session.cache_table("latest", [_latest(session.columns, numbered)])
    session.write_parquet(_status(session.columns, numbered), target.status)
    session.cache_table("previous", [_previous(session, numbered, scorecard)])
    session.cache_ordered_table("ranked", _scored(session, numbered, scorecard))
    for name in ("latest", "previous"):
        session.drop_table(name)
    [(clients,)] = session.run("SELECT count(*) FROM ranked").fetchall()
    changed = change_query(scorecard, _numbered(clients, len(scorecard.features)))
    ranking = reasons_query(scorecard, changed, ("id", *NUMBERS, "change_reason"), REASONS)
    named = ", ".join((f"id AS {quote(_id_name(session.columns))}", *FIGURES))
    session.write_parquet(f"SELECT {named} FROM ({ranking})", target.parquet)
    session.drop_table("ranked")
    session.write_csv(_readable(session.columns, target.parquet), target.csv)


def _latest(columns: Columns, numbered: str) -> str:
    """Return a query for the place of each client's latest row, and whether its latest known outcome is 1."""
    # rises with the place; its last bit is the outcome, and no outcome gives none
    known = f"2 * {POSITION} + {quote(columns.target)}"
    return (
        f"SELECT max({POSITION}) AS place, coalesce(max({known}) % 2, 0) AS has_left "
        f"FROM ({numbered}) GROUP BY {quote(columns.id)}"
    )


def _status(columns: Columns, numbered: str) -> str:
    """Return a query for the id and the status of every client, by id."""
    return (
        f"SELECT {quote(columns.id)} AS {quote(_id_name(columns))}, "
        "CASE WHEN has_left = 1 THEN 'left' ELSE 'current' END AS status "
        f"FROM ({numbered}) JOIN latest ON {POSITION} = latest.place ORDER BY {quote(_id_name(columns))}"
    )


def _previous(session: Session, numbered: str, scorecard: Scorecard) -> str:
    """Return a query for id, features (y0, y1, …) and risk of the row before the latest one of current clients."""
    client = quote(session.columns.id)
    cells = (f"{cell} AS y{place}" for place, cell in enumerate(scorable(session.columns, scorecard)))
    selected = ", ".join([f"{client} AS before_id", *cells])
    before = (
        f"SELECT max({POSITION}) AS place FROM ({numbered}) "
        f"WHERE {POSITION} NOT IN (SELECT place FROM latest) GROUP BY {client}"
    )
    rows = f"SELECT {selected} FROM ({numbered}) WHERE {POSITION} IN ({before})"
    return f"SELECT *, {risk_sql(placed(scorecard, 'y'))} AS previous_risk FROM ({rows})"


def _scored(session: Session, numbered: str, scorecard: Scorecard) -> str:
    """Return a query for id, features and risk of the rows to rank and of those before, in the order of rank."""
    cells = (f"{cell} AS x{place}" for place, cell in enumerate(scorable(session.columns, scorecard)))
    selected = ", ".join([f"{quote(session.columns.id)} AS id", *cells])
    current = "SELECT place FROM latest WHERE has_left = 0"
    newest = f"SELECT {selected} FROM ({numbered}) WHERE {POSITION} IN ({current})"
    scored = f"SELECT *, {risk_sql(placed(scorecard))} AS risk FROM ({newest})"
    return f"SELECT * FROM ({scored}) LEFT JOIN previous ON id = before_id ORDER BY risk DESC, id"


def _numbered(clients: int, features: int) -> str:
    """Return the rows of `ranked` with rank, decile and change: a table keeps the order in which it was filled."""
    cells = ", ".join(["id", *(f"{letter}{place}" for letter in "xy" for place in range(features)), "risk"])
    return (
        f"(SELECT {cells}, rowid + 1 AS rank, 1 + rowid * 10 // {max(clients, 1)} AS decile, "
        "previous_risk, risk - previous_risk AS change FROM ranked)"
    )


def _readable(columns: Columns, parquet: Path) -> str:
    """Return a query for the cells of the CSV, in the order of the parquet file."""
    name = _id_name(columns)
    shown = f"{_harmless(quote(name))} AS {quote(harmless(name))}"
    whole = {"rank", "decile"}
    numbers = (each if each in whole else f"{_six_decimals(each)} AS {each}" for each in NUMBERS)
    texts = (f"{_harmless(text)} AS {text}" for text in TEXTS)
    return f"SELECT {', '.join([shown, *numbers, *texts])} FROM read_parquet({literal(str(parquet))})"


def _six_decimals(number: str) -> str:
    return f"CASE WHEN {number} IS NOT NULL THEN printf('%.6f', {number}) END"


def _harmless(text: str) -> str:
    """Return text with a ' in front where it needs one; IN with many texts would be a join and lose the order."""
    dangerous = " OR ".join(f"left({text}, 1) = {literal(start)}" for start in FORMULA_STARTS)
    return f"CASE WHEN {dangerous} THEN {QUOTE} || {text} ELSE {text} END"


def _id_name(columns: Columns) -> str:
    """Return the name of the column of ids: an id that is called like a figure of the ranking becomes client."""
    return "client" if columns.id.casefold() in FIGURES else columns.id
