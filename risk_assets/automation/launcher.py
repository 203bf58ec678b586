"""Starts runs on this machine, and notices when the process of one has died."""

import json
import os
import socket
from pathlib import Path

import dagster as dg
from dagster._core.launcher import CheckRunHealthResult, DefaultRunLauncher, WorkerStatus

LAUNCHED_BY = ".dagster/grpc_info"
#: The run tag with the name of the machine on which a command is the run's process.
HOST = "risk_assets/host"
#: The clocks of the event log and of the kernel may differ by this.
SECONDS_OF_DOUBT = 10.0
SECONDS_TO_ANSWER = 2.0


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
        if _server_is_away(run):  # who says so now lets the retry fail, which needs the server
            return CheckRunHealthResult(WorkerStatus.RUNNING, "to be retried once its code server is back")
        return CheckRunHealthResult(WorkerStatus.NOT_FOUND, f"process {found[0]} has died")


def _is_of_this_machine(run: dg.DagsterRun, instance: dg.DagsterInstance) -> bool:
    """Whether a code server or a command of this machine has the run; SQLite is for one machine anyway."""
    if LAUNCHED_BY in run.tags:
        return _is_here(str(json.loads(run.tags[LAUNCHED_BY]).get("host")))
    if "sqlite" in type(instance.run_storage).__name__.lower():
        return True
    return run.tags.get(HOST) == socket.gethostname()


def _is_here(host: str) -> bool:
    """Whether one of this machine's own addresses is meant: others cannot be bound to."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.bind(address)
    except OSError:
        return False
    return True


def _server_is_away(run: dg.DagsterRun) -> bool:
    """Whether the run came from a code server with a port of its own, at which nobody listens now."""
    info = json.loads(run.tags.get(LAUNCHED_BY, "{}"))
    if info.get("port") is None:
        return False
    try:
        socket.create_connection((info["host"], info["port"]), timeout=SECONDS_TO_ANSWER).close()
    except OSError:
        return True
    return False


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
