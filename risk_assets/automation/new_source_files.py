"""The sensor that notices new, changed and deleted client files."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime

import dagster as dg
from pydantic import TypeAdapter, ValidationError

from risk_assets.automation.jobs import CAUSE, REASON, SETTLED_ONLY, ingest
from risk_assets.automation.runs import failed_runs, run_in_flight
from risk_assets.automation.watch import looks
from risk_assets.domain.refresh.new_source_files import FolderFacts, decide_ingest
from risk_assets.resources.home import Home
from risk_assets.resources.observation import report_observation
from risk_assets.settings import SettingsError
from risk_assets.storage.deployment.versions import live_version
from risk_assets.storage.intake.source_bucket import held_names, ingested_versions
from risk_assets.storage.intake.source_folder import INGESTED, Fingerprint, FolderState, Status, named_in
from risk_assets.storage.remote.store import RemoteError

#: Less than two rounds of the daemon, so that a tick that starts a little early is not put off by a third.
SECONDS = 9
#: By folder and name, the size and times of files that may still be written, and since when they are so (1970).
Seen = dict[str, dict[str, tuple[Status, float]]]
_CURSOR = TypeAdapter(Seen)


@dg.sensor(
    job=ingest,
    minimum_interval_seconds=SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Ingests what is new in the input folder once it is written to the end, and judges drift.",
)
def new_source_files(context: dg.SensorEvaluationContext, home: Home) -> dg.SensorResult:
    """Look at the folders, tell Dagster what they hold, and ask for a run when finaldata lacks something.

    Within a tick the folders are looked at again when a file in them is not as it was, or may still be written.
    """
    seen = _read_cursor(context.cursor)
    result, glimpsed = None, None
    for _ in looks(context.instance):
        now = _glimpse(home)
        if result is not None and now == glimpsed and not any(seen.values()):
            continue
        glimpsed = now
        result, seen = _look(context, home, seen)
        if result.run_requests:
            break
    assert result is not None  # there is one look at least
    return result


def _glimpse(home: Home) -> object:
    try:
        return home.glimpse()
    except SettingsError:  # a folder is not there, as the look itself is going to say
        return None


def _read_cursor(cursor: str | None) -> Seen:
    try:
        return _CURSOR.validate_json(cursor) if cursor else {}
    except ValidationError:  # of an earlier release: files that are being written are seen for the first time
        return {}


def _look(context: dg.SensorEvaluationContext, home: Home, seen: Seen) -> tuple[dg.SensorResult, Seen]:
    """Return what follows of the folders as they are now, and which files in them may still be written."""
    now = time.time()
    try:
        found = {key: _settled(home, key, seen.get(key, {}), now) for key in home.source_keys}
        ingested, held = ingested_versions(home.mirror), held_names(home.mirror)
    except (SettingsError, RemoteError) as error:
        return dg.SensorResult(skip_reason=str(error)), seen
    for key, (state, settling) in found.items():
        if not settling:
            report_observation(context.instance, key, state)
    seen = {key: _since(settling, seen.get(key, {}), now) for key, (_, settling) in found.items()}
    cursor = _CURSOR.dump_json(seen).decode()
    state, settling = _together(found)
    decision = decide_ingest(_facts(context.instance, ingested, held, (state, settling)), datetime.now(UTC))
    if not decision.ingest:
        return dg.SensorResult(skip_reason=decision.reason, cursor=cursor), seen
    context.log.info(decision.reason)
    request = dg.RunRequest(
        asset_selection=[dg.AssetKey(key) for key in _wanted(home)],
        tags={CAUSE: state.version, REASON: decision.reason[:250]},
        run_config=SETTLED_ONLY,
    )
    return dg.SensorResult(run_requests=[request], cursor=cursor), seen


def _settled(
    home: Home, key: str, seen: Mapping[str, tuple[Status, float]], now: float
) -> tuple[FolderState, dict[str, Status]]:
    """Tell the files of a folder that have been the same for long enough from those that may still be written."""
    before = {
        name: status for name, (status, since) in seen.items() if now - since >= home.settings.settle_seconds
    }
    return home.settled_state(key, before)


def _since(
    settling: Mapping[str, Status], seen: Mapping[str, tuple[Status, float]], now: float
) -> dict[str, tuple[Status, float]]:
    """Return since when each file that may still be written is as it is."""
    known = (seen.get(name) for name in settling)
    return {
        name: before if before is not None and before[0] == status else (status, now)
        for (name, status), before in zip(settling.items(), known, strict=True)
    }


def _wanted(home: Home) -> tuple[str, ...]:
    """Return what a run of new files makes: the ranking too, which people wait for, once a model can rank."""
    home.mirror.pull("deployed_model")
    return ("finaldata", "drift", "client_risk") if live_version(home.layout) else ("finaldata", "drift")


def _together(looks: Mapping[str, tuple[FolderState, dict[str, Status]]]) -> tuple[FolderState, dict[str, Status]]:
    """Return what finaldata is made from as one folder: files of outcomes have its name before theirs."""
    files: dict[str, Fingerprint] = {}
    settling: dict[str, Status] = {}
    for key in INGESTED:
        if key in looks:
            state, changing = looks[key]
            files |= {named_in(key, name): file for name, file in state.files.items()}
            settling |= {named_in(key, name): status for name, status in changing.items()}
    return FolderState(files), settling


def _facts(
    instance: dg.DagsterInstance,
    ingested: dict[str, str],
    held: tuple[str, ...],
    together: tuple[FolderState, dict[str, Status]],
) -> FolderFacts:
    state, settling = together
    return FolderFacts(
        settled={name: file.sha256 for name, file in state.files.items()},
        ingested=ingested,
        settling=tuple(settling),
        in_flight=run_in_flight(instance, ["finaldata"]),
        failed=failed_runs(instance, state.version),
        held=held,
    )
