"""The sensor that notices new, changed and deleted client files."""

from collections.abc import Mapping
from datetime import UTC, datetime

import dagster as dg
from pydantic import TypeAdapter

from risk_assets.automation.jobs import CAUSE, REASON, SETTLED_ONLY, ingest
from risk_assets.automation.runs import failed_runs, run_in_flight
from risk_assets.domain.refresh.arrivals import FolderFacts, decide_ingest
from risk_assets.resources.home import Home
from risk_assets.resources.observation import report_observation
from risk_assets.settings import SettingsError
from risk_assets.storage.intake.source_bucket import held_names, ingested_versions
from risk_assets.storage.intake.source_folder import INGESTED, Fingerprint, FolderState, Status, named_in
from risk_assets.storage.remote.store import RemoteError

SECONDS = 10
#: By folder and name, the size and time of files that were still changing at the last look.
_CURSOR = TypeAdapter(dict[str, dict[str, Status]])


@dg.sensor(
    job=ingest,
    minimum_interval_seconds=SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Ingests what is new in the input folder once it is written to the end, and judges drift.",
)
def new_source_files(context: dg.SensorEvaluationContext, home: Home) -> dg.SensorResult:
    """Look at the folders, tell Dagster what they hold, and ask for a run when finaldata lacks something."""
    before = _CURSOR.validate_json(context.cursor) if context.cursor else {}
    try:
        looks = {key: home.settled_state(key, before.get(key, {})) for key in home.source_keys}
        ingested, held = ingested_versions(home.mirror), held_names(home.mirror)
    except (SettingsError, RemoteError) as error:
        return dg.SensorResult(skip_reason=str(error))
    cursor = _CURSOR.dump_json({key: settling for key, (_, settling) in looks.items()}).decode()
    for key, (state, settling) in looks.items():
        if not settling:
            report_observation(context.instance, key, state)
    state, settling = _together(looks)
    decision = decide_ingest(_facts(context.instance, ingested, held, (state, settling)), datetime.now(UTC))
    if not decision.ingest:
        return dg.SensorResult(skip_reason=decision.reason, cursor=cursor)
    context.log.info(decision.reason)
    request = dg.RunRequest(tags={CAUSE: state.version, REASON: decision.reason[:250]}, run_config=SETTLED_ONLY)
    return dg.SensorResult(run_requests=[request], cursor=cursor)


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
