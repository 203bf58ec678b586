from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import dagster as dg
import pytest
from dagster._core.definitions.reconstruct import ReconstructableJob

from risk_assets.storage.records import RecordError
from risk_assets_tests.cli.commands import Project, build_project


@dg.asset(check_specs=[dg.AssetCheckSpec("quarantine_share", asset="finaldata")])
def finaldata() -> Iterator[dg.MaterializeResult[None]]:
    dg.get_dagster_logger().info("a line for the log")
    failed = dg.AssetCheckResult(
        passed=False, check_name="quarantine_share", metadata={"share": 0.4, "why": "4 of 10\nrows refused"}
    )
    yield dg.MaterializeResult(check_results=[failed])


@dg.asset(deps=["finaldata"])
def trained_model() -> None:
    pass


@dg.asset(name="trained_model", deps=["finaldata"])
def one_class_only() -> None:
    try:
        Path("/does/not/exist").read_text()
    except OSError as error:
        raise RecordError("finaldata holds one class only") from error


@dg.asset(name="trained_model", deps=["finaldata"])
def broken() -> None:
    raise KeyError("lost")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("RISK_ASSETS_CONFIG", "to be restored")
    home = tmp_path / "home"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    return build_project(tmp_path)


def load(monkeypatch: pytest.MonkeyPatch, *assets: dg.AssetsDefinition) -> None:
    module = ModuleType("risk_assets.definitions")
    everything = dg.define_asset_job("everything", dg.AssetSelection.all())
    defs = dg.Definitions(assets=assets, jobs=[everything], executor=dg.in_process_executor)
    module.__dict__["defs"] = defs
    monkeypatch.setitem(sys.modules, "risk_assets.definitions", module)
    # Dagster keeps the definitions that it loaded last, which a process that is no test loads once
    ReconstructableJob.get_definition.cache_clear()
    ReconstructableJob.get_repository_definition.cache_clear()


def runs(home: Path) -> list[dg.DagsterRunStatus]:
    with dg.DagsterInstance.from_config(str(home)) as instance:
        return [run.status for run in instance.get_runs()]


def test_a_recorded_run_prints_a_line_per_asset_and_failed_check_then_the_summary(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(monkeypatch, finaldata, trained_model)

    result = project.risk("run")

    assert result.exit_code == 0
    warning, first, second, blank, *summary = result.stdout.splitlines()
    assert warning == "finaldata: 4 of 10 rows refused"
    assert [first.split()[0], second.split()[0]] == ["finaldata", "trained_model"]
    assert first.endswith(" s")
    assert (blank, summary) == ("", ["Deployed    nothing yet"])
    assert runs(project.config.parent / "home") == [dg.DagsterRunStatus.SUCCESS]


def test_without_dagster_home_a_run_is_recorded_beside_the_config(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(monkeypatch, finaldata)
    monkeypatch.delenv("DAGSTER_HOME")
    beside = (project.config.parent / "home").rename(project.config.parent / "dagster_home")

    assert project.risk("run").exit_code == 0

    assert runs(beside) == [dg.DagsterRunStatus.SUCCESS]


def test_a_part_of_the_graph_can_be_run(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    load(monkeypatch, finaldata, trained_model)

    result = project.risk("run", "--select", 'key:"finaldata"+ and not key:"finaldata"')

    assert "finaldata" not in result.stdout
    assert "trained_model " in result.stdout


def test_a_run_is_named_after_what_it_selects_and_shows_in_the_timeline(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(monkeypatch, finaldata, trained_model)

    project.risk("run")
    project.risk("run", "--select", "finaldata")

    with dg.DagsterInstance.from_config(str(project.config.parent / "home")) as instance:
        part, whole = instance.get_runs()
    assert (whole.job_name, whole.asset_selection) == ("everything", None)
    assert (part.job_name, part.asset_selection) == ("__ASSET_JOB", {dg.AssetKey("finaldata")})
    for run in (part, whole):
        assert run.remote_job_origin is not None, "the timeline shows runs of loaded code locations alone"
        assert run.remote_job_origin.location_name == "risk_assets.definitions"


@pytest.mark.parametrize(
    ("asset", "sentence"),
    [(one_class_only, "finaldata holds one class only"), (broken, "KeyError: 'lost'")],
)
def test_a_failed_asset_is_one_sentence_and_exit_code_one(
    project: Project, monkeypatch: pytest.MonkeyPatch, asset: dg.AssetsDefinition, sentence: str
) -> None:
    load(monkeypatch, finaldata, asset)

    result = project.risk("run")

    assert result.exit_code == 1
    assert result.stderr == f"Error: trained_model: {sentence}\n"
    assert "Deployed" not in result.stdout
    assert runs(project.config.parent / "home") == [dg.DagsterRunStatus.FAILURE]


@pytest.mark.parametrize("selection", ["nonsense", 'key:"finaldata', 'key:"nonsense"'])
def test_a_selection_of_nothing_is_refused(
    project: Project, monkeypatch: pytest.MonkeyPatch, selection: str
) -> None:
    load(monkeypatch, finaldata)

    result = project.risk("run", "--select", selection)

    assert result.exit_code == 2
    assert "--select" in result.stderr
    assert runs(project.config.parent / "home") == []
