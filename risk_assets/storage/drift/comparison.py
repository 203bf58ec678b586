"""New rows against the live version: gathered from disk for the rules of drift."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from risk_assets.domain.columns import Columns
from risk_assets.domain.drift.judge import judge_drift, sum_up
from risk_assets.domain.drift.measure import measure_drift
from risk_assets.domain.drift.profile import TrainingReference
from risk_assets.domain.drift.verdict import DriftReference, DriftRules, DriftVerdict, NewRows
from risk_assets.domain.model.scorecard import Scorecard
from risk_assets.domain.scoring.metrics import Metrics
from risk_assets.domain.scoring.untreated import Calls, untreated_score
from risk_assets.engine.drift.new_rows import count_new_rows, read_scored_rows
from risk_assets.engine.select import read_labelled_rows
from risk_assets.engine.session import Session
from risk_assets.storage.deployment.new_rows import new_observations
from risk_assets.storage.deployment.versions import deployed_scorecard, live_version, version_folder
from risk_assets.storage.drift.predictions import latest_prediction_at, served_rows
from risk_assets.storage.intake.finaldata import require_ingestion
from risk_assets.storage.layout import Layout
from risk_assets.storage.records import read_record

#: Served clients are looked at over this time and up to this number, the newest first.
SERVED_WITHIN = timedelta(days=30)
MOST_SERVED = 10_000


def compare_new_rows(
    layout: Layout, session: Session, rules: DriftRules, *, now: datetime, calls: Calls | None = None
) -> DriftVerdict:
    """Return the verdict on the live version over the rows it was not trained on, and on what it served.

    With `calls` it also says what the rows tell whose client was not called.
    """
    ingestion, live = require_ingestion(layout), live_version(layout)
    at = now.isoformat(timespec="seconds")
    if live is None:
        return DriftVerdict("nothing deployed", "No model serves yet.", 0, rules.policy, at=at)
    folder = version_folder(layout, live)
    scorecard = deployed_scorecard(layout, live)
    reference = read_record(folder / layout.reference.name, TrainingReference)
    metrics = read_record(folder / layout.metrics.name, Metrics)
    compared = DriftReference(reference.profile, reference.risks, metrics)
    query = new_observations(layout, session, ingestion, live)
    counted = count_new_rows(session, query, scorecard, compared)
    few = counted.n <= rules.most_tested_rows
    served = served_rows(layout, session.columns, since=now - SERVED_WITHIN, limit=MOST_SERVED, version=live)
    measured = measure_drift(_read(session, query, scorecard) if few else counted, compared, rules, served.risk)
    schema = session.columns
    judgements = judge_drift(measured, rules, schema)
    verdict = sum_up(
        measured, judgements, rules, version=live, data_version=ingestion.data_version, at=at, schema=schema
    )
    if calls is None:
        return verdict
    rows, dates = read_scored_rows(session, query, scorecard)
    treatment = calls.of(rows.clients.astype(object), dates)
    return replace(verdict, untreated=untreated_score(rows, treatment, samples=rules.samples, seed=rules.seed))


def _read(session: Session, query: str, scorecard: Scorecard) -> NewRows:
    rows = read_labelled_rows(session, query)
    columns = rows.columns_for(scorecard)
    return NewRows(columns, scorecard.risk(columns), rows.target == 1, rows.known)


def count_served(layout: Layout, columns: Columns, version: str, *, since: str) -> int:
    """Return how many clients `version` has served since then (ISO 8601), MOST_SERVED at the most."""
    start, written = datetime.fromisoformat(since), latest_prediction_at(layout)
    if written is None or written <= start:
        return 0
    return len(served_rows(layout, columns, since=start, limit=MOST_SERVED, version=version).risk)
