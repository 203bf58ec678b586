"""A home of its own with Dagster's real daemon and code server, and what their records tell."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg
import pandas as pd
from dagster._core.scheduler.instigation import InstigatorTick, TickStatus

from risk_assets.automation.runs import IN_FLIGHT
from risk_assets.settings import load_settings
from risk_assets.storage.deployment.versions import live_version
from risk_assets.storage.layout import Layout

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
PATIENCE = 900.0


@dataclass
class DaemonHome:
    """Settings, data and DAGSTER_HOME in one folder; processes are started in it with relative paths."""

    folder: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def build(self, **settings: object) -> None:
        """Write config.json (the shipped one, changed by `settings`), dagster.yaml and empty folders."""
        config = json.loads((ROOT / "config.json").read_text())
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "config.json").write_text(json.dumps(config | {"dependency_check": False} | settings))
        (self.folder / "dagster_home").mkdir()
        shutil.copy(ROOT / "dagster_home" / "dagster.yaml", self.folder / "dagster_home")
        for folder in (self.layout.input, self.layout.testdata):
            folder.mkdir(parents=True)

    @property
    def layout(self) -> Layout:
        return Layout.of(load_settings(self.folder / "config.json"))

    @property
    def environment(self) -> dict[str, str]:
        home = str(self.folder / "dagster_home")
        return {**os.environ, "DAGSTER_HOME": home, "RISK_ASSETS_CONFIG": "config.json"}

    def command(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a command of this environment here; its output goes to NAME.log."""
        with (self.folder / f"{arguments[0]}.log").open("ab") as log:
            process = subprocess.Popen(
                [str(BIN / arguments[0]), *arguments[1:]],
                cwd=self.folder,
                env=self.environment,
                stdout=log,
                stderr=log,
            )
        self.processes.append(process)
        return process

    def run(self) -> None:
        """Materialize everything, as `make run` does."""
        if self.command("risk", "run").wait() != 0:
            raise AssertionError((self.folder / "risk.log").read_text())

    @contextmanager
    def daemon(self) -> Iterator[subprocess.Popen[bytes]]:
        """Keep Dagster's daemon with its code server running; whatever they started ends with them."""
        process = self.command("dagster-daemon", "run", "-m", "risk_assets.definitions")
        try:
            yield process
        finally:
            kill_tree(process)

    def drop(self, name: str, rows: pd.DataFrame) -> None:
        """Let a file appear whole, under a name of which nobody saw it grow."""
        staged = self.layout.input / f".{name}.part"
        rows.to_csv(staged, index=False)
        staged.rename(self.layout.input / name)

    def arrive(self, source: Path, folder: Path) -> None:
        """Let a copy of a file appear whole in a folder, with the time at which it was written."""
        staged = folder / f".{source.name}.part"
        shutil.copy2(source, staged)
        staged.rename(folder / source.name)

    def listed(self) -> set[str]:
        """Return the ids of the clients in the ranking."""
        return set(pd.read_csv(self.layout.client_risk_csv)["corporation"])

    def serving(self) -> str | None:
        return live_version(self.layout)

    @contextmanager
    def instance(self) -> Iterator[dg.DagsterInstance]:
        with dg.DagsterInstance.from_config(str(self.folder / "dagster_home")) as instance:
            yield instance

    def runs(self) -> list[dg.DagsterRun]:
        """Return all runs, oldest first."""
        with self.instance() as instance:
            return list(reversed(instance.get_runs()))

    def told(self) -> list[tuple[str, str, str]]:
        """Return job, end and materialized assets of all runs, oldest first."""
        with self.instance() as instance:
            return [
                (run.job_name, run.status.value, " ".join(sorted(_made(instance, run))))
                for run in reversed(instance.get_runs())
            ]

    def ticks(self, name: str) -> list[InstigatorTick]:
        """Return the finished ticks of a sensor or schedule, oldest first."""
        with self.instance() as instance:
            found = [state for state in instance.all_instigator_state() if state.instigator_name == name]
            ticks = [
                tick
                for state in found
                for tick in instance.get_ticks(state.instigator_origin_id, state.selector_id)
            ]
        return sorted(
            (tick for tick in ticks if tick.status != TickStatus.STARTED), key=lambda tick: tick.timestamp
        )

    def reasons(self, name: str) -> list[str]:
        """Return why the ticks of a sensor or schedule skipped, oldest first."""
        return [tick.skip_reason or "" for tick in self.ticks(name)]

    def wait(self, until: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
        """Look every half second; fail with the end of the logs when it does not come."""
        limit = time.monotonic() + seconds
        while not until():
            if time.monotonic() > limit:
                raise AssertionError(f"waited {seconds:.0f} s for {what}\n{self._state()}")
            time.sleep(0.5)

    def wait_until_quiet(self) -> None:
        """Wait until nothing runs and a look of the schedule found nothing to do, whatever had come before it."""
        self.wait(self._is_quiet, "the end of all runs and a look of check_drift after it")

    def _is_quiet(self) -> bool:
        runs = self.runs()
        if any(run.status in IN_FLIGHT for run in runs):
            return False
        with self.instance() as instance:
            ended = max(record.end_time or 0.0 for record in instance.get_run_records())
        looks = [tick for tick in self.ticks("check_drift") if tick.timestamp > ended]
        return any("nothing to refresh" in (tick.skip_reason or "") for tick in looks)

    def _state(self) -> str:
        log = self.folder / "dagster-daemon.log"
        lines = log.read_text().splitlines()[-40:] if log.exists() else []
        return "\n".join([*map(str, self.told()), *lines])


def _made(instance: dg.DagsterInstance, run: dg.DagsterRun) -> set[str]:
    events = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    keys = [event.asset_materialization.asset_key for event in events if event.asset_materialization]
    return {key.to_user_string() for key in keys}


def kill_tree(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL a process and everything that it started, so that nobody lives to clear up."""
    family = _descendants(process.pid)
    for number in (process.pid, *family):
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
    process.wait()


def _descendants(process: int) -> Sequence[int]:
    """Return the process ids below a process (Linux)."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
            children.setdefault(parent, []).append(int(folder.name))
    found, waiting = [], [process]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found
