"""The sensor that notices new, changed and deleted client files."""

from datetime import UTC, datetime

import dagster as dg
from pydantic import TypeAdapter

from risk_assets.automation.jobs import CAUSE, ingest
from risk_assets.automation.runs import failed_runs, run_in_flight
from risk_assets.domain.arrivals import FolderFacts, decide_ingest
from risk_assets.resources import Home, report_observation
from risk_assets.settings import SettingsError
from risk_assets.storage.finaldata import read_ingestion
from risk_assets.storage.fingerprints import Status

SECONDS = 10
_CURSOR = TypeAdapter(dict[str, Status])


@dg.sensor(
    job=ingest,
    minimum_interval_seconds=SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Ingests what is new in the input folder once it is written to the end, and judges drift.",
)
def new_source_files(context: dg.SensorEvaluationContext, home: Home) -> dg.SensorResult:
    """Look at the input folder; the cursor holds the files that were still changing at the last look."""
    before = _CURSOR.validate_json(context.cursor) if context.cursor else {}
    try:
        state, settling = home.settled_sources(before)
    except SettingsError as error:
        return dg.SensorResult(skip_reason=str(error))
    cursor = _CURSOR.dump_json(settling).decode()
    report_observation(context.instance, "sourcedata", state)
    ingestion = read_ingestion(home.layout)
    facts = FolderFacts(
        found={name: file.sha256 for name, file in state.files.items()},
        ingested={file.name: file.sha256 for file in ingestion.files} if ingestion else {},
        settling=tuple(settling),
        in_flight=run_in_flight(context.instance, ["finaldata"]),
        failed=failed_runs(context.instance, state.version),
    )
    decision = decide_ingest(facts, datetime.now(UTC))
    if not decision.ingest:
        return dg.SensorResult(skip_reason=decision.reason, cursor=cursor)
    context.log.info(decision.reason)
    request = dg.RunRequest(
        tags={CAUSE: state.version, "risk_assets/reason": decision.reason[:250]},
        run_config=dg.RunConfig(ops={"finaldata": {"config": {"leave_out": list(decision.leave_out)}}}),
    )
    return dg.SensorResult(run_requests=[request], cursor=cursor)
