"""A store behind a bad network: over real HTTP, with 503s, silence, slow links and connections that break."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from risk_assets.settings.object_storage import ObjectStorageSetting
from risk_assets.storage.remote import store as storing
from risk_assets.storage.remote.store import Entry, RemoteError, Store
from risk_assets_tests.services.faults import Faults
from risk_assets_tests.services.ports import free_port
from risk_assets_tests.services.s3 import BUCKET, CREDENTIALS, S3
from risk_assets_tests.storage.remote.machines import files_of, machine, write_unit

pytestmark = pytest.mark.slow


@pytest.fixture
def store(faults: Faults, request: pytest.FixtureRequest) -> Iterator[Store]:
    setting = ObjectStorageSetting(endpoint_url=faults.endpoint, read_seconds=1, retry_seconds=3)
    found = Store(f"s3://{BUCKET}/{request.node.name[:40]}", setting)
    yield found
    found.close()


def uploaded(store: Store, tmp_path: Path, content: bytes = b"content", name: str = "a.csv") -> Entry:
    file = tmp_path / "upload"
    file.write_bytes(content)
    store.put(file, name)
    found = store.info(name)
    assert found is not None
    return found


def test_objects_are_listed_looked_at_copied_and_removed(store: Store, tmp_path: Path) -> None:
    entry = uploaded(store, tmp_path, name="folder/a ä&+%20.csv")
    assert store.list() == {entry.name: entry}
    assert store.copy(entry.name, "b.csv")
    assert store.read("b.csv") == b"content"
    store.delete(entry.name)
    store.delete(entry.name)
    assert list(store.list()) == ["b.csv"]
    assert store.info(entry.name) is None
    assert store.read(entry.name) is None
    assert not store.copy(entry.name, "c.csv")


def test_busy_answers_are_waited_out(store: Store, faults: Faults, tmp_path: Path) -> None:
    faults.refuse = 2
    entry = uploaded(store, tmp_path)
    faults.refuse = 2
    assert store.list() == {"a.csv": entry}
    faults.refuse = 2
    store.fetch(entry, tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_bytes() == b"content"


def test_a_busy_store_is_given_up_in_time_with_its_url_and_what_was_tried(store: Store, faults: Faults) -> None:
    faults.refuse = 1000
    with pytest.raises(RemoteError, match=r"^s3://clients/.*/a\.csv: cannot read: .*Unavailable \(\d+ tries in"):
        store.read("a.csv")
    assert 3 <= len(faults.asked) < 20


def test_a_connection_that_breaks_within_a_body_is_begun_anew(
    store: Store, faults: Faults, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storing, "CHUNK", 100_000)
    content = os.urandom(350_000)
    entry = uploaded(store, tmp_path, content)
    faults.cut, faults.matches = 2, lambda method, _path: method == "GET"
    store.fetch(entry, tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_bytes() == content
    assert faults.cut == 0


def test_bodies_that_always_break_leave_the_earlier_file(store: Store, faults: Faults, tmp_path: Path) -> None:
    entry = uploaded(store, tmp_path, os.urandom(1000))
    (tmp_path / "a.csv").write_bytes(b"earlier")
    faults.cut, faults.matches = 1000, lambda method, _path: method == "GET"
    with pytest.raises(RemoteError, match=r"a\.csv: cannot read"):
        store.fetch(entry, tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_bytes() == b"earlier"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.csv", "upload"]


def test_a_slow_link_takes_its_time(store: Store, faults: Faults, tmp_path: Path) -> None:
    content = os.urandom(20_000)
    entry = uploaded(store, tmp_path, content)
    faults.slow_bytes_per_second = 20_000
    store.fetch(entry, tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_bytes() == content


def test_a_server_that_is_gone_is_told_by_its_url(tmp_path: Path, faults: Faults) -> None:
    setting = ObjectStorageSetting(endpoint_url=f"http://127.0.0.1:{free_port()}", retry_seconds=0.5)
    with pytest.raises(RemoteError, match=r"^s3://clients/x: cannot list: .*connect"):
        Store("s3://clients/x", setting).list()


def test_a_bucket_that_does_not_exist_is_told(faults: Faults) -> None:
    setting = ObjectStorageSetting(endpoint_url=faults.endpoint)
    with pytest.raises(RemoteError, match=r"^s3://nowhere/x: does not exist"):
        Store("s3://nowhere/x", setting).list()


def test_missing_credentials_are_told_at_once(faults: Faults, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in CREDENTIALS:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(RemoteError, match=r"s3://clients/x: cannot list: .*credentials.*\(1 try in"):
        Store("s3://clients/x", ObjectStorageSetting(endpoint_url=faults.endpoint)).list()


def test_an_object_that_changes_while_it_is_fetched_in_parts_is_no_mixture(
    store: Store, faults: Faults, tmp_path: Path, s3: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storing, "CHUNK", 1000)
    entry = uploaded(store, tmp_path, b"a" * 3000)
    seen: list[int] = []

    def replace_once(method: str, path: str) -> bool:
        if method == "GET":
            seen.append(1)
            if len(seen) == 2:
                s3.put(f"{store.url.partition(BUCKET + '/')[2]}/a.csv", b"b" * 3000)
        return False

    faults.matches = replace_once
    with pytest.raises(RemoteError, match="changed or went away while it was read"):
        store.fetch(entry, tmp_path / "a.csv")
    assert not (tmp_path / "a.csv").exists()


def test_only_the_first_of_two_can_make_a_new_object(store: Store) -> None:
    assert store.put_new("commit.json", b"mine")
    assert not store.put_new("commit.json", b"theirs")
    assert store.read("commit.json") == b"mine"


def test_a_push_through_a_network_that_fails_at_every_point_is_whole_or_nothing(
    faults: Faults, tmp_path: Path, s3: S3
) -> None:
    setting = ObjectStorageSetting(endpoint_url=faults.endpoint, retry_seconds=0)
    writer = machine(tmp_path / "writer", f"s3://{BUCKET}/points", setting)
    old = {"drift.json": b"old", "drift_history.jsonl": b"old"}
    new = {"drift.json": b"new", "drift_history.jsonl": b"new"}
    with writer.working("drift"):
        write_unit(writer, "drift", old)
    for point in range(0, 100, 3):
        counted = iter(range(1000))
        faults.heal()
        faults.matches = lambda _method, _path, counted=counted, point=point: next(counted) >= point  # type: ignore[misc]
        faults.down = True
        try:
            with writer.working("drift"):
                write_unit(writer, "drift", new)
        except RemoteError:
            faults.heal()
            reader = machine(tmp_path / f"reader{point}", f"s3://{BUCKET}/points", setting)
            reader.pull("drift")
            assert files_of(reader, "drift") in (old, new)
            reader.close()
            with writer.working("drift"):
                write_unit(writer, "drift", old)
        else:
            break
    writer.close()
    assert point > 5
