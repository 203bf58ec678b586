"""Every client ranked by risk, scored in the engine from the scorecard."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from risk_assets.domain.columns import Columns
from risk_assets.domain.scorecard import Scorecard
from risk_assets.engine.ranked import FIGURES, REASONS
from risk_assets.engine.scorecard_sql import reasons_sql, risk_sql
from risk_assets.engine.select import POSITION, numbered_rows
from risk_assets.engine.session import Session, literal, quote

#: A spreadsheet takes a cell that starts with one of these for a formula (OWASP, CSV injection).
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
QUOTE = literal("'")


def rank_clients(session: Session, parts: Sequence[Path], scorecard: Scorecard, parquet: Path, csv: Path) -> None:
    """Score each client's latest row (the last one of `parts`, in reading order) and write the ranking twice.

    Columns: the id under its declared name, risk, rank (1 is the highest risk; equal risks by id), decile (1 is
    the riskiest tenth) and the strongest reasons, in the order of rank. The CSV is for people: six decimals, and
    text that a spreadsheet would take for a formula has a ' in front.
    """
    ranking = _ranking(session.columns, parts, scorecard)
    session.write_parquet(ranking, parquet)
    session.write_csv(_readable(session.columns, parquet), csv)


def _ranking(columns: Columns, parts: Sequence[Path], scorecard: Scorecard) -> str:
    table, client = _scorable(columns, parts, scorecard), quote(columns.id)
    latest = f"SELECT max({POSITION}) FROM ({table}) GROUP BY {client}"
    scored = (
        f"SELECT {client} AS id, {risk_sql(scorecard)} AS risk, {reasons_sql(scorecard, REASONS)} AS reasons "
        f"FROM ({table}) WHERE {POSITION} IN ({latest})"
    )
    ranked = f"SELECT *, row_number() OVER (ORDER BY risk DESC, id) AS rank, count(*) OVER () AS n FROM ({scored})"
    reasons = ", ".join(f"reasons[{place}] AS reason_{place}" for place in range(1, REASONS + 1))
    return (
        f"SELECT id AS {quote(_id_name(columns))}, risk, rank, 1 + (rank - 1) * 10 // n AS decile, {reasons} "
        f"FROM ({ranked}) ORDER BY rank"
    )


def _scorable(columns: Columns, parts: Sequence[Path], scorecard: Scorecard) -> str:
    """Return the rows with every column of the scorecard; one that is no longer declared is missing in each."""
    absent = [name for name in scorecard.features if name not in columns.features]
    numeric = {shape.column for shape in scorecard.numeric}
    nulls = [f", CAST(NULL AS {'DOUBLE' if name in numeric else 'VARCHAR'}) AS {quote(name)}" for name in absent]
    return f"SELECT *{''.join(nulls)} FROM ({numbered_rows(columns, parts)})"


def _readable(columns: Columns, parquet: Path) -> str:
    name = _id_name(columns)
    heading = f"'{name}" if name.startswith(FORMULA_STARTS) else name
    texts = [f"{_harmless(quote(name))} AS {quote(heading)}", "printf('%.6f', risk) AS risk", "rank", "decile"]
    texts += [f"{_harmless(reason)} AS {reason}" for reason in FIGURES[3:]]
    return f"SELECT {', '.join(texts)} FROM read_parquet({literal(str(parquet))}) ORDER BY rank"


def _harmless(text: str) -> str:
    starts = ", ".join(map(literal, FORMULA_STARTS))
    return f"CASE WHEN left({text}, 1) IN ({starts}) THEN {QUOTE} || {text} ELSE {text} END"


def _id_name(columns: Columns) -> str:
    """Return the name of the column of ids: an id that is called like a figure of the ranking becomes client."""
    return "client" if columns.id.casefold() in FIGURES else columns.id
