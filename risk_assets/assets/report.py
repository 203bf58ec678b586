"""The report for people."""

from typing import TYPE_CHECKING

import dagster as dg

from risk_assets.domain.deployment.challenger import find_challenger
from risk_assets.domain.diagnostics import Diagnostics
from risk_assets.domain.drift.profile import TrainingReference
from risk_assets.domain.drift.verdict import DriftVerdict
from risk_assets.domain.scoring.backtest import Backtest
from risk_assets.domain.scoring.metrics import Metrics, ScorePoint
from risk_assets.reporting.wording import outcome_words
from risk_assets.resources.declaration import graph_asset
from risk_assets.resources.home import Home
from risk_assets.storage.deployment.versions import (
    deployed_metrics,
    deployed_scorecard,
    read_decisions,
    read_manifest,
    require_live_version,
    version_folder,
)
from risk_assets.storage.intake.finaldata import require_ingestion
from risk_assets.storage.records import find_record, read_history, read_record

if TYPE_CHECKING:
    from risk_assets.reporting.content import ReportContent


#: Clients for whom page one may have room.
MOST_LISTED = 40


@graph_asset(
    upstream=["latest_score", "deployed_model", "client_risk", "drift", "backtest", "diagnostics"],
    also_reads=["finaldata", "trained_model"],  # the accounts of the files and of the training
    code_version="5",
    settings=["history_runs", "call_capacity", "columns.display"],
    owners=["team:ml"],
    kinds={"pdf"},
)
def report(home: Home) -> dg.MaterializeResult:
    """summary_report.pdf: whom to call and four figures on page one; then history, model, calls, data, lineage."""
    from risk_assets.reporting.summary_report import build_report

    layout = home.layout
    content = _content(home)
    pages = build_report(content, layout.summary_report, layout.charts)
    return dg.MaterializeResult(metadata={"pages": pages, "report": dg.MetadataValue.path(layout.summary_report)})


def _content(home: Home) -> "ReportContent":
    from risk_assets.reporting.content import ReportContent
    from risk_assets.storage.model.trained_model import ModelRecord
    from risk_assets.storage.ranking.risk_summary import read_risk_summary

    settings, layout = home.settings, home.layout
    live = require_live_version(layout)
    manifest, decisions = read_manifest(layout, live), read_decisions(layout)
    deployed = deployed_scorecard(layout, live)
    with home.session() as session:
        risks = read_risk_summary(
            session, layout, threshold=deployed.threshold, top=min(settings.call_capacity, MOST_LISTED)
        )
    return ReportContent(
        ingestion=require_ingestion(layout),
        metrics=deployed_metrics(layout, live),
        scorecard=deployed,
        reference=read_record(version_folder(layout, live) / layout.reference.name, TrainingReference).profile,
        risks=risks,
        diagnostics=read_record(layout.diagnostics, Diagnostics),
        manifest=manifest,
        challenger=find_challenger(find_record(layout.metrics, Metrics), manifest, deployed.threshold, decisions),
        drift=find_record(layout.drift, DriftVerdict),
        left_out=read_record(layout.training, ModelRecord).left_out,
        backtest=find_record(layout.backtest, Backtest) if settings.outcomes else None,
        decisions=decisions,
        scores=read_history(layout.score_history, ScorePoint)[-settings.history_runs :],
        drift_history=read_history(layout.drift_history, DriftVerdict)[-settings.history_runs :],
        capacity=settings.call_capacity,
        labels=outcome_words(settings.client_columns),
        columns=settings.client_columns,
    )
