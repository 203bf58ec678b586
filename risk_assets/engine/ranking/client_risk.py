"""The current clients ranked by risk, scored in the engine from the scorecard."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from risk_assets.domain.columns import Columns
from risk_assets.domain.model.scorecard import Scorecard
from risk_assets.domain.ranking.risk_summary import FEATURE, NUMBERS, REASONS, RESERVED, TEXTS
from risk_assets.domain.spreadsheet import harmless
from risk_assets.engine.dataset import NEVER, NEXT_LEAVING, NOT_YET, POSITION, Dataset, moment, numbered_rows
from risk_assets.engine.model.bounds import cache_bounds
from risk_assets.engine.model.reasons_sql import change_query, reasons_query
from risk_assets.engine.model.scorecard_sql import log_odds_sql, placed, risk_of, risk_sql, scorable
from risk_assets.engine.session import Session
from risk_assets.engine.sql import date_text, harmless_sql, literal, quote


@dataclass(frozen=True)
class RankingFiles:
    """Where the ranking is written, for programs and for people, and the status of every client."""

    parquet: Path
    csv: Path
    status: Path


def rank_clients(session: Session, data: Dataset, scorecard: Scorecard, target: RankingFiles) -> None:
    """Score the latest row of each current client, and write the ranking twice.

    The latest row is the one of the greatest date, without dates the last in reading order. Clients that have
    left, or of which nothing was heard for a horizon, are not ranked; the status of all is written by itself.
    Columns: the id under its declared name, the date, risk and its 90 % interval, rank (1 is the highest risk,
    equal risks by id), decile (1 is the riskiest tenth), the risk of the client's row before by the same model and
    the change since, value and value at risk, what is carried, the strongest reasons, and what moved the risk, in
    the order of rank; for programs also the features. The CSV is for people: six decimals, and text
    that a spreadsheet would take for a formula has a ' in front.

    Only narrow rows are grouped and sorted, and may spill; the words are written as the sorted rows pass by.
    """
    columns, numbered = session.columns, numbered_rows(session, data)
    session.cache_table("latest", [latest_rows(columns, numbered, data)])
    session.write_parquet(_status(columns, numbered), target.status)
    session.cache_table("previous", [_previous(columns, numbered, scorecard)])
    session.cache_ordered_table("scored", f"{scored_rows(columns, numbered, scorecard)} ORDER BY id")
    cache_bounds(session, scorecard, "scored")
    session.cache_ordered_table("ranked", _sorted())
    for name in ("latest", "previous", "scored", "bounds"):
        session.drop_table(name)
    [(clients,)] = session.run("SELECT count(*) FROM ranked").fetchall()
    changed = change_query(scorecard, _numbered(columns, clients, len(scorecard.features)), columns)
    internal = [name for name, _ in columns_of(columns) if not name.startswith("reason_")]
    cells = [f"x{place}" for place in range(len(scorecard.features))]
    ranking = reasons_query(scorecard, changed, [*internal, *cells], REASONS, schema=columns)
    asked = [(cell, f"{FEATURE}{name}") for cell, name in zip(cells, scorecard.features, strict=True)]
    named = ", ".join(f"{name} AS {quote(shown)}" for name, shown in (*columns_of(columns), *asked))
    session.write_parquet(f"SELECT {named} FROM ({ranking})", target.parquet)
    session.drop_table("ranked")
    session.write_csv(_readable(columns, target.parquet), target.csv)


def latest_rows(columns: Columns, numbered: str, data: Dataset) -> str:
    """Return a query for the place of each client's latest row, its status and when it left, if outcomes tell."""
    client, order = quote(columns.id), _order(columns)
    if data.outcomes is None:
        # of rows in order the number of the last known outcome is odd where that is 1; no outcome gives none
        known = (
            f"coalesce(max(2 * {POSITION} + {quote(columns.target)}) % 2, 0)"
            if columns.as_of is None
            else f"coalesce(arg_max({quote(columns.target)}, {order}) "
            f"FILTER ({quote(columns.target)} IS NOT NULL), 0)"
        )
        status = f"CASE WHEN {known} = 1 THEN 'left' ELSE 'current' END"
        return (
            f"SELECT {_last_place(columns)} AS place, {status} AS status, CAST(NULL AS TIMESTAMP) AS left_on "
            f"FROM ({numbered}) GROUP BY {client}"
        )
    of_client = (
        f"SELECT {_last_place(columns)} AS place, max({order}) AS heard, "
        f"arg_max({NEXT_LEAVING}, {order}) AS leaving FROM ({numbered}) GROUP BY {client}"
    )
    newest = f"max(heard) OVER (PARTITION BY 1) - INTERVAL {data.outcomes.horizon_days} DAY"
    left = f"leaving <= {moment(data.outcomes.reached or NEVER)}"
    return (
        f"SELECT place, CASE WHEN {left} THEN 'left' WHEN heard < limit_ THEN 'known before' ELSE 'current' END "
        f"AS status, CASE WHEN leaving < {moment(NOT_YET)} THEN leaving END AS left_on "
        f"FROM (SELECT *, {newest} AS limit_ FROM ({of_client}))"
    )


def _order(columns: Columns) -> str:
    return POSITION if columns.as_of is None else quote(columns.as_of)


def _last_place(columns: Columns) -> str:
    return f"max({POSITION})" if columns.as_of is None else f"arg_max({POSITION}, {_order(columns)})"


