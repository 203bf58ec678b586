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
SAMPLE = 1


def template(folder: Path) -> None:
    """Write a project in which a model serves, and a new file has come."""
    (folder / "template").mkdir()
    project = Project(folder / "template")
    project.write_clients("a.csv", 1500, seed=1, first_id=0)
    project.write_test_clients(400)
    keys = [asset.key.to_user_string() for asset in project.assets]
    project.materialize(*(key for key in keys if key not in {"sourcedata", "testdata", "outcomes", "backtest"}))
    project.write_clients("b.csv", 1500, seed=2, first_id=5000)


def lines(folder: Path, kind: str, *points: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return what the undisturbed run made, and what became of the others."""
    command = [sys.executable, "-m", "risk_assets_tests.fault_points", str(folder), kind, *map(str, points)]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    undisturbed, *others = [json.loads(line) for line in found.stdout.splitlines() if line.startswith("{")]
    assert undisturbed["status"] == 0
    assert others
    return undisturbed, others


def faults(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the runs after which no whole version served, or the next run did not make everything good."""
    return [each for each in found if not (each["serving"] and each["same"] and each["again"] == 0)]


def not_made_good(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the damages that the next run neither makes good nor names while a whole version serves."""
    return [each for each in found if not (each["again"] == 0 and each["same"]) and not is_named(each)]


def is_named(damage: dict[str, Any]) -> bool:
    """Whether a run ended with a word on the damaged file; a server that has loaded its version serves on."""
    served = damage["served"] or "production_deployment" in Path(damage["file"]).parts
    return bool(damage["again"]) and served and Path(damage["file"]).name in damage["said"]


@pytest.mark.slow
def test_a_run_that_meets_some_faults_is_made_good_by_the_next(tmp_path: Path) -> None:
    template(tmp_path)
    chance = random.Random(0)
    for kind in ("killed", "full"):
        whole, found = lines(tmp_path, kind, *chance.sample(range(1, 120), SAMPLE))
        assert whole["changes"] > 120
        assert faults(found) == []
    whole, found = lines(tmp_path, "damaged", *chance.sample(range(1, 100), SAMPLE))
    assert whole["damages"] > 100
    assert not_made_good(found) == []


@pytest.mark.faults
@pytest.mark.parametrize("kind", ["killed", "full"])
def test_a_run_that_ends_at_any_change_of_the_disk_is_made_good_by_the_next(tmp_path: Path, kind: str) -> None:
    template(tmp_path)
    whole, found = lines(tmp_path, kind)
    print(f"{kind}: {len(found)} points, {sum(each['ended'] != 0 for each in found)} runs ended")
    assert len(found) == whole["changes"]
    assert faults(found) == []


@pytest.mark.faults
def test_any_damage_to_a_generated_file_is_made_good_by_the_next_run_or_named(tmp_path: Path) -> None:
    template(tmp_path)
    whole, found = lines(tmp_path, "damaged")
    print(f"{len(found)} damages, {sum(each['again'] != 0 for each in found)} named:")
    print(*sorted({each["said"] for each in found if each["again"]}), sep="\n")
    assert len(found) == whole["damages"]
    assert not_made_good(found) == []
