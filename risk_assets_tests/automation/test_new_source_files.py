from __future__ import annotations

import os
import shutil
from pathlib import Path

import dagster as dg
import pytest

from risk_assets.automation.new_source_files import new_source_files
from risk_assets_tests.automation.small import SmallHome

SETTLED_ONLY = {"finaldata": {"config": {"settled_only": True}}}


@pytest.fixture
def home(tmp_path: Path) -> SmallHome:
    """A home whose two files are ingested."""
    home = SmallHome(tmp_path)
    home.build()
    home.write("a.csv")
    home.write("b.csv")
    home.settle()
    home.ingest()
    return home


def reason(result: dg.SensorResult) -> str:
    """Return why the sensor skipped, or why it asked for its one run."""
    if result.run_requests:
        (request,) = result.run_requests
        return f"ingest: {request.tags['risk_assets/reason']}"
    assert isinstance(result.skip_reason, dg.SkipReason | str)
    return str(getattr(result.skip_reason, "skip_message", result.skip_reason))


def observed(home: SmallHome, key: str) -> str | None:
    records = home.instance.fetch_observations(dg.AssetKey(key), limit=1).records
    observation = records[0].asset_observation if records else None
    return observation.tags["dagster/data_version"] if observation else None


def test_it_looks_by_itself_every_nine_seconds_at_least() -> None:
    assert new_source_files.default_status is dg.DefaultSensorStatus.RUNNING
    assert new_source_files.minimum_interval_seconds == 9


def test_what_is_ingested_is_left_alone_look_after_look(home: SmallHome) -> None:
    assert [reason(home.look()) for _ in range(3)] == ["nothing new: 2 files are ingested"] * 3


def test_a_new_file_is_ingested_at_the_second_look_that_finds_it_the_same(home: SmallHome) -> None:
    home.write("c.csv")

    assert reason(home.look()) == "nothing new: 2 files are ingested; still being written: c.csv"
    result = home.look()

    assert reason(result) == "ingest: 1 new (c.csv)"
    assert (result.run_requests or [])[0].run_config["ops"] == SETTLED_ONLY


def test_a_file_that_grows_is_left_out_until_it_has_stopped(home: SmallHome) -> None:
    for rows in range(1, 4):
        home.write("c.csv", "a,1,0\n" * rows)
        assert reason(home.look()).endswith("still being written: c.csv")
    assert reason(home.look()) == "ingest: 1 new (c.csv)"


def test_files_of_outcomes_are_waited_for_and_ingested_as_files_of_clients_are(tmp_path: Path) -> None:
    home = SmallHome(tmp_path)
    columns = {"id": "corporation", "as_of": "day", "numeric": ["activity"]}
    home.build(columns=columns, outcomes={"path": "outcomes", "horizon_days": 30, "reported_within_days": 0})
    home.write("a.csv")
    home.settle()
    home.ingest()
    assert reason(home.look()) == "nothing new: 1 files are ingested"

    home.write("july.csv", "corporation,left_on\na,2026-07-03\n", below="outcomes")

    assert reason(home.look()).endswith("still being written: outcomes/july.csv")
    assert reason(home.look()) == "ingest: 1 new (outcomes/july.csv)"
    assert observed(home, "outcomes") == home.resource.source_state("outcomes").version
    home.ingest()
    assert reason(home.look()) == "nothing new: 2 files are ingested"


def test_a_file_rewritten_with_the_same_size_is_still_being_written(home: SmallHome) -> None:
    home.write("c.csv", at=5)
    home.look()
    home.write("c.csv", at=6)

    assert reason(home.look()).endswith("still being written: c.csv")


def test_a_run_that_hashed_a_half_written_file_does_not_make_it_complete(home: SmallHome) -> None:
    home.write("c.csv")
    home.resource.source_state()

    assert reason(home.look()).endswith("still being written: c.csv")


@pytest.mark.parametrize("name", [".c.csv", "c.csv.tmp", "c.csv.part", "notes.txt"])
def test_hidden_and_temporary_names_never_count(home: SmallHome, name: str) -> None:
    home.write(name)

    assert reason(home.settle()) == "nothing new: 2 files are ingested"


def test_five_hundred_files_at_once_make_one_run(home: SmallHome) -> None:
    for number in range(500):
        home.write(f"new{number:03}.csv", f"c{number},1,0\n")

    assert reason(home.settle()) == "ingest: 500 new (new000.csv, new001.csv, new002.csv and 497 more)"


def test_changed_deleted_and_returning_files_count(home: SmallHome) -> None:
    before = (home.layout.input / "b.csv").read_text()
    home.write("b.csv", "a,2,1\n")
    assert reason(home.settle()) == "ingest: 1 changed (b.csv)"
    home.ingest()

    home.write("b.csv", before)
    assert reason(home.settle()) == "ingest: 1 changed (b.csv)"
    home.ingest()

    (home.layout.input / "b.csv").unlink()
    assert reason(home.look()) == "ingest: 1 deleted (b.csv)"
    home.ingest()

    home.write("b.csv", before)
    assert reason(home.settle()) == "ingest: 1 new (b.csv)"


