"""The ranking as it is read back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from risk_assets.domain.ranking.risk_summary import RankedClient, RiskSummary
from risk_assets.engine.session import Session
from risk_assets.engine.sql import double, literal, quote, read_parts

REASONS = 3
NUMBERS = ("risk", "rank", "decile", "previous_risk", "change")
TEXTS = (*(f"reason_{place}" for place in range(1, REASONS + 1)), "change_reason")
FIGURES = (*NUMBERS, *TEXTS)
BINS = 20


def ranking_table(session: Session, parquet: Path) -> str:
    """Return the SQL table of a ranking: id and FIGURES; what an earlier version did not write yet is missing."""
    named = session.describe(parquet)
    client = next(iter(named))
    figures = (f"{'' if name in named else 'NULL AS '}{name}" for name in FIGURES)
    return f"(SELECT {quote(client)} AS id, {', '.join(figures)} FROM {read_parts([parquet])})"


def ranked_client(row: Sequence[Any]) -> RankedClient:
    """Return a row of `ranking_table`."""
    client, risk, rank, decile, previous_risk, change, *reasons, change_reason = row
    texts = tuple(reason for reason in reasons if reason)
    return RankedClient(client, risk, rank, decile, texts, previous_risk, change, change_reason)


def risk_summary(session: Session, parquet: Path, status: Path, *, threshold: float, top: int = 10) -> RiskSummary:
    """Sum up a ranking that `engine.ranking.ranking.rank_clients` wrote."""
    ranking = ranking_table(session, parquet)
    place = f"CAST(least({BINS - 1}, floor(risk * {BINS})) AS UTINYINT)"
    counted = f"SELECT count(*), count(*) FILTER (risk >= {double(threshold)}), histogram({place}) FROM {ranking}"
    [(clients, flagged, bins)] = session.run(counted).fetchall()
    first = session.run(f"SELECT * FROM {ranking} ORDER BY rank LIMIT {top}").fetchall()
    return RiskSummary(
        left=_count_left(session, status),
        clients=clients,
        flagged=flagged,
        threshold=threshold,
        histogram=tuple((bins or {}).get(place, 0) for place in range(BINS)),
        top=tuple(map(ranked_client, first)),
    )


def _count_left(session: Session, status: Path) -> int:
    if not status.is_file():  # a ranking of all clients, as versions before 0.2 wrote it
        return 0
    left = f"SELECT count(*) FROM read_parquet({literal(str(status))}) WHERE status = 'left'"
    [(count,)] = session.run(left).fetchall()
    return int(count)
