"""The real daemon, killed in the middle of a run and started again."""

from __future__ import annotations

import shutil
from pathlib import Path

import dagster as dg
import pytest

from risk_assets.domain.deployment.decisions import Decision
from risk_assets.storage.deployment.versions import read_decisions, read_manifest
from risk_assets_tests.automation.daemon import DaemonHome, kill_tree
from risk_assets_tests.automation.worlds import CALM, DRIFTED, home_with_a_model

pytestmark = [pytest.mark.slow, pytest.mark.long]


@pytest.fixture
def home(tmp_path: Path) -> DaemonHome:
    return home_with_a_model(tmp_path / "home")


def test_killed_in_the_middle_of_a_run_and_started_again_it_ends_where_it_would_have(
    home: DaemonHome, tmp_path: Path
) -> None:
    undisturbed = DaemonHome(tmp_path / "undisturbed")
    shutil.copytree(home.folder, undisturbed.folder)
    for name, rows in (("clients2.csv", CALM), ("clients3.csv", DRIFTED)):
        undisturbed.drop(name, rows)
        home.drop(name, rows)
    undisturbed.run()

    with home.daemon() as daemon:
        home.wait(lambda: is_training(home), "the training to begin")
        kill_tree(daemon)
    assert [end for _, end, _ in home.told()] == ["SUCCESS", "SUCCESS", "STARTED"]
    with home.daemon():
        home.wait_until_quiet()

    assert [(job, end) for job, end, _ in home.told()] == [
        ("everything", "SUCCESS"),
        ("ingest", "SUCCESS"),
        ("refresh", "FAILURE"),
        ("refresh", "SUCCESS"),
    ]
    killed, again = home.runs()[2:]
    assert again.parent_run_id == killed.run_id
    assert what_was_decided(home) == what_was_decided(undisturbed)
    assert home.serving() == undisturbed.serving() != read_decisions(home.layout)[0].version
    assert deployed_files(home) == deployed_files(undisturbed)
    for name in ("finaldata_csv", "client_risk_csv", "trainedmodel", "scorecard", "latestscore"):
        assert getattr(home.layout, name).read_bytes() == getattr(undisturbed.layout, name).read_bytes(), name


def is_training(home: DaemonHome) -> bool:
    started = dg.DagsterEventType.STEP_START
    with home.instance() as instance:
        runs = instance.get_runs(dg.RunsFilter(job_name="refresh"))
        events = [event for run in runs for event in instance.all_logs(run.run_id, of_type=started)]
    return any(event.step_key == "trained_model" for event in events)


def what_was_decided(home: DaemonHome) -> list[tuple[object, ...]]:
    """Return all decisions without their dates and runs."""

    def said(line: Decision) -> tuple[object, ...]:
        return line.verdict, line.version, line.live, line.reason, line.data_version, line.figures

    return [said(line) for line in read_decisions(home.layout)]


def deployed_files(home: DaemonHome) -> dict[str, str]:
    """Return the hashes of the live version's files, without the two that hold a date."""
    live = home.serving()
    assert live is not None
    files = read_manifest(home.layout, live).files
    return {name: sha256 for name, (sha256, _) in files.items() if not name.startswith("inge")}
