"""The whole graph, or a part of it, once: `risk run`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from risk_assets.cli.dagster_instance import open_records
from risk_assets.cli.graph_run import run_assets
from risk_assets.domain.deployment.challenger import find_challenger
from risk_assets.domain.drift.verdict import DriftVerdict
from risk_assets.domain.intake.ingestion import Ingestion
from risk_assets.domain.ranking.risk_summary import RiskSummary
from risk_assets.domain.scoring.backtest import Backtest
from risk_assets.domain.scoring.metrics import Metrics
from risk_assets.engine.duck.session import open_duckdb
from risk_assets.reporting.run_summary import RunResults, boosting_line, run_summary
from risk_assets.reporting.wording import terminal_text
from risk_assets.settings import Settings, config_file, load_settings
from risk_assets.storage.deployment.versions import deployed_metrics, live_version, read_decisions, read_manifest
from risk_assets.storage.layout import Layout
from risk_assets.storage.records import RecordError, find_record
from risk_assets.storage.remote.mirror import Mirror

if TYPE_CHECKING:
    import dagster as dg
    from dagster_shared.error import SerializableErrorInfo

    from risk_assets.domain.scoring.boosting import BoostingComparison

CONFIG = "RISK_ASSETS_CONFIG"
#: The name under which a check says why it did, or did not, pass.
REASON = "why"
LONGEST_REASON = 300


@click.command()
@click.option("--select", default="*", show_default=True, help="Assets, in Dagster's selection syntax.")
@click.option(
    "--compare-boosting", is_flag=True, help="Also tell what gradient boosting reaches on the same rows."
)
@click.option("--verify", is_flag=True, help="Read the content of all source files again, whatever their times.")
@click.pass_obj
def run(config: str | None, select: str, *, compare_boosting: bool, verify: bool) -> None:
    """Materialize the graph, and tell what came of it. The run is recorded in DAGSTER_HOME."""
    file = config_file(config)
    os.environ[CONFIG] = str(file)
    settings = load_settings(file)
    if verify:
        from risk_assets.resources.home import Home

        Home(config_file=str(file)).verify_sources()
    stale = _materialize(select, file.parent / "dagster_home", settings)
    click.echo("\n" + run_summary(_results(settings, stale)))
    if compare_boosting:
        click.echo(boosting_line(_boosting(file)))


class Progress:
    """Prints each finished asset with its seconds, and each check that did not pass; gathers the faults."""

    def __init__(self) -> None:
        self.assets: dict[str, str] = {}
        self.faults: list[str] = []
        self.succeeded = False

    def note(self, event: dg.DagsterEvent) -> None:
        """Take in an event of the run."""
        key = event.step_key or ""
        if event.is_step_materialization and event.asset_key:
            self.assets[key] = event.asset_key.to_user_string()
        elif event.is_step_success and key in self.assets:
            seconds = event.step_success_data.duration_ms / 1000
            click.echo(f"{self.assets[key]:<24}{seconds:6.1f} s")
        elif event.is_step_failure:
            click.echo(f"{key:<24}failed")
            self.faults.append(f"{key}: {_sentence(event.step_failure_data.error)}")
        elif event.event_type_value == "ASSET_CHECK_EVALUATION":
            check = event.asset_check_evaluation_data
            if not check.passed:
                click.echo(f"{check.asset_key.to_user_string()}: {_why(check)}")
        elif event.is_run_failure and not self.faults:
            self.faults.append(f"the run: {_sentence(event.job_failure_data.error)}")
        self.succeeded = self.succeeded or event.event_type_value == "PIPELINE_SUCCESS"


def _why(check: dg.AssetCheckEvaluation) -> str:
    """Return the reason that a check gives among its metadata, or that it did not pass."""
    reason = check.metadata.get(REASON)
    return terminal_text(str(reason.value if reason else f"{check.check_name} did not pass"), LONGEST_REASON)


def _materialize(select: str, home: Path, settings: Settings) -> Mapping[str, str]:
    """Run the selected assets, and return which results are stale afterwards, and why.

    Raises ClickException with a sentence for each fault.
    """
    progress = Progress()
    with open_records(home) as instance:
        for event in run_assets(instance, select):
            progress.note(event)
        if not progress.succeeded:
            raise click.ClickException("; ".join(progress.faults) or "the run ended before its end")
        return _stale(instance, settings)


def _stale(instance: dg.DagsterInstance, settings: Settings) -> Mapping[str, str]:
    """Return the stale results with the reason of each; what is not in the records came of an earlier run."""
    from risk_assets.automation.graph import asset_states
    from risk_assets.definitions import defs
    from risk_assets.domain.refresh.staleness import NEVER_MADE, stale_results

    reasons = stale_results(asset_states(instance, defs.get_repository_def(), settings))
    return {key: "of an earlier run" if reason == NEVER_MADE else reason for key, reason in reasons.items()}


def _sentence(error: SerializableErrorInfo | None) -> str:
    """Return the message of the error that an asset raised; the name of its class too, unless it is our own."""
    if error is None:
        return "failed; its log is in Dagster's UI"
    kind, _, text = (error.cause or error).message.strip().partition(": ")
    return text if kind.startswith("risk_assets.") else f"{kind}: {text}"


def _results(settings: Settings, stale: Mapping[str, str]) -> RunResults:
    layout = Layout.of(settings)
    report = Mirror.of(settings).place("report", layout.summary_report)
    results = RunResults(
        ingestion=find_record(layout.ingestion, Ingestion),
        live=live_version(layout),
        drift=find_record(layout.drift, DriftVerdict),
        backtest=find_record(layout.backtest, Backtest) if settings.outcomes else None,
        report=report if layout.summary_report.exists() else None,
        stale=stale,
    )
    if results.live is None:
        return results
    metrics = deployed_metrics(layout, results.live)
    challenger = find_challenger(
        find_record(layout.metrics, Metrics),
        read_manifest(layout, results.live),
        metrics.threshold,
        read_decisions(layout),
    )
    risks = _risks(settings, layout, metrics.threshold)
    return replace(results, metrics=metrics, challenger=challenger, risks=risks)


def _boosting(config: Path) -> BoostingComparison:
    from risk_assets.resources.home import Home
    from risk_assets.storage.scoring.boosting import compare_boosting

    home = Home(config_file=str(config))
    settings = home.settings
    with home.session() as session:
        try:
            return compare_boosting(home.layout, session, most_rows=settings.max_training_rows, seed=settings.seed)
        except RecordError as error:
            raise click.ClickException(str(error)) from error


def _risks(settings: Settings, layout: Layout, threshold: float) -> RiskSummary | None:
    from risk_assets.storage.ranking.risk_summary import read_risk_summary

    if not layout.client_risk_parquet.exists():
        return None
    columns, spill = settings.client_columns, settings.spill_folder or layout.ingested / ".spill"
    with open_duckdb(columns, memory_limit=settings.memory_limit, threads=1, spill=spill) as session:
        return read_risk_summary(session, layout, threshold=threshold, top=10)
