"""The ranked clients on disk."""

from __future__ import annotations

from risk_assets.domain.model.scorecard import Scorecard
from risk_assets.domain.ranking.risk_summary import RankingOrigin
from risk_assets.engine.dataset import Dataset
from risk_assets.engine.ranking.client_risk import RankingFiles, rank_clients
from risk_assets.engine.session import Session
from risk_assets.storage.atomic import replacing
from risk_assets.storage.layout import Layout
from risk_assets.storage.lock import writing
from risk_assets.storage.records import write_record


def save_client_risk(layout: Layout, session: Session, data: Dataset, scorecard: Scorecard, version: str) -> None:
    """Rank the clients by their latest rows with a version, and replace all outputs or, on an error, none."""
    with (
        writing(layout.models, "client_risk"),
        replacing(layout.client_risk_csv) as csv,
        replacing(layout.client_status) as status,
        replacing(layout.client_risk_origin) as origin,
        replacing(layout.client_risk_parquet) as parquet,
    ):
        rank_clients(session, data, scorecard, RankingFiles(parquet, csv, status))
        write_record(origin, RankingOrigin(version, scorecard.threshold))
