"""The ranking as it is read back."""

from __future__ import annotations

from pathlib import Path

from risk_assets.domain.ranking.risk_summary import RankedClient, RiskSummary
from risk_assets.engine.session import Session
from risk_assets.engine.sql import double, literal

REASONS = 3
FIGURES = ("risk", "rank", "decile", *(f"reason_{place}" for place in range(1, REASONS + 1)))
BINS = 20


def risk_summary(session: Session, parquet: Path, status: Path, *, threshold: float, top: int = 10) -> RiskSummary:
    """Sum up a ranking that `engine.ranking.ranking.rank_clients` wrote."""
    ranking = f"read_parquet({literal(str(parquet))})"
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
        top=tuple(
            RankedClient(client, risk, rank, decile, tuple(reason for reason in reasons if reason))
            for client, risk, rank, decile, *reasons in first
        ),
    )


def _count_left(session: Session, status: Path) -> int:
    if not status.is_file():  # a ranking of all clients, as versions before 0.2 wrote it
        return 0
    left = f"SELECT count(*) FROM read_parquet({literal(str(status))}) WHERE status = 'left'"
    [(count,)] = session.run(left).fetchall()
    return int(count)
