"""The health of data, runs and packages."""

import time
from datetime import UTC, datetime

import dagster as dg

from risk_assets.domain.diagnostics import Diagnostics, Timing
from risk_assets.domain.drift.profile import CategoricalProfile, NumericProfile, Profile
from risk_assets.engine.drift.profile import dataset_rows, profile
from risk_assets.reporting.markdown import picture
from risk_assets.resources.declaration import Metadata, graph_asset
from risk_assets.resources.dependencies import Dependencies
from risk_assets.resources.home import Home
from risk_assets.storage.dependencies import not_asked
from risk_assets.storage.deployment.versions import deployed_scorecard, require_live_version
from risk_assets.storage.intake.finaldata import require_ingestion
from risk_assets.storage.intake.part_files import rows_of
from risk_assets.storage.intake.set_apart import read_test_rows
from risk_assets.storage.records import write_record

TIMED = ("finaldata", "trained_model", "latest_score")


@graph_asset(
    upstream=["finaldata", "deployed_model", "drift"],
    also_reads=["testdata"],  # its clients are scored once, to time a prediction
    code_version="2",
    settings=["history_runs", "dependency_check"],
    owners=["team:operations"],
    kinds={"duckdb"},
)
def diagnostics(context: dg.AssetExecutionContext, home: Home, dependencies: Dependencies) -> dg.MaterializeResult:
    """Summary statistics and missing values of finaldata, how long runs took, and the state of the packages.

    Durations are read from Dagster's event log; nothing is run again. Without a network the packages' entry says
    "unavailable" and why.
    """
    settings, layout = home.settings, home.layout
    ingestion = require_ingestion(layout)
    with home.session() as session:
        summary = profile(session, dataset_rows(session.columns, rows_of(layout, ingestion)))
        tested, _ = read_test_rows(layout, session)
    live = require_live_version(layout)
    scorecard = deployed_scorecard(layout, live)
    columns = tested.columns_for(scorecard)
    scorecard.risk(columns)  # the first use prepares the scorecard, which a server does once
    started = time.perf_counter()
    scorecard.risk(columns)
    record = Diagnostics(
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        profile=summary,
        timings=tuple(_timings(context.instance, settings.history_runs)),
        prediction_rows=len(tested.target),
        prediction_seconds=time.perf_counter() - started,
        dependencies=dependencies.check.collect() if dependencies.check else not_asked(),
    )
    write_record(layout.diagnostics, record)
    return dg.MaterializeResult(
        data_version=dg.DataVersion(f"{ingestion.data_version}-{live}"), metadata=_metadata(record)
    )


def _timings(instance: dg.DagsterInstance, runs: int) -> list[Timing]:
    """Return the duration of the steps of the last runs, oldest first."""
    found = []
    for asset in TIMED:
        for record in instance.fetch_materializations(dg.AssetKey(asset), limit=runs).records:
            for step in instance.get_run_step_stats(record.run_id, [asset]):
                if step.start_time is not None and step.end_time is not None:
                    at = datetime.fromtimestamp(step.start_time, UTC).isoformat(timespec="seconds")
                    found.append(Timing(asset, record.run_id, at, step.end_time - step.start_time))
    return sorted(found, key=lambda timing: timing.at)


def _metadata(record: Diagnostics) -> Metadata:
    from risk_assets.reporting.charts import timings as timings_chart

    packages = record.dependencies
    vulnerable = [row.name for row in packages.dependencies if row.vulnerabilities]
    return {
        "missing cells": dg.MetadataValue.json(_missing(record.profile)),
        "prediction, µs per client": 1e6 * record.prediction_seconds / max(record.prediction_rows, 1),
        "durations": dg.MetadataValue.md(picture(timings_chart(record.timings), "durations")),
        "outdated packages": packages.outdated_status,
        "audit": packages.audit_status,
        "vulnerable packages": ", ".join(vulnerable) or "none known",
    }


def _missing(summary: Profile) -> dict[str, float]:
    columns: list[NumericProfile | CategoricalProfile] = [*summary.numeric, *summary.categorical]
    return {column.name: column.missing / max(column.n, 1) for column in columns}
