from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import dagster as dg
import duckdb
import joblib
import numpy as np
import pandas as pd
import pytest
from pypdf import PdfReader

from risk_assets.assets.drift import drift
from risk_assets.definitions import defs
from risk_assets.resources.declaration import with_settings
from risk_assets.settings import load_settings

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent

SHIPPED = (*(f"sourcedata/clients{number}.csv" for number in (1, 2, 3)), "testdata/testdata.csv")

EDGES = {
    "sourcedata": [],
    "testdata": [],
    "finaldata": ["sourcedata"],
    "trained_model": ["finaldata"],
    "latest_score": ["testdata", "trained_model"],
    "deployed_model": ["latest_score", "testdata", "trained_model"],
    "client_risk": ["deployed_model", "finaldata"],
    "drift": ["deployed_model", "finaldata"],
    "diagnostics": ["deployed_model", "drift", "finaldata"],
    "report": ["client_risk", "deployed_model", "diagnostics", "drift", "latest_score"],
}
CHECKS = {
    "finaldata": [
        "columns_declared",
        "data_is_fresh",
        "duplicates",
        "files_read",
        "files_sound",
        "outcomes_known",
        "quarantine_share",
    ],
    "trained_model": ["fit_converged", "test_clients_apart"],
    "latest_score": ["score_against_last"],
    "deployed_model": ["beats_all_positive", "files_match_manifest", "gate"],
    "drift": ["no_drift"],
}


class Home:
    """A copy of the shipped data with its own settings and its own DAGSTER_HOME."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in SHIPPED:
            (folder / "data" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / "data" / name, folder / "data" / name)
        config = json.loads((ROOT / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps(config | {"dependency_check": False}))
        (folder / "home").mkdir()
        shutil.copy(ROOT / "dagster_home" / "dagster.yaml", folder / "home")
        self.data = folder / "data"

    @property
    def env(self) -> dict[str, str]:
        return {
            **os.environ,
            "DAGSTER_HOME": str(self.folder / "home"),
            "RISK_ASSETS_CONFIG": str(self.folder / "config.json"),
        }

    def materialize(self, select: str) -> str:
        """Run Dagster's own command, as people type it, and return what it printed."""
        command = [
            str(BIN / "dagster"),
            "asset",
            "materialize",
            "-m",
            "risk_assets.definitions",
            "--select",
            select,
        ]
        done = subprocess.run(command, env=self.env, cwd=self.folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def materializations(self) -> dict[str, int]:
        with dg.DagsterInstance.from_config(str(self.folder / "home")) as instance:
            keys = instance.all_asset_keys()
            found = {key: instance.fetch_materializations(key, limit=100).records for key in keys}
        return {key.to_user_string(): len(records) for key, records in found.items() if records}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("flow"))
    home.materialize("*")
    return home


def test_the_graph_is_the_one_in_the_documents() -> None:
    graph = defs.resolve_asset_graph()
    found = {
        node.key.to_user_string(): sorted(parent.to_user_string() for parent in node.parent_keys)
        for node in (graph.get(key) for key in graph.get_all_asset_keys())
    }
    assert found == EDGES


PRINT_EDGES = """
import json
from risk_assets.definitions import defs
graph = defs.resolve_asset_graph()
keys = [graph.get(key) for key in graph.get_all_asset_keys()]
print(json.dumps({n.key.to_user_string(): sorted(p.to_user_string() for p in n.parent_keys) for n in keys}))
"""


def test_with_outcomes_the_graph_has_them_and_a_backtest_and_without_testdata_it_has_none() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PRINT_EDGES],
        env={**os.environ, "RISK_ASSETS_CONFIG": str(ROOT / "config.panel.json")},
        capture_output=True,
        text=True,
        check=True,
    )
    expected = {key: [parent for parent in parents if parent != "testdata"] for key, parents in EDGES.items()}
    del expected["testdata"]
    expected |= {"outcomes": [], "finaldata": ["outcomes", "sourcedata"], "backtest": ["finaldata"]}
    expected["report"] = sorted([*expected["report"], "backtest"])
    assert json.loads(done.stdout) == expected


def test_every_check_stands_beside_its_asset() -> None:
    found: dict[str, list[str]] = {}
    for key in defs.resolve_asset_graph().asset_check_keys:
        found.setdefault(key.asset_key.to_user_string(), []).append(key.name)
    assert {asset: sorted(names) for asset, names in found.items()} == CHECKS


def test_a_changed_setting_is_changed_code_for_the_assets_that_depend_on_it_alone() -> None:
    settings = load_settings(ROOT / "config.json")
    changed = settings.model_copy(update={"threshold": 0.4})
    for asset in dg.load_assets_from_package_name("risk_assets.assets"):
        for spec in asset.specs if isinstance(asset, dg.AssetsDefinition) else ():
            same = with_settings(spec, settings).code_version == with_settings(spec, changed).code_version
            assert same == (spec.key.to_user_string() not in {"trained_model", "backtest"}), spec.key


def test_an_asset_links_to_the_page_that_shows_it_where_the_pages_have_an_address() -> None:
    settings = load_settings(ROOT / "config.json")
    with_pages = settings.model_copy(update={"pages_url": "https://risk.example/"})
    [spec] = drift.specs
    assert "page" not in with_settings(spec, settings).metadata
    link = with_settings(spec, with_pages).metadata["page"]
    assert link == dg.MetadataValue.url("https://risk.example/pages/overview")