def _status(columns: Columns, numbered: str) -> str:
    """Return a query for every client, by id: status, when it left or is going to, and its latest row's date."""
    as_of = "CAST(NULL AS TIMESTAMP)" if columns.as_of is None else quote(columns.as_of)
    return (
        f"SELECT {quote(columns.id)} AS {quote(id_name(columns))}, status, left_on, {as_of} AS as_of "
        f"FROM ({numbered}) JOIN latest ON {POSITION} = latest.place ORDER BY {quote(id_name(columns))}"
    )


def _previous(columns: Columns, numbered: str, scorecard: Scorecard) -> str:
    """Return a query for id, features (y0, y1, …) and risk of the row before the latest one of current clients."""
    client = quote(columns.id)
    cells = (f"{cell} AS y{place}" for place, cell in enumerate(scorable(columns, scorecard)))
    selected = ", ".join([f"{client} AS before_id", *cells])
    before = (
        f"SELECT {_last_place(columns)} AS place FROM ({numbered}) "
        f"WHERE {POSITION} NOT IN (SELECT place FROM latest) GROUP BY {client}"
    )
    rows = f"SELECT {selected} FROM ({numbered}) WHERE {POSITION} IN ({before})"
    return f"SELECT *, {risk_sql(placed(scorecard, 'y'))} AS previous_risk FROM ({rows})"


def scored_rows(columns: Columns, numbered: str, scorecard: Scorecard) -> str:
    """Return a query for what is ranked, with its risk."""
    cells = (f"{cell} AS x{place}" for place, cell in enumerate(scorable(columns, scorecard)))
    selected = ", ".join([f"{quote(columns.id)} AS id", *_shown(columns), *cells])
    current = "SELECT place FROM latest WHERE status = 'current'"
    newest = f"SELECT {selected} FROM ({numbered}) WHERE {POSITION} IN ({current})"
    scored = f"SELECT *, {log_odds_sql(placed(scorecard))} AS log_odds FROM ({newest})"
    return f"SELECT *, {risk_of('log_odds')} AS risk FROM ({scored})"


def _sorted() -> str:
    """Return a query for what is ranked, with the bounds of its risk and the row before, in the order of rank."""
    placed_rows = "(SELECT *, rowid AS scored_place FROM scored)"
    bounded = f"SELECT * FROM {placed_rows} LEFT JOIN bounds ON scored_place = bounds.place"
    return f"SELECT * FROM ({bounded}) LEFT JOIN previous ON id = before_id ORDER BY risk DESC, id"


def _shown(columns: Columns) -> list[str]:
    """Return what is shown of a row beside its id: each under the name that it has until it is written."""
    found = [] if columns.as_of is None else [f"{quote(columns.as_of)} AS observed"]
    found += [] if columns.value is None else [f"{quote(columns.value)} AS worth"]
    cells = (date_text(quote(name)) if name in columns.dated else quote(name) for name in columns.shown)
    return [*found, *(f"{cell} AS carried_{place}" for place, cell in enumerate(cells))]


def _numbered(columns: Columns, clients: int, features: int) -> str:
    """Return the rows of `ranked` with rank, decile and change: a table keeps the order in which it was filled."""
    shown = [each.rpartition(" AS ")[2] for each in _shown(columns)]
    values = ["risk * worth AS value_at_risk"] * (columns.value is not None)
    cells = ", ".join(
        [
            "id",
            *shown,
            *values,
            *(f"{letter}{place}" for letter in "xy" for place in range(features)),
            "risk",
            "risk_low",
            "risk_high",
            "log_odds",
        ]
    )
    return (
        f"(SELECT {cells}, rowid + 1 AS rank, 1 + rowid * 10 // {max(clients, 1)} AS decile, "
        "previous_risk, risk - previous_risk AS change FROM ranked)"
    )


def _readable(columns: Columns, parquet: Path) -> str:
    """Return a query for the cells of the CSV, in the order of the parquet file."""
    cells = (f"{_cell(name, quote(shown))} AS {quote(harmless(shown))}" for name, shown in columns_of(columns))
    return f"SELECT {', '.join(cells)} FROM read_parquet({literal(str(parquet))})"


def _cell(name: str, value: str) -> str:
    if name in {"rank", "decile"}:
        return value
    if name in {*NUMBERS, "worth", "value_at_risk"}:
        return _six_decimals(value)
    return date_text(value) if name == "observed" else harmless_sql(value)


def _six_decimals(number: str) -> str:
    return f"CASE WHEN {number} IS NOT NULL THEN printf('%.6f', {number}) END"


def columns_of(columns: Columns) -> list[tuple[str, str]]:
    """Return the columns in order, each with its name while the ranking is made and the one on disk."""
    found = [("id", id_name(columns))]
    found += [("observed", columns.as_of)] if columns.as_of is not None else []
    found += [(name, name) for name in NUMBERS]
    found += [("worth", columns.value), ("value_at_risk", "value_at_risk")] if columns.value is not None else []
    found += [(f"carried_{place}", name) for place, name in enumerate(columns.shown)]
    return [*found, *((name, name) for name in TEXTS)]


def id_name(columns: Columns) -> str:
    """Return the name of the column of ids: an id that is called like a figure of the ranking becomes client."""
    return "client" if columns.id.casefold() in RESERVED else columns.id
