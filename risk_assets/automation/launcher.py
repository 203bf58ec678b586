"""Starts runs on this machine, and notices when the process of one has died."""

import json
import os
from pathlib import Path

import dagster as dg
from dagster._core.launcher import CheckRunHealthResult, DefaultRunLauncher, WorkerStatus

LAUNCHED_BY = ".dagster/grpc_info"
#: The clocks of the event log and of the kernel may differ by this.
SECONDS_OF_DOUBT = 10.0


class LocalRunLauncher(DefaultRunLauncher):
    """Dagster's default launcher with a check of health.

    Without one, a run whose process and code server were killed together (power cut, out of memory) counts as
    under way for ever, and everything waits for it. Run monitoring asks here, and marks such a run as failed.
    """

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Let run monitoring ask."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Say whether the process that the run's own log names still lives; a run of elsewhere is left alone."""
        if not _is_of_this_machine(run, self._instance):
            return CheckRunHealthResult(WorkerStatus.RUNNING, "runs on another machine")
        found = _process(run, self._instance)
        if found is None or _lives(*found):
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(WorkerStatus.NOT_FOUND, f"process {found[0]} has died")


def _is_of_this_machine(run: dg.DagsterRun, instance: dg.DagsterInstance) -> bool:
    """Whether a code server here launched the run, or a command beside SQLite, which is for one machine."""
    if LAUNCHED_BY in run.tags:
        return json.loads(run.tags[LAUNCHED_BY]).get("host") in {"localhost", "127.0.0.1"}
    return "sqlite" in type(instance.run_storage).__name__.lower()


def _process(run: dg.DagsterRun, instance: dg.DagsterInstance) -> tuple[int, float] | None:
    """Return the id of the run's process and when it wrote that (seconds since 1970), once it has."""
    found = None
    for event in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ENGINE_EVENT):
        details = event.dagster_event
        if details is not None and details.step_key is None and "pid" in details.engine_event_data.metadata:
            found = int(str(details.engine_event_data.metadata["pid"].value)), event.timestamp
    return found


def _lives(process: int, since: float) -> bool:
    """Whether the process exists and is the one that wrote at `since`, not a later one of the same number."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it exists and belongs to somebody else
    try:
        state, *numbers = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except FileNotFoundError:  # a system without /proc
        return True
    started = _booted() + int(numbers[18]) / os.sysconf("SC_CLK_TCK")
    return state != "Z" and started <= since + SECONDS_OF_DOUBT


def _booted() -> float:
    lines = Path("/proc/stat").read_text(encoding="utf-8").splitlines()
    return float(next(line for line in lines if line.startswith("btime")).split()[1])
