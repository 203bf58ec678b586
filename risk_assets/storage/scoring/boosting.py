"""The trained model beside gradient boosting, on the rows that it was trained on and on test clients."""

from __future__ import annotations

from risk_assets.domain.scoring.boosting import BoostingComparison
from risk_assets.engine.dataset import Keep
from risk_assets.engine.model.training_rows import read_training_rows, training_table
from risk_assets.engine.session import Session
from risk_assets.storage.intake.finaldata import require_ingestion
from risk_assets.storage.intake.part_files import teaching_rows
from risk_assets.storage.intake.set_apart import ids_set_apart, read_test_rows
from risk_assets.storage.layout import Layout
from risk_assets.storage.model.trained_model import read_model
from risk_assets.storage.records import RecordError


def compare_boosting(layout: Layout, session: Session, *, most_rows: int, seed: int) -> BoostingComparison:
    """Train gradient boosting as trained_model was trained, and compare both on test clients.

    Raises RecordError where the model was trained on other data than finaldata holds now.
    """
    from risk_assets.domain.model.boosting import boosted_risk
    from risk_assets.domain.scoring.boosting import compare_risks

    record, scorecard = read_model(layout)
    ingestion = require_ingestion(layout)
    if ingestion.data_version != record.data_version:
        raise RecordError("finaldata has changed since trained_model was made: run the graph first")
    keep: Keep = "training" if record.held_out else "all"
    apart = ids_set_apart(layout, session)
    with training_table(
        session, teaching_rows(layout, ingestion), keep, most_rows=most_rows, apart=apart
    ) as table:
        rows = read_training_rows(session, table)
    test, _ = read_test_rows(layout, session)
    boosted = boosted_risk(rows, test.columns, session.columns, seed=seed)
    return compare_risks(test.target, scorecard.risk(test.columns_for(scorecard)), boosted, test.ids, seed=seed)
