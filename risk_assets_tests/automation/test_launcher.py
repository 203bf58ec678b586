from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.events import EngineEventData
from dagster._core.launcher import WorkerStatus

from risk_assets.automation.launcher import LocalRunLauncher
from risk_assets_tests.automation.daemon import ROOT
from risk_assets_tests.services.ports import free_port

HERE = {".dagster/grpc_info": '{"host": "localhost", "socket": "/tmp/tmp1"}'}
ELSEWHERE = {".dagster/grpc_info": '{"host": "code-server", "port": 4000}'}


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """An instance as dagster.yaml makes it."""
    (tmp_path / "dagster.yaml").write_text((ROOT / "dagster_home" / "dagster.yaml").read_text())
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        yield instance


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield process
    process.kill()
    process.communicate()


def started(instance: dg.DagsterInstance, process: int, tags: dict[str, str]) -> dg.DagsterRun:
    """Put a run on record whose log names the process, as Dagster writes it."""
    run = instance.add_run(dg.DagsterRun(job_name="ingest", status=dg.DagsterRunStatus.STARTED, tags=tags))
    instance.report_engine_event("Started process for run", run, EngineEventData.in_process(process))
    return run


def health(instance: dg.DagsterInstance, run: dg.DagsterRun) -> WorkerStatus:
    launcher = instance.run_launcher
    assert isinstance(launcher, LocalRunLauncher)
    assert launcher.supports_check_run_worker_health
    return launcher.check_run_worker_health(run).status


@pytest.mark.parametrize("tags", [HERE, {}])
def test_a_run_lives_as_long_as_its_process(
    instance: dg.DagsterInstance, process: subprocess.Popen[bytes], tags: dict[str, str]
) -> None:
    run = started(instance, process.pid, tags)
    assert health(instance, run) is WorkerStatus.RUNNING

    process.kill()
    process.wait()

    assert health(instance, run) is WorkerStatus.NOT_FOUND


def test_a_dead_process_that_nobody_has_buried_is_dead(
    instance: dg.DagsterInstance, process: subprocess.Popen[bytes]
) -> None:
    run = started(instance, process.pid, HERE)
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)

    assert health(instance, run) is WorkerStatus.NOT_FOUND


def test_a_later_process_of_the_same_number_is_another(instance: dg.DagsterInstance) -> None:
    run = instance.add_run(dg.DagsterRun(job_name="ingest", status=dg.DagsterRunStatus.STARTED, tags=HERE))
    noted = started(instance, os.getpid(), HERE)
    (event,) = instance.all_logs(noted.run_id, of_type=dg.DagsterEventType.ENGINE_EVENT)

    instance.store_event(event._replace(run_id=run.run_id, timestamp=event.timestamp - 3600))

    assert health(instance, run) is WorkerStatus.NOT_FOUND


def test_a_run_of_another_machine_is_left_alone(
    instance: dg.DagsterInstance, process: subprocess.Popen[bytes]
) -> None:
    process.kill()
    process.wait()

    assert health(instance, started(instance, process.pid, ELSEWHERE)) is WorkerStatus.RUNNING


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.9", "::1", "localhost"])
def test_a_code_server_with_any_address_of_this_machine_is_here(
    instance: dg.DagsterInstance, process: subprocess.Popen[bytes], host: str
) -> None:
    with socket.create_server(("", 0), family=socket.AF_INET6, dualstack_ipv6=True) as listening:
        port = listening.getsockname()[1]
        run = started(instance, process.pid, {".dagster/grpc_info": json.dumps({"host": host, "port": port})})
        assert health(instance, run) is WorkerStatus.RUNNING

        process.kill()
        process.wait()

        assert health(instance, run) is WorkerStatus.NOT_FOUND


def test_a_run_that_died_with_its_code_server_is_found_once_that_is_back_so_that_it_can_be_retried(
    instance: dg.DagsterInstance, process: subprocess.Popen[bytes]
) -> None:
    port = free_port()
    run = started(instance, process.pid, {".dagster/grpc_info": json.dumps({"host": "127.0.0.1", "port": port})})
    process.kill()
    process.wait()

    assert health(instance, run) is WorkerStatus.RUNNING
    with socket.create_server(("127.0.0.1", port)):
        assert health(instance, run) is WorkerStatus.NOT_FOUND


def test_a_run_that_has_not_named_its_process_yet_is_left_alone(instance: dg.DagsterInstance) -> None:
    run = instance.add_run(dg.DagsterRun(job_name="ingest", status=dg.DagsterRunStatus.STARTED, tags=HERE))

    assert health(instance, run) is WorkerStatus.RUNNING
