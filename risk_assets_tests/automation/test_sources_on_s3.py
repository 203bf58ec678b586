"""The sensor over a bucket: it goes by one listing, reads no object, and what it finds is ingested once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from risk_assets.automation.new_source_files import new_source_files
from risk_assets_tests.assets.project import Project
from risk_assets_tests.automation.test_new_source_files import reason
from risk_assets_tests.services.faults import Faults
from risk_assets_tests.services.s3 import BUCKET, S3

pytestmark = pytest.mark.slow


@pytest.fixture
def project(tmp_path: Path, faults: Faults) -> Iterator[Project]:
    found = Project(
        tmp_path,
        input_folder_path=f"s3://{BUCKET}/drop",
        cache_folder="cache",
        object_storage={"endpoint_url": faults.endpoint, "retry_seconds": 0.5},
    )
    yield found
    found.home.mirror.close()


def put(project: Project, s3: S3, name: str, *, seed: int, first_id: int) -> None:
    project.write_clients("some.csv", 50, seed=seed, first_id=first_id, folder=project.config.parent)
    s3.put(f"drop/{name}", (project.config.parent / "some.csv").read_bytes())


def look(project: Project) -> str:
    """Let the sensor look once, as if for the first time."""
    with dg.build_sensor_context(project.instance, None) as context:
        result = new_source_files(context, home=project.home)
    assert isinstance(result, dg.SensorResult)
    return reason(result)


def test_new_changed_and_deleted_objects_are_noticed_at_once_and_ingested_once(
    project: Project, s3: S3, faults: Faults
) -> None:
    put(project, s3, "a.csv", seed=1, first_id=0)
    put(project, s3, "b.csv", seed=2, first_id=100)
    s3.put("drop/folder/", "")
    s3.put("drop/../../outside.csv", "corporation\n1\n")
    s3.put("drop/notes.txt", "no clients")
    assert look(project) == "ingest: 2 new (a.csv, b.csv)"
    assert not [path for method, path in faults.asked if method == "GET" and "list-type" not in path]

    project.materialize("finaldata")
    faults.asked.clear()
    assert look(project) == "nothing new: 2 files are ingested"
    assert len(faults.asked) == 1
    assert sorted(path.name for path in project.layout.input.iterdir() if path.is_file()) == ["a.csv", "b.csv"]

    put(project, s3, "a.csv", seed=3, first_id=0)
    assert look(project) == "ingest: 1 changed (a.csv)"
    project.materialize("finaldata")
    assert look(project) == "nothing new: 2 files are ingested"

    s3.delete("drop/b.csv")
    assert look(project) == "ingest: 1 deleted (b.csv)"
    version = project.version_of("finaldata")
    project.materialize("finaldata")
    assert project.version_of("finaldata") != version
    assert look(project) == "nothing new: 1 files are ingested"


def test_a_bucket_that_does_not_answer_is_told_and_looked_at_again(
    project: Project, s3: S3, faults: Faults
) -> None:
    put(project, s3, "a.csv", seed=1, first_id=0)
    project.materialize("finaldata")
    faults.down = True
    assert look(project).startswith("s3://clients/drop: cannot list: ")
    faults.heal()
    assert look(project).startswith("nothing new: ")


def test_the_version_that_is_observed_is_the_one_that_finaldata_is_made_from(project: Project, s3: S3) -> None:
    put(project, s3, "a.csv", seed=5, first_id=0)
    look(project)
    project.materialize("finaldata")
    records = project.instance.fetch_observations(dg.AssetKey("sourcedata"), limit=5).records
    assert records[0].asset_observation is not None
    assert records[0].asset_observation.tags["dagster/data_version"] == project.input_version(
        "finaldata", "sourcedata"
    )
