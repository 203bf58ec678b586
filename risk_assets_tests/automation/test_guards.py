"""No two writers at once, tried with real processes."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from risk_assets.automation.runs import run_in_flight
from risk_assets.domain.simulate import simulate
from risk_assets.storage.intake.finaldata import require_ingestion
from risk_assets.storage.lock import writing
from risk_assets_tests.automation.daemon import DaemonHome

pytestmark = pytest.mark.slow


@pytest.fixture
def home(tmp_path: Path) -> DaemonHome:
    home = DaemonHome(tmp_path / "home")
    home.build()
    home.runs()  # sets the home up: Dagster does not stand two processes that do so at once
    home.drop("clients1.csv", simulate(200, seed=1).frame)
    simulate(100, seed=2, first_id=1_000_000).frame.to_csv(home.layout.testdata / "testdata.csv", index=False)
    return home


def test_of_two_commands_that_write_finaldata_each_waits_for_the_lock(home: DaemonHome) -> None:
    with writing(home.layout.ingested, "finaldata"):
        commands = [home.command("risk", "run", "--select", "finaldata") for _ in range(2)]
        home.wait(lambda: steps_begun(home) == 2, "both commands to reach finaldata")
        assert [command.poll() for command in commands] == [None, None]
        assert not home.layout.ingestion.exists()

    assert [command.wait() for command in commands] == [0, 0]
    assert require_ingestion(home.layout).accepted == 200
    assert home.told() == [("__ASSET_JOB", "SUCCESS", "finaldata")] * 2


@pytest.mark.long
def test_of_two_runs_asked_for_at_once_the_second_waits_in_the_queue(home: DaemonHome) -> None:
    assert home.command("risk", "run").wait() == 0  # without a model there is nothing to rank by
    launches = [home.command("dagster", "job", "launch", "-m", "risk_assets.definitions", "-j", "ingest")]
    launches.append(home.command("dagster", "job", "launch", "-m", "risk_assets.definitions", "-j", "ingest"))
    assert [launch.wait() for launch in launches] == [0, 0]
    _, first, second = home.runs()
    assert (first.status, second.status) == (dg.DagsterRunStatus.QUEUED,) * 2
    with home.instance() as instance:
        assert run_in_flight(instance, ["finaldata"]) == second.run_id

    with home.daemon():
        home.wait(lambda: all(run.is_finished for run in home.runs()[1:3]), "both runs to end")

    with home.instance() as instance:
        earlier, later = sorted(
            (record.start_time or 0, record.end_time or 0)
            for record in instance.get_run_records(dg.RunsFilter(run_ids=[first.run_id, second.run_id]))
        )
    assert earlier[1] <= later[0]
    assert home.told()[1:3] == [("ingest", "SUCCESS", "client_risk drift finaldata")] * 2


def steps_begun(home: DaemonHome) -> int:
    with home.instance() as instance:
        return sum(
            len(instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_START))
            for run in instance.get_runs()
        )
