from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import dagster as dg
import pytest

from risk_assets.automation.new_source_rows import SECONDS_OF_READING, build, new_source_rows
from risk_assets.settings import SettingsError, SqlSourceSetting
from risk_assets.storage.intake.database.landing import land_new_rows
from risk_assets.storage.intake.database.reading import Look
from risk_assets.storage.lock import writing
from risk_assets_tests.automation.small import SmallHome
from risk_assets_tests.test_flow import ROOT

NAMES = """
from risk_assets.definitions import defs
print(*sorted(sensor.name for sensor in defs.get_repository_def().sensor_defs))
"""


class SourcesHome(SmallHome):
    """A home with databases, which are SQLite files beside its settings."""

    kept: str | None = None

    def source(self, name: str, **changes: object) -> dict[str, object]:
        url = f"sqlite:///{self.folder / name}.db"
        return {"kind": "sql", "name": name, "url": url, "table": "clients", "cursor": "at"} | changes

    def insert(self, name: str, rows: int, at: int = 1) -> None:
        with closing(sqlite3.connect(self.folder / f"{name}.db")) as connection, connection:
            connection.execute("CREATE TABLE IF NOT EXISTS clients (corporation TEXT, activity, exited, at)")
            values = [(f"{name}{at}-{row}", row, 0, at) for row in range(rows)]
            connection.executemany("INSERT INTO clients VALUES (?, ?, ?, ?)", values)

    def land(self) -> str:
        """Let the sensor look once, and return what it says."""
        with dg.build_sensor_context(self.instance, self.kept) as context:
            result = new_source_rows(context, home=self.resource)
        assert isinstance(result, dg.SensorResult)
        assert not result.run_requests
        self.kept = result.cursor or self.kept
        assert isinstance(result.skip_reason, str | dg.SkipReason)
        return str(getattr(result.skip_reason, "skip_message", result.skip_reason))


@pytest.fixture
def home(tmp_path: Path) -> SourcesHome:
    home = SourcesHome(tmp_path)
    home.build(sources=[home.source("crm"), home.source("erp")])
    home.insert("crm", 1234)
    home.insert("erp", 1)
    return home


def test_it_says_of_each_source_what_was_landed_and_the_files_go_the_way_of_every_file(home: SourcesHome) -> None:
    said = home.land()
    assert said == "crm: 1,234 rows landed in 1 file, up to 1; erp: 1 row landed in 1 file, up to 1"
    assert home.land() == "crm: nothing new after 1; erp: nothing new after 1"
    requests = home.settle().run_requests or []
    assert requests[0].tags["risk_assets/reason"].startswith("2 new (crm-00000001-")


def test_a_source_that_fails_is_named_and_the_others_are_read(home: SourcesHome) -> None:
    (home.folder / "crm.db").rename(home.folder / "away.db")
    (home.folder / "crm.db").mkdir()
    assert home.land() == ("FAILED: crm: unable to open database file; erp: 1 row landed in 1 file, up to 1")
    (home.folder / "crm.db").rmdir()
    (home.folder / "away.db").rename(home.folder / "crm.db")
    assert home.land().startswith("crm: 1,234 rows landed")


def test_an_error_that_nobody_foresaw_is_told_with_its_traceback_and_the_others_are_read(
    home: SourcesHome, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def land(source: SqlSourceSetting, *arguments: object, **options: object) -> Look:
        if source.name == "crm":
            raise OSError(28, "No space left on device")
        return land_new_rows(source, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr("risk_assets.automation.new_source_rows.land_new_rows", land)
    told = "FAILED: crm: OSError: [Errno 28] No space left on device; erp: 1 row landed in 1 file, up to 1"
    assert home.land() == told
    assert json.loads(home.kept or "")["failures"] == {"crm": 1}
    logged = capsys.readouterr().err
    assert "crm: an unforeseen error" in logged
    assert "Traceback" in logged


def test_sources_that_a_slow_one_leaves_no_time_for_come_first_at_the_next_look(
    home: SourcesHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.build(sources=[home.source(name) for name in ("crm", "erp", "gone")])
    clock = [0.0]

    def land(*arguments: object, **options: object) -> Look:
        try:
            return land_new_rows(*arguments, **options)  # type: ignore[arg-type]
        finally:
            clock[0] += SECONDS_OF_READING

    monkeypatch.setattr("risk_assets.automation.new_source_rows.time.monotonic", lambda: clock[0])
    monkeypatch.setattr("risk_assets.automation.new_source_rows.land_new_rows", land)
    looks = [home.land().split("; ") for _ in range(4)]
    assert [look[0].removeprefix("FAILED: ").split(":")[0] for look in looks] == ["crm", "erp", "gone", "crm"]
    assert looks[0][1:] == ["erp: waits for the next look", "gone: waits for the next look"]
    assert json.loads(home.kept or "") == {"failures": {"gone": 1}, "waiting": ["erp", "gone"]}


def test_people_are_told_once_when_a_source_keeps_failing_and_once_when_it_is_back(
    home: SourcesHome, caplog: pytest.LogCaptureFixture
) -> None:
    home.insert("crm", 0)
    with closing(sqlite3.connect(home.folder / "crm.db")) as connection:
        connection.execute("ALTER TABLE clients RENAME TO customers")
        told = []
        for _ in range(5):
            home.land()
            told.append(len(notices(caplog)))
        connection.execute("ALTER TABLE customers RENAME TO clients")
    home.land()
    home.land()
    assert told == [0, 0, 1, 1, 1]
    assert notices(caplog) == [
        "risk_assets: databases: No rows could be read 3 times in a row: crm: no such table: clients",
        "risk_assets: databases: crm is read again.",
    ]


def test_a_channel_that_is_down_is_tried_again_at_the_next_look(home: SourcesHome) -> None:
    home.build(sources=[home.source("crm", table="gone")], notify_url="nonsense")
    for _ in range(4):
        home.land()
    assert json.loads(home.kept or "")["failures"] == {"crm": 2}
    home.build(sources=[home.source("crm", table="gone")])
    home.land()
    assert json.loads(home.kept or "")["failures"] == {"crm": 3}


def test_a_source_that_another_process_reads_is_left_to_it(home: SourcesHome) -> None:
    with writing(home.layout.sources / "crm", "another"):
        assert home.land().startswith("crm: another process is reading it; erp: 1 row landed")


def test_without_sources_there_is_no_sensor() -> None:
    assert build(()) == ()


def test_a_driver_that_is_not_installed_is_told_when_the_definitions_load(home: SourcesHome) -> None:
    source = SqlSourceSetting.model_validate(home.source("crm", url="oracle+oracledb://db/crm"))
    with pytest.raises(SettingsError, match="sources: crm: url: the driver oracledb is not installed"):
        build([source])


@pytest.mark.parametrize("configured", [True, False])
def test_the_definitions_have_the_sensor_when_there_are_sources(home: SourcesHome, *, configured: bool) -> None:
    home.build(sources=[home.source("crm")] if configured else [])
    environment = {**os.environ, "RISK_ASSETS_CONFIG": str(home.folder / "config.json")}
    command = [sys.executable, "-c", NAMES]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=True)
    assert ("new_source_rows" in done.stdout.split()) == configured


def notices(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "risk_assets.notices"]
