"""Dagster's newer command finds the graph by pyproject.toml alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from risk_assets_tests.test_flow import EDGES, ROOT, Home

pytestmark = [pytest.mark.slow, pytest.mark.long]

BIN = Path(sys.executable).parent


def dg(home: Home, *arguments: str) -> str:
    environment = {**home.env, "VIRTUAL_ENV": sys.prefix, "PATH": f"{BIN}:{os.environ['PATH']}"}
    command = [str(BIN / "dg"), *arguments]
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_it_lists_the_assets_checks_the_definitions_and_launches_a_part_of_the_graph(tmp_path: Path) -> None:
    home = Home(tmp_path)

    listed = json.loads(dg(home, "list", "defs", "--json"))
    dg(home, "check", "defs")
    dg(home, "launch", "--assets", "finaldata")

    assert {asset["asset_key"] for asset in listed["assets"]} == set(EDGES)
    assert (home.data / "ingesteddata" / "ingestion.json").is_file()
