from __future__ import annotations

import shutil
import sys
from pathlib import Path

import dagster as dg
import pytest

from risk_assets_tests.automation.daemon import ROOT
from risk_assets_tests.cli.commands import Project, build_project
from risk_assets_tests.cli.test_run import finaldata, load
from risk_assets_tests.services.ports import free_port

NAMES = ("HOST", "PORT", "DB", "USERNAME", "PASSWORD")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project whose records are to be in PostgreSQL, at a port where nobody listens."""
    monkeypatch.setenv("RISK_ASSETS_CONFIG", "to be restored")
    home = tmp_path / "team"
    shutil.copytree(ROOT / "dagster_home" / "team", home)
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    for name in NAMES:
        monkeypatch.setenv(f"DAGSTER_PG_{name}", "127.0.0.1" if name == "HOST" else str(free_port()))
    load(monkeypatch, finaldata)
    return build_project(tmp_path)


def told(project: Project) -> tuple[int, str]:
    result = project.risk("run")
    return result.exit_code, result.stderr.splitlines()[-1]


def test_without_the_extra_a_run_says_which_one_to_install(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "dagster_postgres", None)

    file = project.config.parent / "team" / "dagster.yaml"
    needs = 'keeps its records in PostgreSQL, which needs an extra: pip install "risk_assets[postgres]"'
    assert told(project) == (2, f"Error: {file} {needs}")


def test_a_missing_variable_is_named(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DAGSTER_PG_DB")
    monkeypatch.delenv("DAGSTER_PG_PASSWORD")

    code, line = told(project)

    assert code == 2
    assert line.startswith(f"Error: {project.config.parent / 'team' / 'dagster.yaml'}: ")
    assert [name for name in NAMES if f'"DAGSTER_PG_{name}" which is not set' in line] == ["DB", "PASSWORD"]


def test_a_database_that_is_away_is_named(project: Project) -> None:
    code, line = told(project)

    assert code == 1
    assert line.startswith(f"Error: the records of {project.config.parent / 'team'} cannot be opened: ")
    assert line.endswith("Connection refused")


def test_a_run_on_record_names_its_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    monkeypatch.setenv("RISK_ASSETS_CONFIG", "to be restored")
    monkeypatch.setattr("socket.gethostname", lambda: "desk")
    load(monkeypatch, finaldata)

    build_project(tmp_path).risk("run")

    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert [run.tags["risk_assets/host"] for run in instance.get_runs()] == ["desk"]


def test_a_home_that_is_no_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "absent"))
    monkeypatch.setenv("RISK_ASSETS_CONFIG", "to be restored")

    line = f"Error: DAGSTER_HOME: {tmp_path / 'absent'} is no folder; make it, or unset the variable"
    assert told(build_project(tmp_path)) == (2, line)


def test_a_home_of_no_name_is_the_one_beside_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shell, home = tmp_path / "shell", tmp_path / "dagster_home"
    shell.mkdir()
    home.mkdir()
    monkeypatch.chdir(shell)
    monkeypatch.setenv("DAGSTER_HOME", "")
    monkeypatch.setenv("RISK_ASSETS_CONFIG", "to be restored")
    load(monkeypatch, finaldata)

    assert build_project(tmp_path).risk("run").exit_code == 0

    assert list(shell.iterdir()) == []
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert len(instance.get_runs()) == 1
