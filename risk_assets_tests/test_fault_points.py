"""A run that is killed at any change of the disk leaves a version serving, and the next one makes it good."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from risk_assets_tests.assets.project import Project

ROOT = Path(__file__).parents[1]
SAMPLE = 2


def template(folder: Path) -> None:
    """Write a project in which a model serves, and a new file has come."""
    (folder / "template").mkdir()
    project = Project(folder / "template")
    project.write_clients("a.csv", 1500, seed=1, first_id=0)
    project.write_test_clients(400)
    keys = [asset.key.to_user_string() for asset in project.assets]
    project.materialize(*(key for key in keys if key not in {"sourcedata", "testdata", "outcomes", "backtest"}))
    project.write_clients("b.csv", 1500, seed=2, first_id=5000)


def lines(folder: Path, *points: int) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "risk_assets_tests.fault_points", str(folder), *map(str, points)]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in found.stdout.splitlines() if line.startswith("{")]


def require_survived(found: list[dict[str, Any]]) -> None:
    assert found
    assert [each for each in found if not (each["serving"] and each["same"] and each["again"] == 0)] == []
    assert {each["ended"] for each in found} <= {-9, 0}


@pytest.mark.slow
def test_a_run_killed_at_some_changes_of_the_disk_is_made_good_by_the_next(tmp_path: Path) -> None:
    template(tmp_path)
    points = sorted(random.Random(0).sample(range(1, 120), SAMPLE))
    [whole, *found] = lines(tmp_path, *points)
    assert whole["status"] == 0
    assert whole["changes"] > 120
    require_survived(found)


@pytest.mark.faults
def test_a_run_killed_at_any_change_of_the_disk_is_made_good_by_the_next(tmp_path: Path) -> None:
    template(tmp_path)
    [whole, *found] = lines(tmp_path)
    print(f"{len(found)} points, {sum(each['ended'] == -9 for each in found)} runs killed")
    assert len(found) == whole["changes"]
    require_survived(found)
