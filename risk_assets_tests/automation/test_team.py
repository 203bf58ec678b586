"""A team's Dagster as it is shipped, on a real PostgreSQL, with processes that are killed and started again."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg
import pytest

from risk_assets.automation.launcher import HOST
from risk_assets.domain.simulate import simulate
from risk_assets.storage.deployment.versions import read_decisions
from risk_assets.storage.intake.finaldata import require_ingestion
from risk_assets.storage.lock import writing
from risk_assets_tests.automation.daemon import kill_tree
from risk_assets_tests.automation.team import TeamHome, running_team

pytestmark = pytest.mark.slow

ROWS = 300
NEVER = "0 0 1 1 *"


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TeamHome]:
    """Three processes on PostgreSQL and a model that was made by a click; the tests follow each other on them."""
    with running_team(tmp_path_factory.mktemp("team") / "home", drift_cron=NEVER) as home:
        home.drop("clients1.csv", simulate(ROWS, seed=1).frame)
        tested = simulate(100, seed=2, first_id=1_000_000).frame
        tested.to_csv(home.layout.testdata / "testdata.csv", index=False)
        home.wait(home.knows_the_code, "the web server to know the code location")
        home.wait_for(home.launch())
        yield home


def test_the_graph_is_made_by_a_click_and_its_records_are_in_postgresql(team: TeamHome) -> None:
    job, end, made = team.told()[0]

    assert (job, end) == ("everything", "SUCCESS")
    assert len(made.split()) == 8
    assert [decision.verdict for decision in read_decisions(team.layout)] == ["promoted"]
    assert team.database.psql("SELECT status FROM runs ORDER BY id LIMIT 1") == "SUCCESS\n"
    assert list(team.folder.rglob("*.db")) == []


@pytest.mark.long
def test_writers_wait_for_each_other_beside_other_runs_and_a_crash_of_postgresql_ends_none(team: TeamHome) -> None:
    with writing(team.layout.ingested, "finaldata"):
        team.drop("clients2.csv", simulate(ROWS, seed=3, first_id=2_000_000).frame)
        team.wait(lambda: by_sensor(team, "STARTED") != [], "the sensor to ask for the file and its run to begin")
        (first,) = by_sensor(team, "STARTED")
        second, beside = team.launch("finaldata"), team.launch("diagnostics")
        team.wait_for(beside)
        assert (team.status(first), team.status(second)) == ("STARTED", "QUEUED")
        team.database.stop("immediate")
        team.database.start()

    team.wait_for(first)
    team.wait_for(second)
    assert require_ingestion(team.layout).accepted == 2 * ROWS
    with team.instance() as instance:
        runs = {record.dagster_run.run_id: record for record in instance.get_run_records()}
    assert (runs[first].end_time or 0) <= (runs[second].start_time or 0)


def by_sensor(team: TeamHome, status: str) -> list[str]:
    return [run.run_id for run in team.runs() if run.job_name == "ingest" and run.status.value == status]


@pytest.mark.long
def test_what_dies_with_the_machine_is_noticed_and_made_again_once_the_code_location_is_back(
    team: TeamHome,
) -> None:
    with writing(team.layout.ingested, "finaldata"):
        run = team.launch("finaldata")
        team.wait_for(run, "STARTED")
        command = team.command("risk", "run", "--select", "finaldata")
        team.wait(lambda: by_hand(team, "STARTED") == 1, "the command to begin")
        team.kill("code", "daemon")
        kill_tree(command)
        team.start("daemon", "code")
        team.wait_for(run, "FAILURE")
        team.wait(lambda: by_hand(team, "FAILURE") == 1, "the command to be found dead")

    team.wait(lambda: len(retries(team, run)) == 1, "the second try")
    (again,) = retries(team, run)
    team.wait_for(again.run_id)


def by_hand(team: TeamHome, status: str) -> int:
    return sum(HOST in run.tags and run.status.value == status for run in team.runs())


def retries(team: TeamHome, run: str) -> list[dg.DagsterRun]:
    return [each for each in team.runs() if each.parent_run_id == run]
