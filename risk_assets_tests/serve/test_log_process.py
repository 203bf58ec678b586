"""The process that writes a worker's logs, with a real server and by itself."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from risk_assets.settings import Settings
from risk_assets_tests.serve.deployed import CLIENT, deploy, make_settings
from risk_assets_tests.serve.running import PATIENCE, Server, running, wait_until

BY_ITSELF = """
import logging, os, signal, sys
from risk_assets.serve.log_process import LogProcess, Sink
from risk_assets.storage.drift.predictions import Served

def write(entries):
    if entries[0].version == "full":
        raise OSError("no space left")
    print(os.getpid() == os.getppid(), os.getpid() == parent, [entry.risk for entry in entries], flush=True)

parent = os.getpid()
logs = LogProcess(Sink("log", Served, write), begin=lambda: None)
hand_over = logs.writer("log")
hand_over([Served(0.0, "v1", {"a": [1]}, [0.1]), Served(1.0, "v1", {"a": [2]}, [0.2])])
try:
    hand_over([Served(0.0, "full", {"a": [1]}, [0.3])])
except OSError as error:
    print(error, flush=True)
os.kill(logs._pid, signal.SIGTERM)
hand_over([Served(0.0, "v1", {"a": [1]}, [0.4])])
os.kill(logs._pid, signal.SIGKILL)
hand_over([Served(0.0, "v1", {"a": [1]}, [0.5])])
hand_over([Served(0.0, "v1", {"a": [1]}, [0.6])])
logs.close()
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path)


def worker_of(server: Server) -> int:
    [worker] = re.findall(r"Spawning worker-1 with PID: (\d+)", server.err.read_text())
    return int(worker)


def log_process_of(worker: int) -> int:
    children = [path.read_text().split() for path in Path(f"/proc/{worker}/task").glob("*/children")]
    [child] = {int(pid) for found in children for pid in found}
    return child


def logged(settings: Settings) -> list[float]:
    """Return the values of activity that the prediction log has."""
    lines = [line for file in files(settings) for line in file.read_text().splitlines()]
    return [value for line in lines for value in json.loads(line)["columns"]["activity"]]


def files(settings: Settings) -> list[Path]:
    folder = settings.data_root / "predictions"
    return sorted(folder.iterdir()) if folder.is_dir() else []


def predict(server: Server, activity: int) -> int:
    with server.http() as http:
        return http.post("/prediction", json={"clients": [{**CLIENT, "activity": activity}]}).status_code


def test_batches_are_written_elsewhere_faults_are_told_here_and_a_dead_process_is_replaced_by_this_one() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", BY_ITSELF], capture_output=True, text=True, timeout=PATIENCE, check=True
    )

    assert ran.stdout.splitlines() == [
        "False False [[0.1], [0.2]]",
        "OSError: no space left",
        "False False [[0.4]]",
        "False True [[0.5]]",
        "False True [[0.6]]",
    ]
    assert ran.stderr.count("the process that writes it has died; the worker writes on") == 1


def test_another_process_than_the_worker_writes_the_logs_and_signals_to_the_group_do_not_end_it_first(
    settings: Settings,
) -> None:
    deploy(settings)
    with running(settings) as server:
        log_process = log_process_of(worker_of(server))
        os.kill(log_process, signal.SIGTERM)
        os.kill(log_process, signal.SIGINT)
        statuses = [predict(server, activity) for activity in range(5)]
        assert server.stop() == 0

    assert statuses == [200] * 5
    assert logged(settings) == list(range(5))
    assert [file.name.split(".")[1] for file in files(settings)] == [str(log_process)]
    assert server.out.read_text().count('"/prediction"') == 5
    assert not Path(f"/proc/{log_process}").exists()


def test_when_the_process_that_writes_logs_is_killed_the_server_goes_on_and_says_so(settings: Settings) -> None:
    deploy(settings)
    with running(settings) as server:
        assert predict(server, 1) == 200
        wait_until(lambda: logged(settings))
        os.kill(log_process_of(worker_of(server)), signal.SIGKILL)
        assert predict(server, 2) == 200
        assert server.stop() == 0

    assert sorted(logged(settings)) == [1, 2]
    assert "prediction log: the process that writes it has died; the worker writes on" in server.err.read_text()
    assert server.out.read_text().count('"/prediction"') == 2


def test_a_killed_worker_takes_its_log_process_with_it_once_that_has_written(settings: Settings) -> None:
    deploy(settings)
    with running(settings) as server:
        worker = worker_of(server)
        log_process = log_process_of(worker)
        assert predict(server, 1) == 200
        time.sleep(0.3)  # several batches
        os.kill(worker, signal.SIGKILL)
        wait_until(lambda: is_gone(log_process))
        assert wait_until(lambda: predict(server, 2)) == 200

    assert sorted(logged(settings)) == [1, 2]


def is_gone(pid: int) -> bool:
    """Whether a process has ended, be it that nobody has asked how."""
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z"


def test_a_log_that_cannot_be_written_is_told_and_does_not_stop_the_server(settings: Settings) -> None:
    deploy(settings)
    (settings.data_root / "predictions").write_text("a file where the folder should be")
    with running(settings) as server:
        assert predict(server, 1) == 200
        wait_until(lambda: "prediction log: 1 entries are lost" in server.err.read_text())
        assert predict(server, 2) == 200
        assert server.stop() == 0

    assert "FileExistsError" in server.err.read_text()
    assert server.out.read_text().count('"/prediction"') == 2
