"""The whole graph on a Spark cluster of two workers gives what it gives on DuckDB."""

from __future__ import annotations

import csv
import dataclasses
import json
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import joblib
import pytest

from risk_assets.engine.spark.application import stop_application
from risk_assets.storage.intake.finaldata import require_ingestion
from risk_assets.storage.intake.part_files import rows_of
from risk_assets_tests.assets.project import MODEL, ROOT, Project
from risk_assets_tests.assets.soiled import soil
from risk_assets_tests.assets.subscribers import SUBSCRIBERS, write_subscribers
from risk_assets_tests.engine.spark.engines import LOCAL
from risk_assets_tests.services.spark_cluster import SparkCluster, running_cluster

pytestmark = [pytest.mark.slow, pytest.mark.needs("java")]

RESULTS = ("finaldata", "client_risk", "drift", "diagnostics")
#: What names an engine's own hashes, or a moment.
OWN = {"part", "redelivered", "fingerprint", "part_sha256", "redelivered_sha256"}
OWN |= {"ingested_at", "data_version", "version", "at"}
#: Columns of client_risk.csv that engines may round differently in the last of six decimals.
FLOATS = {"risk", "previous_risk", "change"}


@pytest.fixture(scope="module")
def cluster() -> Iterator[SparkCluster]:
    """A cluster with one application for all runs of this module: each run would start executors of its own."""
    with running_cluster() as found:
        yield found
        stop_application()


def alike(one: Any, other: Any, path: str = "") -> None:
    """Assert that two results are equal, floats to 1e-9 and everything else exactly."""
    if isinstance(one, float) and isinstance(other, float):
        assert other == pytest.approx(one, rel=1e-9, abs=1e-9, nan_ok=True), path
    elif isinstance(one, Mapping):
        assert one.keys() == other.keys(), path
        for key in one.keys() - OWN:
            alike(one[key], other[key], f"{path}.{key}")
    elif isinstance(one, Sequence) and not isinstance(one, str):
        assert len(one) == len(other), path
        for place, (mine, yours) in enumerate(zip(one, other, strict=True)):
            alike(mine, yours, f"{path}[{place}]")
    else:
        assert one == other, path


def stored(project: Project) -> dict[str, Any]:
    """Return what the graph has written, without what names engines and moments."""
    layout = project.layout
    ingestion = require_ingestion(layout)
    found: dict[str, Any] = {"ingestion": dataclasses.asdict(ingestion)}
    with duckdb.connect() as connection:
        found["rows"] = [
            connection.execute(f"FROM '{part}'").fetchall() for part in rows_of(layout, ingestion).parts
        ]
        found["kinds"] = [
            connection.execute(f"DESCRIBE FROM '{part}'").fetchall() for part in rows_of(layout, ingestion).parts
        ]
        found["risks"] = connection.execute(f"FROM '{layout.client_risk_parquet}'").fetchall()
    found["finaldata.csv"] = layout.finaldata_csv.read_text(encoding="utf-8")
    with layout.client_risk_csv.open(encoding="utf-8", newline="") as file:
        found["client_risk.csv"] = [
            [cell for name, cell in row.items() if name not in FLOATS] for row in csv.DictReader(file)
        ]
    found["quarantine"] = {file.name: file.read_text(encoding="utf-8") for file in layout.quarantine.glob("*")}
    for name in ("scorecard", "reference", "drift", "metrics"):
        found[name] = json.loads(getattr(layout, name).read_text())
    found["profile"] = json.loads(layout.diagnostics.read_text())["profile"]
    model = joblib.load(layout.trainedmodel)
    found["coefficients"] = [float(number) for number in model[-1].coef_[0]] + [float(model[-1].intercept_[0])]
    return found


def run(
    folder: Path, fill: Callable[[Project], None], new: Callable[[Project], None], **settings: object
) -> Project:
    """Train on some files, then let new ones come in, and rank and compare."""
    folder.mkdir()
    project = Project(folder, **settings)
    fill(project)
    project.materialize(*MODEL)
    new(project)
    project.materialize(*RESULTS)
    return project


def shipped(project: Project) -> None:
    for file in (ROOT / "data" / "sourcedata").iterdir():
        shutil.copy(file, project.layout.input)
    shutil.copy(ROOT / "data" / "testdata" / "testdata.csv", project.layout.testdata)


def new_and_soiled(project: Project) -> None:
    project.write_clients("x.csv", 400, seed=3, first_id=20_000, drift="relation", amount=0.5)
    soil(project.layout.input)


def no_folder_left(project: Project) -> bool:
    return not list((project.layout.ingested / ".spark").iterdir())


@pytest.mark.long
def test_shipped_and_soiled_files_give_the_same_on_both_engines_while_one_of_two_workers_dies(
    tmp_path: Path, cluster: SparkCluster
) -> None:
    embedded = run(tmp_path / "duckdb", shipped, new_and_soiled)
    killers = []

    def then(project: Project) -> None:
        new_and_soiled(project)
        killers.append(threading.Thread(target=kill_in_the_middle, args=(cluster, project.layout.parsed)))
        killers[0].start()

    spread = run(tmp_path / "spark", shipped, then, engine=cluster.engine)
    killers[0].join()
    assert len(cluster.workers) == 1
    alike(stored(embedded), stored(spread))
    assert no_folder_left(spread)


def kill_in_the_middle(cluster: SparkCluster, parsed: Path) -> None:
    """Kill a worker when the second of the new files is being read."""
    before = len(list(parsed.glob("*.json")))
    stop = threading.Event()
    while len(list(parsed.glob("*.json"))) <= before:
        stop.wait(0.02)
    cluster.kill_worker()


@pytest.mark.long
def test_many_categories_give_the_same_model_and_verdict_on_both_engines(tmp_path: Path) -> None:
    found = []
    for name, engine in (("duckdb", {"kind": "duckdb"}), ("spark", LOCAL.model_dump())):
        folder = tmp_path / name
        folder.mkdir()
        project = Project(folder, columns=SUBSCRIBERS, engine=engine)
        write_subscribers(project.layout.input / "subscribers.csv")
        write_subscribers(project.layout.testdata / "subscribers.csv", first_id=5_000)
        project.materialize(*MODEL, "drift")
        layout = project.layout
        found.append([json.loads(path.read_text()) for path in (layout.scorecard, layout.metrics, layout.drift)])
    embedded, spread = found
    alike(embedded, spread)
