"""What refreshes the stale, and trains anew when the world has drifted: a schedule, and a sensor for haste."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import dagster as dg

from risk_assets.automation.graph import asset_states
from risk_assets.automation.jobs import CAUSE, REASON, RETRAINS, SETTLED_ONLY, ingest, refresh
from risk_assets.automation.runs import failures_by_cause, last_success, run_in_flight
from risk_assets.automation.watch import looks
from risk_assets.domain.deployment.decisions import Decision, last_decision
from risk_assets.domain.drift.verdict import DriftVerdict
from risk_assets.domain.refresh.check_drift import (
    INGESTED,
    HeldChallenger,
    RefreshDecision,
    RefreshFacts,
    RefreshRules,
    decide_refresh,
)
from risk_assets.resources.home import Home
from risk_assets.settings import SettingsError
from risk_assets.storage.deployment.versions import live_version, read_decisions
from risk_assets.storage.records import find_record
from risk_assets.storage.remote.store import RemoteError

SECONDS = 5
#: For so long after files were ingested the schedule leaves the verdict on them to the sensor.
FIRST_LOOK = timedelta(seconds=30)


def build(cron: str) -> dg.ScheduleDefinition:
    """Return the schedule with its cron expression."""

    @dg.schedule(
        job=refresh,
        cron_schedule=cron,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Refreshes what is stale; trains anew when the live version no longer fits the new rows.",
    )
    def check_drift(context: dg.ScheduleEvaluationContext, home: Home) -> dg.RunRequest | dg.SkipReason:
        """Decide, and say why."""
        try:
            decision = look(context.instance, context.repository_def, home)
        except (SettingsError, RemoteError) as error:
            return dg.SkipReason(str(error))
        context.log.info(decision.reason)
        return _request(decision) if decision.selection else dg.SkipReason(decision.reason)

    return check_drift


def look(instance: dg.DagsterInstance, repository: dg.RepositoryDefinition, home: Home) -> RefreshDecision:
    """Decide at this moment; what was just ingested is the sensor's, so that no run is asked for twice."""
    ingested = last_success(instance, job=ingest.name)
    if ingested is not None and datetime.now(UTC) < ingested[1] + FIRST_LOOK:
        return RefreshDecision((), f"Run {ingested[0][:8]} has just ingested: check_drift_after_ingest decides.")
    return _decide(gather(instance, repository, home), home)


@dg.sensor(
    job=refresh,
    minimum_interval_seconds=SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Decides as check_drift does as soon as files are ingested, before the minute is over.",
)
def check_drift_after_ingest(context: dg.SensorEvaluationContext, home: Home) -> dg.SensorResult:
    """Decide once after each run of ingest; the cursor is the last run that was looked at."""
    for _ in looks(context.instance):
        ingested = last_success(context.instance, job=ingest.name)
        if ingested is not None and ingested[0] != context.cursor:
            return _after(ingested[0], context, home)
    return dg.SensorResult(skip_reason="nothing was ingested since the last look")


def _after(ingested: str, context: dg.SensorEvaluationContext, home: Home) -> dg.SensorResult:
    """Decide after this run of ingest; while another run is under way it is looked at once more."""
    assert context.repository_def is not None  # the daemon gives it
    try:
        facts = gather(context.instance, context.repository_def, home)
    except RemoteError as error:
        return dg.SensorResult(skip_reason=str(error))
    decision = _decide(facts, home)
    context.log.info(decision.reason)
    looked_at = None if facts.in_flight else ingested
    if not decision.selection:
        return dg.SensorResult(skip_reason=decision.reason, cursor=looked_at)
    return dg.SensorResult(run_requests=[_request(decision)], cursor=looked_at)


def _decide(facts: RefreshFacts, home: Home) -> RefreshDecision:
    rules = RefreshRules(cooldown=timedelta(minutes=home.settings.retrain_cooldown_minutes))
    return decide_refresh(facts, rules, datetime.now(UTC))


def _request(decision: RefreshDecision) -> dg.RunRequest:
    tags = {CAUSE: decision.cause, REASON: decision.reason[:250]}
    if decision.for_drift:
        tags[RETRAINS] = "yes"
    config = SETTLED_ONLY if INGESTED in decision.selection else None
    return dg.RunRequest(
        asset_selection=[dg.AssetKey(key) for key in decision.selection], tags=tags, run_config=config
    )


def gather(instance: dg.DagsterInstance, repository: dg.RepositoryDefinition, home: Home) -> RefreshFacts:
    """Return the facts of this moment: from Dagster's records and from disk."""
    from risk_assets.storage.drift.comparison import count_served

    made = [key.to_user_string() for key in repository.asset_graph.materializable_asset_keys]
    # looked up before the records and after: those of a run that ends or starts in between are half a story
    in_flight = run_in_flight(instance, made)
    layout = home.layout
    home.mirror.pull("deployed_model", "drift", "predictions")
    states = asset_states(instance, repository, home.settings)
    live, verdict = live_version(layout), find_record(layout.drift, DriftVerdict)
    decisions = read_decisions(layout)
    retrained = last_success(instance, tag=RETRAINS)
    served = 0
    if live is not None and verdict is not None and verdict.at is not None:
        served = count_served(layout, home.settings.client_columns, live, since=verdict.at)
    return RefreshFacts(
        states=states,
        live=live,
        verdict=verdict,
        in_flight=in_flight or run_in_flight(instance, made),
        retrained_at=retrained[1] if retrained else None,
        held=_held(decisions),
        rejected=_rejected(decisions),
        served=served,
        failed=failures_by_cause(instance, refresh.name),
    )


def _rejected(decisions: Sequence[Decision]) -> str | None:
    """Return the version that the last decision turned down, if it did."""
    return decisions[-1].version if decisions and decisions[-1].verdict == "rejected" else None


def _held(decisions: Sequence[Decision]) -> HeldChallenger | None:
    """Return the newest version that waits for people's decision."""
    waiting = (
        decision
        for decision in reversed(decisions)
        if decision.verdict == "held" and last_decision(decisions, decision.version) == decision
    )
    newest = next(waiting, None)
    return HeldChallenger(newest.version, newest.data_version) if newest else None
