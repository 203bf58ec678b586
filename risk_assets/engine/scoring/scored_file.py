"""A file of clients scored: read by the rules of ingestion, and written with the risks that a scorecard gives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from risk_assets.domain.columns import Columns
from risk_assets.domain.derived import parts_of
from risk_assets.domain.model.scorecard import Scorecard
from risk_assets.domain.scoring.scored_file import Wanted, shown_columns
from risk_assets.domain.spreadsheet import harmless
from risk_assets.engine.derived_sql import derived_sql
from risk_assets.engine.intake.formats import format_of
from risk_assets.engine.intake.parse import Loaded, load
from risk_assets.engine.intake.quarantine import Refused
from risk_assets.engine.intake.row_table import count_faults, count_rows
from risk_assets.engine.intake.scan import UnreadableError, scan_file
from risk_assets.engine.intake.source import RowSource
from risk_assets.engine.model.bounds import cache_bounds
from risk_assets.engine.model.reasons_sql import reasons_query
from risk_assets.engine.model.scorecard_sql import log_odds_sql, placed, risk_of, scorable
from risk_assets.engine.model.shape_sql import number
from risk_assets.engine.session import Session
from risk_assets.engine.sql import date_text, harmless_sql, number_text, quote, stored_label

#: Whole numbers below this are written without a decimal point.
WHOLE_BELOW = 1e15
BOUNDS = ("risk_low", "risk_high")
#: The rows of the table of scored clients, in order, with the bounds of their risks.
BOUNDED = (
    f"(SELECT scored.*, {', '.join(BOUNDS)} FROM (SELECT *, rowid AS scored_place FROM scored) AS scored "
    "LEFT JOIN bounds ON scored_place = bounds.place ORDER BY scored_place)"
)


@dataclass(frozen=True)
class ClientFile:
    """A file whose rows are in the row table: how many are sound and how many bad.

    `lacking` are the columns that a risk follows from and the file lacks, `left_out` those that are not declared,
    and `spelled` says how numbers and dates were read where they are not spelled as programs spell them.
    """

    rows: int
    bad: int
    lacking: tuple[str, ...]
    left_out: tuple[str, ...]
    spelled: tuple[str, ...]
    source: RowSource
    loaded: Loaded

    def refused(self, session: Session) -> Iterator[Refused]:
        """Yield the refused rows in the order of the file; nothing else may use the session meanwhile."""
        return self.source.refused(session, self.loaded.misshapen, self.loaded.rules)


def read_clients(session: Session, path: Path, folder: Path) -> ClientFile:
    """Read a file whose columns are those of the session; `folder` takes copies that are needed meanwhile.

    Raises UnreadableError for a file that cannot be read as a whole, or holds no clients.
    """
    file, columns = scan_file(path), session.columns
    source = format_of(path.name).open(session, file, folder)
    header = source.header
    if header.fault:
        raise UnreadableError(header.fault)
    for name in header.dropped:
        if parts := parts_of(columns, name):
            raise UnreadableError(f"{name} is computed here: give {' and '.join(parts)} instead")
    loaded = load(session, source, file)
    faults, rows = count_faults(session), count_rows(session)
    if not rows + loaded.misshapen:
        raise UnreadableError("holds no clients")
    absent = (name for name, place in zip(columns.names, header.positions, strict=True) if place is None)
    lacking = tuple(name for name in absent if name in columns.inputs)
    return ClientFile(
        rows - faults, faults + loaded.misshapen, lacking, header.dropped, loaded.spelled, source, loaded
    )


def write_scores(session: Session, scorecard: Scorecard, wanted: Wanted, target: Path, *, parquet: bool) -> None:
    """Write the sound rows of the row table with what is wanted of each, in their order; the table may go.

    A CSV is for people: risks have twelve decimals, and what a spreadsheet would run has a ' in front.
    """
    columns, table = session.columns, f"({_scored(session.columns, scorecard, wanted)})"
    if wanted.interval:
        session.cache_ordered_table("scored", f"SELECT * FROM {table}")
        session.drop_table("rows")
        cache_bounds(session, scorecard, "scored")
        table = BOUNDED
    names, scores = _names(columns, wanted), _scores(columns, scorecard, wanted, table)
    if parquet:
        named = ", ".join(f"{name} AS {quote(shown)}" for name, shown in names.items())
        session.write_parquet(f"SELECT {named} FROM ({scores})", target)
        return
    numbers = {each.name for each in (*columns.numeric, *columns.numeric_features)}
    readable = ", ".join(
        f"{_readable(name, is_number=shown in numbers)} AS {quote(harmless(shown))}"
        for name, shown in names.items()
    )
    session.write_csv(f"SELECT {readable} FROM ({scores})", target)


def _scored(columns: Columns, scorecard: Scorecard, wanted: Wanted) -> str:
    """Return a query for the sound rows in order: what is shown as c0, c1, …, features as x0, x1, …, log_odds."""
    held = (f"v{place} AS {quote(name)}" for place, name in enumerate(columns.names) if name != columns.target)
    sound = f"SELECT {', '.join(held)} FROM rows WHERE fault IS NULL"
    known = f"SELECT {', '.join(['*', *derived_sql(columns)])} FROM ({sound})"
    shown = (
        f"{date_text(quote(name)) if name in columns.dated else quote(name)} AS c{place}"
        for place, name in enumerate(shown_columns(columns, wanted))
    )
    cells = (f"{cell} AS x{place}" for place, cell in enumerate(scorable(columns, scorecard)))
    features = f"SELECT {', '.join([*shown, *cells])} FROM ({known})"
    return f"SELECT *, {log_odds_sql(placed(scorecard))} AS log_odds FROM ({features})"


def _scores(columns: Columns, scorecard: Scorecard, wanted: Wanted, table: str) -> str:
    """Return a query for what is shown of each row of a table, and the figures that are wanted."""
    positive, negative = (stored_label(columns, label) for label in (columns.positive, columns.negative))
    judged = f"CASE WHEN risk >= {number(scorecard.threshold)} THEN {positive} ELSE {negative} END AS predicted"
    with_risk = f"(SELECT *, {risk_of('log_odds')} AS risk FROM {table})"
    figures = wanted.names[: len(wanted.names) - wanted.reasons]
    kept = [*(f"c{place}" for place in range(len(shown_columns(columns, wanted)))), *figures]
    scores = f"(SELECT *, {judged} FROM {with_risk})"
    if wanted.reasons:
        return reasons_query(scorecard, scores, kept, wanted.reasons, schema=columns)
    return f"SELECT {', '.join(kept)} FROM {scores}"


def _names(columns: Columns, wanted: Wanted) -> dict[str, str]:
    """Return what each column of the scores is called in the file; none of the input is called like a figure."""
    shown = {
        f"c{place}": f"{name} (given)" if name.casefold() in wanted.names else name
        for place, name in enumerate(shown_columns(columns, wanted))
    }
    return shown | {name: name for name in wanted.names}


def _readable(name: str, *, is_number: bool) -> str:
    """Return the SQL of a cell of a CSV: whole numbers without a decimal point, and text that is no formula."""
    if is_number:
        whole = f"{name} = trunc({name}) AND abs({name}) < {number(WHOLE_BELOW)}"
        return f"CASE WHEN {whole} THEN CAST(CAST({name} AS BIGINT) AS VARCHAR) ELSE {number_text(name)} END"
    if name in {"risk", *BOUNDS}:
        return f"CAST({name} AS DECIMAL(13, 12))"
    return name if name == "predicted" else harmless_sql(name)
