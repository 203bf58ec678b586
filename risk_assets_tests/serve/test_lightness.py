from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from risk_assets.settings import Settings
from risk_assets.storage.remote.mirror import Mirror
from risk_assets_tests.serve.deployed import deploy, make_settings
from risk_assets_tests.serve.running import ROOT, write_config

PREDICT = """
import sys
from risk_assets.serve.rsgi_app import RsgiApp
from risk_assets.serve.app import create_app
from risk_assets.settings import load_settings
app = create_app(load_settings(sys.argv[1]))
answer = app.test_client().post("/prediction?reasons=3", json={"clients": [{"activity": 3}, {"employees": 4}]})
assert answer.status_code == 200, answer.text
print(*sorted(sys.modules))
"""

HEAVY = ["dagster", "pandas", "sklearn", "scipy", "matplotlib", "duckdb", "joblib", "pyarrow"]


def modules_of(settings: Settings) -> set[str]:
    command = [sys.executable, "-c", PREDICT, str(Path(write_config(settings)))]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return set(result.stdout.split())


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Modules of a process that has served predictions only."""
    settings = make_settings(tmp_path_factory.mktemp("light"))
    deploy(settings)
    return modules_of(settings)


@pytest.mark.parametrize("library", [*HEAVY, "fsspec", "s3fs"])
def test_predictions_load_nothing_heavy(loaded: set[str], library: str) -> None:
    assert library not in loaded


def test_predictions_from_a_url_load_its_file_system_and_nothing_heavy(tmp_path: Path) -> None:
    settings = make_settings(
        tmp_path, prod_deployment_path=f"file://{tmp_path}/bucket", cache_folder=tmp_path / "cache"
    )
    with Mirror.of(settings).working("deployed_model"):
        deploy(settings)
    (tmp_path / "cache").rename(tmp_path / "deployers")
    loaded = modules_of(settings)
    assert "fsspec" in loaded
    assert not {*HEAVY, "s3fs", "upath"} & loaded
