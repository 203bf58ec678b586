"""What a model says of the current clients as a whole, before anything of them is written."""

from __future__ import annotations

from dataclasses import dataclass

from risk_assets.domain.model.scorecard import Scorecard
from risk_assets.engine.dataset import Dataset, numbered_rows
from risk_assets.engine.ranking.client_risk import latest_rows, scored_rows
from risk_assets.engine.session import Session


@dataclass(frozen=True)
class CurrentClients:
    """The risk of the client at some rank, and the median value; None where there is no client, or no value."""

    risk_at_rank: float | None
    median_value: float | None


def current_clients(session: Session, data: Dataset, scorecard: Scorecard, rank: int) -> CurrentClients:
    """Return the risk at a rank of the current clients (1 is the highest), of the last where they are fewer."""
    columns, numbered = session.columns, numbered_rows(session, data)
    session.cache_table("latest", [latest_rows(columns, numbered, data)])
    session.cache_table("scored", [scored_rows(columns, numbered, scorecard)])
    first = f"SELECT risk FROM scored ORDER BY risk DESC LIMIT {rank}"
    [(risk,)] = session.run(f"SELECT min(risk) FROM ({first})").fetchall()
    worth = "CAST(NULL AS DOUBLE)" if columns.value is None else "quantile_cont(worth, 0.5)"
    [(median,)] = session.run(f"SELECT {worth} FROM scored LIMIT 1").fetchall() or [(None,)]
    for name in ("latest", "scored"):
        session.drop_table(name)
    return CurrentClients(risk, median)
