"""What Dagster's run history tells: runs under way, and how often a cause has failed."""

from collections.abc import Collection, Iterable
from datetime import UTC, datetime

import dagster as dg

from risk_assets.automation.jobs import CAUSE
from risk_assets.domain.refresh.retry import FailedRuns

IN_FLIGHT = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
#: A run that people cancelled is not asked for again at once either.
FAILED = {dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED}
RUNS_LOOKED_AT = 50


def run_in_flight(instance: dg.DagsterInstance, keys: Collection[str]) -> str | None:
    """Return the id of an unfinished run that materializes any of `keys`, whoever started it."""
    wanted = {dg.AssetKey(key) for key in keys}
    for run in instance.get_runs(dg.RunsFilter(statuses=IN_FLIGHT)):
        if run.asset_selection is None or wanted & set(run.asset_selection):
            return run.run_id
    return None


def failed_runs(instance: dg.DagsterInstance, cause: str) -> FailedRuns | None:
    """Return how many of the latest runs for this cause failed in a row, and when the last did."""
    records = instance.get_run_records(dg.RunsFilter(tags={CAUSE: cause}), limit=RUNS_LOOKED_AT)
    return _failures(records).get(cause)


def failures_by_cause(instance: dg.DagsterInstance, job: str) -> dict[str, FailedRuns]:
    """Return, for each cause whose latest run of this job failed, how many failed in a row."""
    return _failures(instance.get_run_records(dg.RunsFilter(job_name=job), limit=RUNS_LOOKED_AT))


def last_success(
    instance: dg.DagsterInstance, *, job: str | None = None, tag: str | None = None
) -> tuple[str, datetime] | None:
    """Return the id of the newest run of this job or with this tag that succeeded, and when it ended."""
    wanted = dg.RunsFilter(
        job_name=job, tags={tag: "yes"} if tag else None, statuses=[dg.DagsterRunStatus.SUCCESS]
    )
    for record in instance.get_run_records(wanted, limit=1):
        ended = record.end_time or record.create_timestamp.timestamp()
        return record.dagster_run.run_id, datetime.fromtimestamp(ended, UTC)
    return None


def _failures(records: Iterable[dg.RunRecord]) -> dict[str, FailedRuns]:
    """Count, from newest to oldest, failed runs by cause until one that succeeded."""
    found: dict[str, FailedRuns] = {}
    settled: set[str] = set()
    for record in records:
        cause = record.dagster_run.tags.get(CAUSE, "")
        if record.dagster_run.status == dg.DagsterRunStatus.SUCCESS:
            settled.add(cause)
        elif record.dagster_run.status in FAILED and cause not in settled:
            ended = record.end_time or record.create_timestamp.timestamp()
            before = found.get(cause)
            last = before.last_at if before else datetime.fromtimestamp(ended, UTC)
            found[cause] = FailedRuns(before.count + 1 if before else 1, last)
    return found
