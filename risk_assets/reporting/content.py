"""Everything the report tells, gathered from the results of the graph."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from risk_assets.domain.columns import UNDESCRIBED, Columns
from risk_assets.domain.contacts.assignment import Effect
from risk_assets.domain.deployment.challenger import Challenger
from risk_assets.domain.deployment.decisions import Decision, Manifest
from risk_assets.domain.diagnostics import Diagnostics
from risk_assets.domain.drift.profile import Profile
from risk_assets.domain.drift.verdict import DriftVerdict
from risk_assets.domain.intake.ingestion import Ingestion
from risk_assets.domain.model.scorecard import Scorecard
from risk_assets.domain.ranking.risk_summary import RiskSummary
from risk_assets.domain.scoring.backtest import Backtest
from risk_assets.domain.scoring.metrics import Metrics, ScorePoint
from risk_assets.reporting.wording import OUTCOMES


@dataclass(frozen=True)
class ReportContent:
    """The plain results that a report is made of; histories are oldest first.

    `metrics`, `scorecard`, `reference` (the profile of the training rows) and `manifest` belong to the version
    that serves; `challenger` is the model trained last where it does not. `labels` are the words for the negative
    and the positive outcome, and `columns` those for columns. `left_out` counts the rows of test clients that the
    model trained last was spared. `capacity` clients can be called. `effect` is what calls did, and why that
    cannot be told where it cannot.
    """

    ingestion: Ingestion
    metrics: Metrics
    scorecard: Scorecard
    reference: Profile
    risks: RiskSummary
    diagnostics: Diagnostics
    manifest: Manifest | None = None
    drift: DriftVerdict | None = None
    decisions: tuple[Decision, ...] = ()
    scores: tuple[ScorePoint, ...] = ()
    drift_history: tuple[DriftVerdict, ...] = ()
    labels: tuple[str, str] = OUTCOMES
    challenger: Challenger | None = None
    backtest: Backtest | None = None
    left_out: int = 0
    columns: Columns = UNDESCRIBED
    capacity: int = 100
    effect: tuple[Effect | None, str] | None = None

    @property
    def newest(self) -> str:
        """When the newest of what it tells was recorded, ISO 8601 in UTC: the date of a report without another."""
        judged = self.drift.at if self.drift else None
        decided = self.decision.at if self.decision else None
        times = (self.ingestion.ingested_at, self.diagnostics.at, judged, decided)
        return max((at for at in times if at), key=datetime.fromisoformat)

    @property
    def decision(self) -> Decision | None:
        """The last decision."""
        return self.decisions[-1] if self.decisions else None
