"""The sensor over a bucket: it goes by one listing, reads no object, and what it finds is ingested once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from risk_assets.automation.new_source_files import new_source_files
from risk_assets_tests.assets.house import House
from risk_assets_tests.automation.test_new_source_files import reason
from risk_assets_tests.services.faults import Faults
from risk_assets_tests.services.s3 import BUCKET, S3

pytestmark = pytest.mark.slow


@pytest.fixture
def house(tmp_path: Path, faults: Faults) -> Iterator[House]:
    found = House(
        tmp_path,
        input_folder_path=f"s3://{BUCKET}/drop",
        cache_folder="cache",
        object_storage={"endpoint_url": faults.endpoint, "retry_seconds": 0.5},
    )
    yield found
    found.home.mirror.close()


def put(house: House, s3: S3, name: str, *, seed: int, first_id: int) -> None:
    house.write_clients("some.csv", 50, seed=seed, first_id=first_id, folder=house.config.parent)
    s3.put(f"drop/{name}", (house.config.parent / "some.csv").read_bytes())


def look(house: House) -> str:
    """Let the sensor look once, as if for the first time."""
    with dg.build_sensor_context(house.instance, None) as context:
        result = new_source_files(context, home=house.home)
    assert isinstance(result, dg.SensorResult)
    return reason(result)


def test_new_changed_and_deleted_objects_are_noticed_at_once_and_ingested_once(
    house: House, s3: S3, faults: Faults
) -> None:
    put(house, s3, "a.csv", seed=1, first_id=0)
    put(house, s3, "b.csv", seed=2, first_id=100)
    s3.put("drop/folder/", "")
    s3.put("drop/../../outside.csv", "corporation\n1\n")
    s3.put("drop/notes.txt", "no clients")
    assert look(house) == "ingest: 2 new (a.csv, b.csv)"
    assert not [path for method, path in faults.asked if method == "GET" and "list-type" not in path]

    house.materialize("finaldata")
    faults.asked.clear()
    assert look(house) == "nothing new: 2 files are ingested"
    assert len(faults.asked) == 1
    assert sorted(path.name for path in house.layout.input.iterdir() if path.is_file()) == ["a.csv", "b.csv"]

    put(house, s3, "a.csv", seed=3, first_id=0)
    assert look(house) == "ingest: 1 changed (a.csv)"
    house.materialize("finaldata")
    assert look(house) == "nothing new: 2 files are ingested"

    s3.delete("drop/b.csv")
    assert look(house) == "ingest: 1 deleted (b.csv)"
    version = house.version_of("finaldata")
    house.materialize("finaldata")
    assert house.version_of("finaldata") != version
    assert look(house) == "nothing new: 1 files are ingested"


def test_a_bucket_that_does_not_answer_is_told_and_looked_at_again(house: House, s3: S3, faults: Faults) -> None:
    put(house, s3, "a.csv", seed=1, first_id=0)
    house.materialize("finaldata")
    faults.down = True
    assert look(house).startswith("s3://clients/drop: cannot list: ")
    faults.heal()
    assert look(house).startswith("nothing new: ")


def test_the_version_that_is_observed_is_the_one_that_finaldata_is_made_from(house: House, s3: S3) -> None:
    put(house, s3, "a.csv", seed=5, first_id=0)
    look(house)
    house.materialize("finaldata")
    records = house.instance.fetch_observations(dg.AssetKey("sourcedata"), limit=5).records
    assert records[0].asset_observation is not None
    assert records[0].asset_observation.tags["dagster/data_version"] == house.input_version(
        "finaldata", "sourcedata"
    )
