"""Tells people: failed runs, decisions about the model, and drift."""

from collections.abc import Sequence

import dagster as dg
from pydantic import BaseModel

from risk_assets.domain.deployment.decisions import Decision
from risk_assets.domain.drift.verdict import DriftVerdict
from risk_assets.domain.intake.ingestion import HeldFile, Ingestion
from risk_assets.resources.home import Home
from risk_assets.storage.deployment.versions import read_decisions
from risk_assets.storage.notifications import ChannelError, send
from risk_assets.storage.records import RecordError, find_record, read_history
from risk_assets.storage.remote.mirror import Mirror
from risk_assets.storage.remote.store import RemoteError

SECONDS = 30


class Told(BaseModel):
    """How many decisions and drift verdicts people have been told of, and of which files not read or held back."""

    decisions: int
    verdicts: int
    unread: tuple[str, ...] = ()
    held: tuple[str, ...] = ()


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
        held = {file.sentence: file for file in _held(home.mirror)}
    except RemoteError as error:
        return dg.SensorResult(skip_reason=str(error))
    made = read_decisions(home.layout)
    verdicts = read_history(home.layout.drift_history, DriftVerdict)
    unread = home.layout.unread_files()
    now = Told(decisions=len(made), verdicts=len(verdicts), unread=unread, held=tuple(held))
    if context.cursor is None:
        return dg.SensorResult(skip_reason="notices start from here", cursor=now.model_dump_json())
    sent = Told.model_validate_json(context.cursor)
    news = [*_drifts(verdicts, sent.verdicts), *map(_decided, made[sent.decisions :])]
    news += [f"{name} in the input folder is of no kind that is read." for name in _new(now.unread, sent.unread)]
    news += [f"{said}. risk accept, or risk refuse, {held[said].name}" for said in _new(now.held, sent.held)]
    if not news:
        return dg.SensorResult(skip_reason="nothing was decided", cursor=now.model_dump_json())
    try:
        send(home.notify_url, title="risk_assets", body="\n".join(news))
    except ChannelError as error:
        return dg.SensorResult(skip_reason=f"{error}; {len(news)} notices wait for the next look")
    return dg.SensorResult(skip_reason=f"told: {'; '.join(news)}"[:500], cursor=now.model_dump_json())


def _held(mirror: Mirror) -> tuple[HeldFile, ...]:
    try:
        ingestion = find_record(mirror.peek("finaldata", mirror.layout.ingestion), Ingestion)
    except RecordError:  # the next ingestion makes it anew
        return ()
    return tuple(file for file in (ingestion.held if ingestion else ()) if file.verdict == "suspect")


def _new(now: Sequence[str], before: Sequence[str]) -> list[str]:
    return [name for name in now if name not in before]


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