def test_a_file_that_appears_while_a_run_is_under_way_is_ingested_after_it(home: SmallHome) -> None:
    run = home.record_run("ingest", dg.DagsterRunStatus.STARTED)
    home.write("c.csv")
    assert reason(home.settle()) == f"1 new (c.csv); run {run.run_id[:8]} is ingesting already"

    home.instance.report_run_canceled(run)

    assert reason(home.look()) == "ingest: 1 new (c.csv)"


def test_a_run_takes_in_only_what_the_sensor_saw_settled(home: SmallHome) -> None:
    home.write("c.csv")
    home.settle()
    home.write("d.csv")  # appears between the look and the run
    home.write("b.csv", "a,2,1\n")

    assert home.resource.unsettled_sources() == {"b.csv", "d.csv"}


def test_a_restart_of_the_daemon_neither_repeats_nor_forgets(home: SmallHome) -> None:
    home.write("c.csv")
    home.look()
    home.instance = dg.DagsterInstance.ephemeral()
    assert reason(home.look()) == "ingest: 1 new (c.csv)"
    home.ingest()

    home.cursor = None
    assert reason(home.look()) == "nothing new: 3 files are ingested"


def test_a_failed_run_is_not_repeated_before_its_pause_is_over(home: SmallHome) -> None:
    home.write("c.csv")
    request = (home.settle().run_requests or [])[0]
    home.record_run("ingest", dg.DagsterRunStatus.FAILURE, tags=dict(request.tags))

    assert "1 run failed on these files, the next try is at" in reason(home.look())
    home.write("d.csv", "d,1,0\n")
    assert reason(home.settle()) == "ingest: 2 new (c.csv, d.csv)"


@pytest.mark.parametrize("key", ["input_folder_path", "test_data_path"])
def test_a_missing_folder_is_a_skip_that_names_its_setting(home: SmallHome, key: str) -> None:
    folder = home.layout.input if key == "input_folder_path" else home.layout.testdata
    shutil.rmtree(folder)

    assert reason(home.look()) == f"{key}: no such folder: {folder}"


def test_dagster_is_told_what_both_folders_hold_once_they_are_settled(home: SmallHome) -> None:
    before = observed(home, "sourcedata"), observed(home, "testdata")
    assert None not in before

    home.write("c.csv")
    home.write("t.csv", below="testdata")
    home.look()
    assert (observed(home, "sourcedata"), observed(home, "testdata")) == before

    home.look()
    assert observed(home, "sourcedata") == home.resource.source_state().version != before[0]
    assert observed(home, "testdata") == home.resource.source_state("testdata").version != before[1]


def test_an_unchanged_folder_is_observed_once(home: SmallHome) -> None:
    for _ in range(3):
        home.look()

    assert len(home.instance.fetch_observations(dg.AssetKey("sourcedata"), limit=10).records) == 1


def test_other_content_of_the_same_size_and_time_is_noticed(home: SmallHome) -> None:
    for file in home.layout.input.iterdir():
        status = file.stat()
        file.write_text("x" * status.st_size)
        os.utime(file, ns=(status.st_mtime_ns, status.st_mtime_ns))

    assert reason(home.look()) == "waiting for a.csv, b.csv to be written to the end"
    assert reason(home.look()) == "ingest: 2 changed (a.csv, b.csv)"


def test_a_file_is_read_once_it_has_been_the_same_for_the_time_that_is_set(
    home: SmallHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.build(settle_seconds=3)
    clock = [1e9]
    monkeypatch.setattr("risk_assets.automation.new_source_files.time.time", lambda: clock[0])
    found = []
    for passed, text in ((0, "c,1,0\n"), (2.9, None), (1, "c,1,0\nd,"), (2.9, None), (0.2, None)):
        clock[0] += passed
        if text is not None:
            home.write("c.csv", text)
        found.append(reason(home.look()))

    assert found[:4] == ["nothing new: 2 files are ingested; still being written: c.csv"] * 4
    assert found[4] == "ingest: 1 new (c.csv)"


def test_where_sensors_have_threads_a_tick_looks_on_and_finds_what_comes_meanwhile(
    home: SmallHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(home.instance, "get_sensor_settings", lambda: {"use_threads": True})
    pauses = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 2:
            home.write("c.csv")

    monkeypatch.setattr("risk_assets.automation.watch.time.sleep", pause)

    assert reason(home.look()) == "ingest: 1 new (c.csv)"
    assert len(pauses) == 3


def test_a_cursor_of_an_earlier_release_lets_files_settle_anew(home: SmallHome) -> None:
    home.write("c.csv")
    home.cursor = '{"sourcedata": {"c.csv": [6, 1, 1, 1]}}'

    assert reason(home.look()) == "nothing new: 2 files are ingested; still being written: c.csv"
    assert reason(home.look()) == "ingest: 1 new (c.csv)"


def test_the_ranking_is_made_with_the_rows_once_a_model_is_deployed(home: SmallHome) -> None:
    def asked() -> set[str]:
        (request,) = home.settle().run_requests or []
        return {key.to_user_string() for key in request.asset_selection or []}

    home.write("c.csv")
    assert asked() == {"finaldata", "drift"}
    home.layout.current.parent.mkdir(parents=True, exist_ok=True)
    home.layout.current.write_text("v0001-abcdef12\n")
    assert asked() == {"finaldata", "drift", "client_risk"}
