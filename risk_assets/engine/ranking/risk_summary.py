"""The ranking as it is read back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from risk_assets.domain.columns import Columns
from risk_assets.domain.ranking.risk_summary import FEATURE, REASONS, RankedClient, RiskSummary
from risk_assets.engine.ranking.client_risk import columns_of
from risk_assets.engine.session import Session
from risk_assets.engine.sql import date_text, double, literal, quote, read_parts

BINS = 20


def ranking_table(session: Session, parquet: Path) -> str:
    """Return the SQL table of a ranking, its columns named as while it is made.

    What an earlier version, or one with other settings, did not write is missing. The features come last.
    """
    columns, written = session.columns, session.describe(parquet)
    client = next(iter(written))
    wanted = (
        f"{_stored(name, shown) if shown in written else 'NULL'} AS {name}"
        for name, shown in columns_of(columns)[1:]
    )
    asked = zip((f"{FEATURE}{name}" for name in columns.features), feature_names(columns), strict=True)
    features = (f"{quote(shown) if shown in written else 'NULL'} AS {name}" for shown, name in asked)
    cells = ", ".join([*wanted, *features])
    return f"(SELECT {quote(client)} AS id, {cells} FROM {read_parts([parquet])})"


def feature_names(columns: Columns) -> list[str]:
    """Return the names of the features in `ranking_table`, in the order in which they are declared."""
    return [f"feature_{place}" for place in range(len(columns.features))]


def _stored(name: str, shown: str) -> str:
    return date_text(quote(shown)) if name == "observed" else quote(shown)


def ranked_clients(columns: Columns, rows: Iterable[Sequence[Any]]) -> list[RankedClient]:
    """Return the clients of rows of `ranking_table`."""
    names, features = [name for name, _ in columns_of(columns)], columns.features
    return [
        _ranked_client(columns, dict(zip(names, row, strict=False)), features, row[len(names) :]) for row in rows
    ]


def _ranked_client(
    columns: Columns, cells: Mapping[str, Any], features: Sequence[str], values: Sequence[Any]
) -> RankedClient:
    reasons = (cells[f"reason_{place}"] for place in range(1, REASONS + 1))
    return RankedClient(
        cells["id"],
        cells["risk"],
        cells["rank"],
        cells["decile"],
        tuple(reason for reason in reasons if reason),
        cells["previous_risk"],
        cells["change"],
        cells["change_reason"],
        cells.get("observed"),
        cells.get("worth"),
        cells.get("value_at_risk"),
        {name: cells[f"carried_{place}"] for place, name in enumerate(columns.shown)},
        cells["risk_low"],
        cells["risk_high"],
        dict(zip(features, values, strict=True)) if any(value is not None for value in values) else {},
    )


def risk_summary(session: Session, parquet: Path, status: Path, *, threshold: float, top: int = 10) -> RiskSummary:
    """Sum up a ranking that `engine.ranking.client_risk.rank_clients` wrote."""
    columns, ranking = session.columns, ranking_table(session, parquet)
    place = f"CAST(least({BINS - 1}, floor(risk * {BINS})) AS UTINYINT)"
    now, before = f"risk >= {double(threshold)}", f"previous_risk >= {double(threshold)}"
    worth = ["NULL"] * 2 if columns.value is None else ["sum(value_at_risk)", f"sum(value_at_risk) FILTER ({now})"]
    figures = ("count(*)", f"count(*) FILTER ({now})", f"histogram({place})", "coalesce(sum(risk), 0)", *worth)
    counted = f"SELECT {', '.join(figures)} FROM {ranking}"
    [(clients, flagged, bins, expected, value_at_risk, of_flagged)] = session.run(counted).fetchall()
    moved = (
        f"count(*) FILTER ({condition})" for condition in (f"{now} AND NOT {before}", f"NOT {now} AND {before}")
    )
    changed = f"SELECT count(previous_risk), {', '.join(moved)} FROM {ranking}"
    [(compared, risen, fallen)] = session.run(changed).fetchall()
    first = session.run(f"SELECT * FROM {ranking} ORDER BY rank LIMIT {top}").fetchall()
    left, known_before = (_count(session, status, word) for word in ("left", "known before"))
    return RiskSummary(
        left=left,
        known_before=known_before,
        clients=clients,
        flagged=flagged,
        threshold=threshold,
        histogram=tuple((bins or {}).get(place, 0) for place in range(BINS)),
        top=tuple(ranked_clients(columns, first)),
        value_at_risk=value_at_risk,
        flagged_value_at_risk=of_flagged,
        expected=expected,
        compared=compared,
        risen=risen,
        fallen=fallen,
    )


def _count(session: Session, status: Path, word: str) -> int:
    if not status.is_file():  # a ranking of all clients, as versions before 0.2 wrote it
        return 0
    of_word = f"SELECT count(*) FROM read_parquet({literal(str(status))}) WHERE status = {literal(word)}"
    [(count,)] = session.run(of_word).fetchall()
    return int(count)
