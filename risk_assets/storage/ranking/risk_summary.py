"""The ranked clients read back."""

from __future__ import annotations

from risk_assets.domain.ranking.risk_summary import RiskSummary
from risk_assets.engine.ranking.risk_summary import risk_summary
from risk_assets.engine.session import Session
from risk_assets.storage.layout import Layout


def read_risk_summary(session: Session, layout: Layout, *, threshold: float, top: int = 10) -> RiskSummary:
    """Return the ranking at a glance; clients from `threshold` on count as flagged."""
    return risk_summary(session, layout.client_risk_parquet, layout.client_status, threshold=threshold, top=top)
