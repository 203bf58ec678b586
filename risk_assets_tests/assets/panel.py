"""A project with months of the same clients and their dates of leaving."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from risk_assets.cli.simulate import simulate
from risk_assets_tests.assets.project import ROOT, Project

HORIZON, LATE, CAPACITY = 60, 10, 50
FEATURES = ["lastmonth_activity", "lastyear_activity", "number_of_employees"]
ASSETS = (
    "finaldata",
    "trained_model",
    "latest_score",
    "deployed_model",
    "client_risk",
    "drift",
    "backtest",
    "diagnostics",
    "report",
)


def settings() -> dict[str, object]:
    numeric = json.loads((ROOT / "config.json").read_text())["columns"]["numeric"]
    return {
        "input_folder_path": "clients",
        "test_data_path": None,
        "columns": {
            "id": "corporation",
            "as_of": "as_of",
            "numeric": numeric,
            "carried": ["manager", "country"],
            "value": "value",
        },
        "outcomes": {"path": "outcomes", "horizon_days": HORIZON, "reported_within_days": LATE},
        "call_capacity": CAPACITY,
        "backtest_periods": 3,
    }


def panel_in(folder: Path, **changes: object) -> Project:
    folder.mkdir(exist_ok=True)
    project = Project(folder, **{**settings(), **changes})
    assert project.layout.outcomes is not None
    options = {
        "--months": 8, "--clients": 1500, "--horizon": HORIZON, "--reported-within": LATE, "--seed": 5,
        "--out": project.layout.input, "--outcomes": project.layout.outcomes,
    }  # fmt: skip
    words = [str(each) for pair in options.items() for each in pair]
    done = CliRunner().invoke(simulate, [*words, "--carried"])
    assert done.exit_code == 0, done.output
    return project
