from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from risk_assets.cli import main
from risk_assets_tests.cli.commands import build_project

COMMANDS = ("history", "rollback", "run")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_missing_config_is_one_line_and_exit_code_two(tmp_path: Path, command: str) -> None:
    result = CliRunner().invoke(main, ["--config", str(tmp_path / "none.json"), command])

    assert result.exit_code == 2
    assert result.stderr == f"Error: config {tmp_path}/none.json: No such file or directory\n"


def test_an_unknown_key_of_the_config_is_named(tmp_path: Path) -> None:
    project = build_project(tmp_path)
    project.config.write_text(project.config.read_text().replace('"data_root"', '"data_rot"'))

    result = project.risk("history")

    assert result.exit_code == 2
    assert "data_rot: unknown key" in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_damaged_record_is_one_line_that_names_the_file(tmp_path: Path) -> None:
    project = build_project(tmp_path)
    project.layout.deployment.mkdir(parents=True)
    project.layout.pending.write_text("{")

    result = project.risk("history")

    assert result.exit_code == 1
    assert result.stderr == f"Error: {project.layout.pending}: not a valid Decision: 1 fault\n"


def test_a_file_that_cannot_be_read_is_one_line_that_names_it(tmp_path: Path) -> None:
    project = build_project(tmp_path)
    project.layout.deployments.mkdir(parents=True)

    result = project.risk("history")

    assert result.exit_code == 1
    assert result.stderr == f"Error: {project.layout.deployments}: Is a directory\n"


def test_the_installed_command_reads_its_config_from_the_environment(tmp_path: Path) -> None:
    project = build_project(tmp_path)
    command = [str(Path(sys.executable).with_name("risk")), "history"]
    environment = {**os.environ, "RISK_ASSETS_CONFIG": str(project.config)}

    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, check=False)

    assert (result.returncode, result.stdout, result.stderr) == (0, "nothing has been decided yet\n", "")


def test_deciding_by_hand_does_not_load_what_only_runs_need() -> None:
    program = "import sys, risk_assets.cli; print(*{'dagster', 'pandas', 'sklearn', 'duckdb'} & set(sys.modules))"

    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=600, check=True
    )

    assert result.stdout == "\n"
