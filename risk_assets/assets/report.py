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
    from risk_assets.domain.contacts.assignment import Effect
    from risk_assets.engine.session import Session
    from risk_assets.reporting.content import ReportContent


#: Clients for whom page one may have room.
MOST_LISTED = 40


@graph_asset(
    upstream=["latest_score", "deployed_model", "client_risk", "drift", "backtest", "diagnostics"],
    also_reads=["finaldata", "trained_model", "contacts"],  # files, the training, and who was left uncalled
    code_version="6",
    settings=["history_runs", "call_capacity", "uncalled_share", "columns.display"],
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
        effect = _effect(home, session) if settings.outcomes else None
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
        effect=effect,
        capacity=settings.call_capacity,
        labels=outcome_words(settings.client_columns),
        columns=settings.client_columns,
    )


def _effect(home: Home, session: "Session") -> "tuple[Effect | None, str]":
    """Return what calls did, and why that cannot be told where it cannot."""
    from risk_assets.storage.contacts.assignments import AssignmentLog
    from risk_assets.storage.contacts.database import kept_contacts
    from risk_assets.storage.contacts.effect import effect_of_calls
    from risk_assets.storage.ranking.client_status import read_left_on

    settings, layout = home.settings, home.layout
    with kept_contacts(settings, layout) as database:
        return effect_of_calls(
            settings,
            lambda: require_ingestion(layout).outcomes,
            lambda: AssignmentLog(database).all() if database else (),
            lambda clients: read_left_on(session, layout, clients),
        )
