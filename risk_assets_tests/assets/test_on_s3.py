"""The whole graph with its data root in a bucket: nothing is kept on a machine but what can be fetched again."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from risk_assets.storage.deployment.versions import read_decisions
from risk_assets_tests.assets.project import Project
from risk_assets_tests.services.faults import Faults
from risk_assets_tests.services.s3 import BUCKET, S3

pytestmark = pytest.mark.slow
ALL = (
    "finaldata",
    "trained_model",
    "latest_score",
    "deployed_model",
    "client_risk",
    "drift",
    "diagnostics",
    "report",
)


class Town:
    """Houses on machines of their own that share one bucket."""

    def __init__(self, folder: Path, s3: S3, endpoint: str, prefix: str) -> None:
        self.folder, self.s3, self.endpoint, self.prefix = folder, s3, endpoint, prefix
        self.houses: list[Project] = []

    def project(self, name: str, **settings: object) -> Project:
        folder = self.folder / name
        folder.mkdir()
        storage = {"endpoint_url": self.endpoint, "retry_seconds": 0.5}
        root = {"data_root": f"s3://{BUCKET}/{self.prefix}", "cache_folder": "cache", "object_storage": storage}
        self.houses.append(Project(folder, **(root | settings)))
        return self.houses[-1]

    def drop(self, name: str, rows: int, *, seed: int, first_id: int) -> None:
        """Let an object with simulated clients appear."""
        self.houses[0].write_clients("some.csv", rows, seed=seed, first_id=first_id, folder=self.folder)
        self.s3.put(f"{self.prefix}/{name}", (self.folder / "some.csv").read_bytes())

    def text(self, name: str) -> str:
        return self.s3.get(f"{self.prefix}/{name}").decode()

    def close(self) -> None:
        for project in self.houses:
            project.home.mirror.close()


@pytest.fixture
def town(tmp_path: Path, s3: S3, faults: Faults, request: pytest.FixtureRequest) -> Iterator[Town]:
    found = Town(tmp_path, s3, faults.endpoint, request.node.name[:30])
    yield found
    found.close()


def test_the_whole_graph_runs_on_a_bucket_and_a_second_machine_goes_on_from_there(town: Town) -> None:
    first = town.project("first")
    town.drop("sourcedata/clients.csv", 400, seed=1, first_id=0)
    town.drop("testdata/testdata.csv", 200, seed=2, first_id=90_000)
    assert first.materialize(*ALL).success
    assert town.text("production_deployment/current").strip() == first.version_of("deployed_model")
    assert town.text("models/latestscore.txt").startswith("f1 score = ")
    assert {"ingesteddata/finaldata.csv", "models/summary_report.pdf", "models/client_risk.csv"} <= {
        *town.s3.names(town.prefix)
    }

    second = town.project("second")
    town.drop("sourcedata/more.csv", 300, seed=3, first_id=1000)
    assert second.materialize(*ALL).success
    assert len(read_decisions(second.layout)) == 2
    parts = [
        name for name in town.s3.names(f"{town.prefix}/ingesteddata") if name.startswith("finaldata.parquet/")
    ]
    assert len(parts) == 2

    shutil.rmtree(town.folder / "first" / "cache")
    assert first.materialize("finaldata", "client_risk", "drift", "report").success
    assert first.version_of("finaldata") == second.version_of("finaldata")
    assert first.version_of("client_risk") == second.version_of("client_risk")
    assert not [name for name in town.s3.names(town.prefix) if ".push" in name]


def test_a_bucket_that_fails_fails_the_run_and_the_next_one_mends_it(town: Town, faults: Faults) -> None:
    project = town.project("only")
    town.drop("sourcedata/clients.csv", 400, seed=1, first_id=0)
    town.drop("testdata/testdata.csv", 200, seed=2, first_id=90_000)
    assert project.materialize("finaldata", "trained_model").success
    trained = town.text("models/training.json")
    town.drop("sourcedata/more.csv", 300, seed=3, first_id=1000)
    assert project.materialize("finaldata").success

    faults.refuse, faults.matches = 10**6, lambda method, path: method == "PUT" and "/models/" in path
    result = project.materialize("trained_model", raise_on_error=False)
    assert not result.success
    [failure] = result.get_step_failure_events()
    error = failure.step_failure_data.error
    assert error is not None
    told = str(error.cause or error)
    assert "s3://clients/" in told
    assert re.search(r"\(\d+ tr(y|ies) in \d+ s\)", told)
    assert town.text("models/training.json") == trained

    faults.heal()
    assert project.materialize("latest_score").success  # of the model that stands in the bucket
    assert project.materialize("trained_model", "latest_score").success
    assert town.text("models/training.json") != trained
