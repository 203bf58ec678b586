from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from risk_assets.automation.runs import IN_FLIGHT, failed_runs, failures_by_cause, last_success, run_in_flight
from risk_assets_tests.automation.small import SmallHome

SUCCESS, FAILURE, CANCELED = dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED


@pytest.fixture
def home(tmp_path: Path) -> SmallHome:
    return SmallHome(tmp_path)


#: A queued run needs a code server; test_guards has both.
@pytest.mark.parametrize("status", [status for status in IN_FLIGHT if status != dg.DagsterRunStatus.QUEUED])
def test_an_unfinished_run_of_an_asset_is_in_flight_whoever_started_it(
    home: SmallHome, status: dg.DagsterRunStatus
) -> None:
    run = home.record_run("__ASSET_JOB", status, assets=["finaldata", "drift"])

    assert run_in_flight(home.instance, ["finaldata"]) == run.run_id
    assert run_in_flight(home.instance, ["report"]) is None


def test_a_run_of_a_whole_job_is_in_flight_for_every_asset(home: SmallHome) -> None:
    run = home.record_run("everything", dg.DagsterRunStatus.STARTED)
    assert run_in_flight(home.instance, ["report"]) == run.run_id


@pytest.mark.parametrize("status", [SUCCESS, FAILURE, CANCELED])
def test_a_finished_run_is_not_in_flight(home: SmallHome, status: dg.DagsterRunStatus) -> None:
    home.record_run("everything", status)
    assert run_in_flight(home.instance, ["report"]) is None


def test_runs_that_failed_or_were_cancelled_count_for_their_cause_until_one_succeeds(home: SmallHome) -> None:
    for status in (FAILURE, SUCCESS, FAILURE, CANCELED):
        home.record_run("ingest", status, cause="files")
    home.record_run("ingest", FAILURE, cause="other files")

    failed = failed_runs(home.instance, "files")

    assert failed is not None
    assert failed.count == 2
    assert failed.last_at < failed.next_try
    home.record_run("ingest", SUCCESS, cause="files")
    assert failed_runs(home.instance, "files") is None


def test_failures_are_told_apart_by_job_and_cause(home: SmallHome) -> None:
    home.record_run("refresh", FAILURE, cause="a")
    home.record_run("refresh", FAILURE, cause="b")
    home.record_run("refresh", SUCCESS, cause="b")
    home.record_run("ingest", FAILURE, cause="c")

    assert {cause: failed.count for cause, failed in failures_by_cause(home.instance, "refresh").items()} == {
        "a": 1
    }


def test_the_last_success_is_the_newest_that_succeeded(home: SmallHome) -> None:
    assert last_success(home.instance, job="ingest") is None
    home.record_run("ingest", SUCCESS)
    newest = home.record_run("ingest", SUCCESS, tags={"risk_assets/retrains": "yes"})
    home.record_run("ingest", FAILURE, tags={"risk_assets/retrains": "yes"})
    home.record_run("refresh", SUCCESS)

    by_job, by_tag = (
        last_success(home.instance, job="ingest"),
        last_success(home.instance, tag="risk_assets/retrains"),
    )

    assert by_job is not None
    assert by_job[0] == newest.run_id
    assert by_job == by_tag
