"""Tells people: failed runs, decisions about the model, and drift."""

import dagster as dg
from pydantic import BaseModel

from risk_assets.domain.deployment.decisions import Decision
from risk_assets.domain.drift.verdict import DriftVerdict
from risk_assets.resources.home import Home
from risk_assets.storage.deployment.versions import read_decisions
from risk_assets.storage.notifications import ChannelError, send
from risk_assets.storage.records import read_history
from risk_assets.storage.remote.store import RemoteError

SECONDS = 30


class Told(BaseModel):
    """How many decisions and drift verdicts people have been told of, and which files that are not read."""

    decisions: int
    verdicts: int
    unread: tuple[str, ...] = ()


@dg.run_failure_sensor(
    default_status=dg.DefaultSensorStatus.RUNNING, description="Tells people that a run failed, and why."
)
def failed_run(context: dg.RunFailureSensorContext, home: Home) -> None:
    """Send the run and the first line of its error; a channel that is down is logged and fails nothing."""
    run, reason = context.dagster_run, context.failure_event.message or "no reason given"
    steps = [event.step_key for event in context.get_step_failure_events() if event.step_key]
    where = f" in {', '.join(steps)}" if steps else ""
    try:
        send(home.notify_url, title="risk_assets: a run failed", body=f"Run {run.run_id[:8]}{where}: {reason}")
    except ChannelError as error:
        context.log.warning(str(error))


@dg.sensor(
    minimum_interval_seconds=SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Tells people what was decided about the model, of drift, and of files that are not read.",
)
def decisions(context: dg.SensorEvaluationContext, home: Home) -> dg.SensorResult:
    """Send what was decided since the last look; what the channel does not take is sent again at the next."""
    try:
        home.mirror.pull("deployed_model", "drift")
    except RemoteError as error:
        return dg.SensorResult(skip_reason=str(error))
    made = read_decisions(home.layout)
    verdicts = read_history(home.layout.drift_history, DriftVerdict)
    now = Told(decisions=len(made), verdicts=len(verdicts), unread=home.layout.unread_files())
    if context.cursor is None:
        return dg.SensorResult(skip_reason="notices start from here", cursor=now.model_dump_json())
    sent = Told.model_validate_json(context.cursor)
    new_files = [name for name in now.unread if name not in sent.unread]
    news = [*_drifts(verdicts, sent.verdicts), *map(_decided, made[sent.decisions :])]
    news += [f"{name} in the input folder is of no kind that is read." for name in new_files]
    if not news:
        return dg.SensorResult(skip_reason="nothing was decided", cursor=now.model_dump_json())
    try:
        send(home.notify_url, title="risk_assets", body="\n".join(news))
    except ChannelError as error:
        return dg.SensorResult(skip_reason=f"{error}; {len(news)} notices wait for the next look")
    return dg.SensorResult(skip_reason=f"told: {'; '.join(news)}"[:500], cursor=now.model_dump_json())


def _decided(decision: Decision) -> str:
    return f"{decision.version} was {decision.verdict}; {decision.live or 'nothing'} serves. {decision.reason}"


def _drifts(verdicts: tuple[DriftVerdict, ...], sent: int) -> list[str]:
    """Return a sentence for each turn from another verdict to drift."""
    turns = zip((None, *verdicts), verdicts, strict=False)
    return [
        f"Drift: {verdict.sentence}"
        for place, (before, verdict) in enumerate(turns)
        if place >= sent and verdict.verdict == "drifted" and (before is None or before.verdict != "drifted")
    ]


SENSORS = (failed_run, decisions)
