"""The model of attrition risk, fitted on finaldata."""

import contextlib
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dagster as dg

from risk_assets.domain.columns import Columns
from risk_assets.domain.drift.profile import TrainingReference
from risk_assets.domain.scoring.calls import CallCosts
from risk_assets.domain.scoring.metrics import Rule
from risk_assets.engine.dataset import Dataset, Keep
from risk_assets.engine.drift.profile import profile, table_rows
from risk_assets.engine.select import require_declared_columns
from risk_assets.reporting.markdown import picture
from risk_assets.reporting.wording import percent, plural
from risk_assets.resources.declaration import Metadata, graph_asset
from risk_assets.resources.home import Home
from risk_assets.settings import Settings
from risk_assets.storage.intake.finaldata import require_ingestion
from risk_assets.storage.intake.part_files import rows_with_redelivered, teaching_rows
from risk_assets.storage.intake.set_apart import ids_set_apart

if TYPE_CHECKING:
    from risk_assets.domain.model.scorecard import Scorecard
    from risk_assets.domain.model.training import TrainedModel, TrainingReport
    from risk_assets.engine.model.training_rows import TrainingTable
    from risk_assets.engine.ranking.current_clients import CurrentClients
    from risk_assets.engine.session import Session
    from risk_assets.storage.model.trained_model import ModelRecord

#: With fewer rows every one is needed for training; with more, a tenth of the clients is held out for the gate.
ROWS_FOR_A_HOLD_OUT = 1000
#: Features that the alternative text of a picture names.
MOST_NAMES = 15


@graph_asset(
    upstream=["finaldata"],
    also_reads=["testdata"],  # whose clients are left out
    code_version="5",
    settings=[
        "columns",
        "test_share",
        "test_data_format",
        "threshold",
        "threshold_for",
        "call_capacity",
        "call_cost",
        "share_kept",
        "max_training_rows",
    ],
    owners=["team:ml"],
    kinds={"scikitlearn", "python"},
    pool="model",
    check_specs=[
        dg.AssetCheckSpec(
            "test_clients_apart", asset="trained_model", description="Test clients are trained on nowhere."
        ),
        dg.AssetCheckSpec(
            "fit_converged", asset="trained_model", description="The fit of the model came to rest."
        ),
    ],
)
def trained_model(home: Home) -> dg.MaterializeResult:
    """An additive scorecard fitted on finaldata: trainedmodel.pkl for Python, scorecard.json for everything else.

    Curves, levels and tables of pairs, each as bent as the rows tell, and how sure the model is of them; the
    threshold is the one with the best F1, or what threshold_for says. The same rows give the same bytes. Of more
    rows than max_training_rows a sample of the clients is fitted. Files of which outcomes are not known yet teach
    nothing, and clients of testdata are left out. Too few rows, or one class only, fail the run and the earlier
    model stays.
    """
    from risk_assets.engine.model.training_rows import count_apart, training_table
    from risk_assets.storage.model.trained_model import save_model

    layout, started = home.layout, time.monotonic()
    ingestion, most = require_ingestion(layout), home.settings.max_training_rows
    keep: Keep = "training" if ingestion.teaching >= ROWS_FOR_A_HOLD_OUT else "all"
    parts = teaching_rows(layout, ingestion)
    with contextlib.ExitStack() as stack:
        session = stack.enter_context(home.session())
        require_declared_columns(session, parts)
        apart = ids_set_apart(layout, session)
        left_out = count_apart(session, parts, apart)
        rows = stack.enter_context(training_table(session, parts, keep, most_rows=most, apart=apart))
        model = _train(session, rows, home.settings, rows_with_redelivered(layout, ingestion))
        reference = _reference(session, rows, model.scorecard)
        record = save_model(
            layout,
            session,
            model,
            reference,
            ingestion=ingestion,
            rows=rows,
            left_out=left_out,
            seconds=time.monotonic() - started,
            now=datetime.now(UTC),
        )
    return dg.MaterializeResult(
        data_version=dg.DataVersion(record.version),
        metadata=_metadata(record, model.scorecard, reference, home.settings.client_columns),
        check_results=[_test_clients_apart(left_out, layout.test_share), _fit_converged(record.report)],
    )


def _train(session: "Session", rows: "TrainingTable", settings: Settings, everyone: Dataset) -> "TrainedModel":
    """Return the model of the rows, with the threshold of the settings or that which threshold_for asks for."""
    from risk_assets.engine.model.training import train_on
    from risk_assets.engine.ranking.current_clients import current_clients

    model = train_on(session, rows, threshold=settings.threshold)
    if settings.threshold is not None:
        return model
    found = current_clients(session, everyone, model.scorecard, settings.call_capacity)
    return model.at(settings.threshold_for, _thresholds(model.scorecard, found, settings.call_costs))


def _reference(session: "Session", rows: "TrainingTable", scorecard: "Scorecard") -> TrainingReference:
    """Return what later rows are compared with: the profile of the rows, and of the risks that they have."""
    from risk_assets.engine.drift.risk_profile import risk_profile

    features = profile(session, table_rows(session.columns, rows))
    return TrainingReference(features, risk_profile(session, rows, scorecard))


def _thresholds(scorecard: "Scorecard", found: "CurrentClients", costs: CallCosts | None) -> dict[Rule, float]:
    """Return the threshold by each rule that enough is known for; without a client they are that of F1."""
    best = scorecard.threshold
    thresholds: dict[Rule, float] = {
        "f1": best,
        "capacity": best if found.risk_at_rank is None else found.risk_at_rank,
    }
    if costs is not None:
        thresholds["value"] = best if found.median_value is None else costs.threshold(found.median_value)
    return thresholds


def _test_clients_apart(left_out: int, share: float | None) -> dg.AssetCheckResult:
    found = f"{plural(left_out, 'row')} of clients of testdata were left out of training"
    why = found if left_out else "no client of testdata is in finaldata"
    if share is not None:
        why = f"{percent(share)} of the clients are set apart, {plural(left_out, 'row')} with a known outcome"
    return dg.AssetCheckResult(
        check_name="test_clients_apart",
        passed=share is not None or left_out == 0,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"why": why, "rows left out": left_out},
    )


def _fit_converged(report: "TrainingReport") -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name="fit_converged",
        passed=not report.problem,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"why": report.problem or f"at rest after {plural(report.steps, 'step')}", "steps": report.steps},
    )


def _metadata(
    record: "ModelRecord", scorecard: "Scorecard", reference: TrainingReference, schema: Columns
) -> Metadata:
    from risk_assets.reporting.charts import pairs, shapes

    report = record.report
    pages, maps = (draw(scorecard, reference.profile, schema) for draw in (shapes, pairs))
    names = ", ".join(scorecard.features[:MOST_NAMES])
    shown: dict[str, dg.MetadataValue[str]] = {
        "shapes": dg.MetadataValue.md("\n\n".join(picture(page, f"shapes of {names}") for page in pages[:2]))
    }
    if maps:
        acting = ", ".join(pair.name for pair in scorecard.pairs)
        shown["pairs"] = dg.MetadataValue.md("\n\n".join(picture(page, f"risk by {acting}") for page in maps))
    return {
        "dagster/row_count": report.rows,
        "positives": report.positives,
        "rows known": report.rows_known,
        "steps": report.steps,
        "degrees of freedom": {name: round(value, 2) for name, value in report.degrees.items()},
        "dispersion": report.dispersion,
        "threshold": scorecard.threshold,
        "training seconds": record.seconds,
        "trained on data": record.data_version,
        **shown,
    }