def test_sensors_and_the_schedule_are_on_by_default() -> None:
    repository = defs.get_repository_def()
    assert {sensor.name for sensor in repository.sensor_defs} >= {"new_source_files", "failed_run", "decisions"}
    assert {schedule.name: schedule.cron_schedule for schedule in repository.schedule_defs} == {
        "check_drift": "* * * * *"
    }
    assert all(sensor.default_status == dg.DefaultSensorStatus.RUNNING for sensor in repository.sensor_defs)
    assert all(item.default_status == dg.DefaultScheduleStatus.RUNNING for item in repository.schedule_defs)


def test_every_asset_tells_the_operator_what_it_is_and_who_owns_it() -> None:
    graph = defs.resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert node.description, key
        assert node.group_name == "attrition_risk", key
        assert node.owners, key
        assert node.kinds, key


def test_every_asset_declares_its_code_version() -> None:
    graph = defs.resolve_asset_graph()
    assert all(graph.get(key).code_version for key in graph.materializable_asset_keys)


@pytest.mark.slow
def test_one_command_makes_every_file_of_the_course_project_and_more(home: Home) -> None:
    files = [
        "ingesteddata/finaldata.csv",
        "ingesteddata/ingestedfiles.txt",
        "ingesteddata/ingestion.json",
        "models/trainedmodel.pkl",
        "models/scorecard.json",
        "models/latestscore.txt",
        "models/metrics.json",
        "models/confusionmatrix.png",
        "models/client_risk.csv",
        "models/drift.json",
        "models/diagnostics.json",
        "models/summary_report.pdf",
        "production_deployment/current",
        "production_deployment/deployments.jsonl",
    ]
    assert [name for name in files if not (home.data / name).is_file()] == []
    version = home.data / "production_deployment/versions" / (home.data / files[-2]).read_text().strip()
    assert {file.name for file in version.iterdir()} == {
        "trainedmodel.pkl",
        "scorecard.json",
        "latestscore.txt",
        "metrics.json",
        "ingestedfiles.txt",
        "ingestion.json",
        "reference.json",
        "trained_rows.parquet",
        "manifest.json",
    }
    assert (home.data / "models/latestscore.txt").read_text().startswith("f1 score = 0.")
    dated, *names = (home.data / "ingesteddata/ingestedfiles.txt").read_text().splitlines()
    assert dated.startswith("20")
    assert names == ["clients1.csv", "clients2.csv", "clients3.csv"]


@pytest.mark.slow
def test_nobody_in_the_ranking_has_left(home: Home) -> None:
    rows = pd.concat([pd.read_csv(home.data / name) for name in SHIPPED[:3]])
    ranked = pd.read_csv(home.data / "models/client_risk.csv")
    left = set(rows.loc[rows["exited"] == 1, "corporation"])
    assert set(ranked["corporation"]) == set(rows["corporation"]) - left


@pytest.mark.slow
def test_the_run_is_recorded_with_every_asset(home: Home) -> None:
    assert {key for key, count in home.materializations().items() if count} >= set(EDGES) - {
        "sourcedata",
        "testdata",
    }


@pytest.mark.slow
def test_the_report_opens_and_names_the_riskiest_client(home: Home) -> None:
    first = pd.read_csv(home.data / "models/client_risk.csv").iloc[0]
    pages = PdfReader(home.data / "models/summary_report.pdf").pages
    assert first["corporation"] in pages[0].extract_text()


@pytest.mark.slow
def test_client_risk_is_what_the_pickled_pipeline_predicts(home: Home) -> None:
    clients = pd.concat([pd.read_csv(home.data / "sourcedata" / f"clients{n}.csv") for n in (1, 2, 3)])
    pipeline = joblib.load(home.data / "models/trainedmodel.pkl")
    features = clients[["lastmonth_activity", "lastyear_activity", "number_of_employees"]].astype(float)
    before = features["lastyear_activity"]
    features["activity_trend"] = (12 * features["lastmonth_activity"] / before).where(before != 0)
    expected = pd.Series(pipeline.predict_proba(features)[:, 1], index=clients["corporation"])
    path = home.data / "models/client_risk.parquet"
    with duckdb.connect() as connection:
        ranked = connection.execute(f"SELECT * FROM '{path}'").df().set_index("corporation")
    assert set(ranked.index) == set(clients.loc[clients["exited"] != 1, "corporation"])
    np.testing.assert_allclose(ranked["risk"], expected[ranked.index], atol=1e-9, rtol=0)


@pytest.mark.slow
def test_any_selection_works_by_itself_and_makes_nothing_else(home: Home) -> None:
    before = home.materializations()
    home.materialize("trained_model")
    home.materialize('key:"diagnostics"+')
    after = home.materializations()
    grown = {key for key, count in after.items() if count > before.get(key, 0)}
    assert grown == {"trained_model", "diagnostics", "report"}


@pytest.mark.slow
def test_made_again_from_scratch_everything_is_the_same(home: Home, tmp_path: Path) -> None:
    again = Home(tmp_path)
    again.materialize("finaldata,trained_model")
    for name in ("models/trainedmodel.pkl", "models/scorecard.json"):
        digests = [hashlib.sha256((each.data / name).read_bytes()).hexdigest() for each in (home, again)]
        assert digests[0] == digests[1], name
    parts = [each.data / "ingesteddata/finaldata.parquet/*" for each in (home, again)]
    with duckdb.connect() as connection:
        rows = [connection.execute(f"FROM read_parquet('{part}') ORDER BY ALL").fetchall() for part in parts]
    assert rows[0] == rows[1]
    assert len(rows[0]) == 11_000
