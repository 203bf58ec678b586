"""The profile of the risks that a model gives the rows it was trained on."""

from __future__ import annotations

from risk_assets.domain.drift.profile import NumericProfile
from risk_assets.domain.model.scorecard import Scorecard
from risk_assets.engine.drift.profile import ProfiledRows, profile
from risk_assets.engine.model.scorecard_sql import placed, risk_sql
from risk_assets.engine.model.training_rows import TrainingTable
from risk_assets.engine.session import Session


def risk_profile(session: Session, rows: TrainingTable, scorecard: Scorecard) -> NumericProfile:
    """Return the profile of the risks that a scorecard of the declared columns gives the rows."""
    scored = f"(SELECT id, y, drawn, {risk_sql(placed(scorecard))} AS risk FROM {rows.table})"
    [risks] = profile(session, ProfiledRows(scored, "id", "y", "drawn", {"risk": "risk"}, {})).numeric
    return risks
