"""The schedule that refreshes what is stale, and trains anew only when the world has drifted."""

from datetime import UTC, datetime, timedelta

import dagster as dg

from risk_assets.automation.graph import asset_states
from risk_assets.automation.jobs import CAUSE, RETRAINS, refresh
from risk_assets.automation.runs import failures_by_cause, last_run_at, run_in_flight
from risk_assets.domain.deployment import last_decision
from risk_assets.domain.drift import DriftVerdict
from risk_assets.domain.refresh import (
    TRAINED,
    HeldChallenger,
    RefreshFacts,
    RefreshRules,
    decide_refresh,
)
from risk_assets.resources import Home
from risk_assets.storage.comparison import count_served
from risk_assets.storage.deployments import live_version, read_decisions
from risk_assets.storage.layout import Layout
from risk_assets.storage.records import find_record


def build(cron: str) -> dg.ScheduleDefinition:
    """Return the schedule with its cron expression."""

    @dg.schedule(
        job=refresh,
        cron_schedule=cron,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Refreshes what is stale; trains anew when the live version no longer fits the new rows.",
    )
    def check_drift(context: dg.ScheduleEvaluationContext, home: Home) -> dg.RunRequest | dg.SkipReason:
        return tick(context, home)

    return check_drift


def tick(context: dg.ScheduleEvaluationContext, home: Home) -> dg.RunRequest | dg.SkipReason:
    """Gather the facts, decide, and say why."""
    settings = home.settings
    facts = gather(context.instance, context.repository_def, home)
    rules = RefreshRules(cooldown=timedelta(minutes=settings.retrain_cooldown_minutes))
    decision = decide_refresh(facts, rules, datetime.now(UTC))
    if not decision.selection:
        return dg.SkipReason(decision.reason)
    context.log.info(decision.reason)
    tags = {CAUSE: decision.cause, "risk_assets/reason": decision.reason[:250]}
    if TRAINED in decision.selection:
        tags[RETRAINS] = "yes"
    return dg.RunRequest(asset_selection=[dg.AssetKey(key) for key in decision.selection], tags=tags)


def gather(instance: dg.DagsterInstance, repository: dg.RepositoryDefinition, home: Home) -> RefreshFacts:
    """Return the facts of this moment: from Dagster's records and from disk."""
    layout = home.layout
    states = asset_states(instance, repository)
    live, verdict = live_version(layout), find_record(layout.drift, DriftVerdict)
    served = 0
    if live is not None and verdict is not None and verdict.at is not None:
        served = count_served(layout, home.settings.columns.to_columns(), live, since=verdict.at)
    return RefreshFacts(
        states=states,
        live=live,
        verdict=verdict,
        in_flight=run_in_flight(instance, [key for key, state in states.items() if not state.is_source]),
        retrained_at=last_run_at(instance, RETRAINS),
        held=_held(layout),
        served=served,
        failed=failures_by_cause(instance, refresh.name),
    )


def _held(layout: Layout) -> HeldChallenger | None:
    """Return the newest version that waits for people's decision."""
    decisions = read_decisions(layout)
    waiting = (
        decision
        for decision in reversed(decisions)
        if decision.verdict == "held" and last_decision(decisions, decision.version) == decision
    )
    newest = next(waiting, None)
    return HeldChallenger(newest.version, newest.data_version) if newest else None
