"""What a mirror does besides pulling and pushing: landing files, looking aside, leaving local folders alone."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from risk_assets.storage.intake.source_bucket import object_state
from risk_assets.storage.layout import Layout
from risk_assets.storage.lock import LockedError, writing
from risk_assets.storage.remote.mirror import Mirror
from risk_assets_tests.storage.remote.machines import IMPATIENT, Bucket, files_of, machine, new_url, write_unit

LOCAL = """
import sys
from pathlib import Path
from risk_assets.settings.object_storage import ObjectStorageSetting
from risk_assets.storage.layout import Layout
from risk_assets.storage.remote.mirror import Mirror
root = Path(sys.argv[1])
layout = Layout(root, root / "i", root / "t", root / "o", root / "m", root / "d")
mirror = Mirror(layout, ObjectStorageSetting())
mirror.pull("sourcedata", "finaldata")
with mirror.working("drift", "finaldata"):
    pass
print(*sorted({name.partition(".")[0] for name in sys.modules}))
print(list(root.iterdir()))
"""


def test_folders_that_are_only_here_cost_no_import_and_no_file(tmp_path: Path) -> None:
    command = [sys.executable, "-c", LOCAL, str(tmp_path)]
    modules, left = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert not {"fsspec", "s3fs", "aiobotocore", "upath"} & set(modules.split())
    assert left == "[]"


def test_a_finished_file_lands_in_the_bucket_and_in_the_mirror(tmp_path: Path) -> None:
    url = new_url()
    here = machine(tmp_path / "here", url)
    file = tmp_path / "batch.parquet"
    file.write_bytes(b"rows")
    here.land("sourcedata", file, "batch-1.parquet")
    assert Bucket(f"{url}/input").content() == {"batch-1.parquet": b"rows"}
    assert files_of(here, "sourcedata") == {"batch-1.parquet": b"rows"}
    assert not file.exists()
    before = (here.layout.input / "batch-1.parquet").stat().st_mtime_ns
    here.pull("sourcedata")
    assert (here.layout.input / "batch-1.parquet").stat().st_mtime_ns == before
    assert list(object_state(here, "sourcedata").files) == ["batch-1.parquet"]


def test_a_finished_file_lands_in_a_local_folder(tmp_path: Path) -> None:
    a, b, c, d, e = (tmp_path / name for name in "abcde")
    layout = Layout(tmp_path, a, b, c, d, e)
    file = tmp_path / "batch.parquet"
    file.write_bytes(b"rows")
    Mirror(layout, IMPATIENT).land("sourcedata", file, "batch-1.parquet")
    assert (tmp_path / "a" / "batch-1.parquet").read_bytes() == b"rows"
    assert not file.exists()


def test_a_look_aside_leaves_the_mirror_as_it_is(tmp_path: Path) -> None:
    url = new_url()
    one, other = machine(tmp_path / "one", url), machine(tmp_path / "other", url)
    assert not other.peek("finaldata", other.layout.ingestion).exists()
    with one.working("finaldata"):
        write_unit(one, "finaldata", {"ingestion.json": b"1"})
    assert other.peek("finaldata", other.layout.ingestion).read_bytes() == b"1"
    assert not other.layout.ingestion.exists()


def test_a_unit_that_is_being_written_here_is_not_pulled_meanwhile(tmp_path: Path) -> None:
    url = new_url()
    one, same = machine(tmp_path, url), machine(tmp_path, url)
    with one.working("drift"):
        write_unit(one, "drift", {"drift.json": b"published, not pushed yet"})
        same.pull("drift")
        assert files_of(one, "drift") == {"drift.json": b"published, not pushed yet"}
    assert Bucket(f"{url}/models").content() == {"drift.json": b"published, not pushed yet"}


@contextmanager
def halted(mirror: Mirror, key: str, what: str) -> Iterator[tuple[threading.Event, threading.Event]]:
    """Let an operation of a unit's store wait; yields what is set when it has begun, and what lets it go on."""
    began, go_on = threading.Event(), threading.Event()
    store: Any = mirror.store(key)
    act = getattr(store, what)

    def wait(*arguments: Any) -> Any:
        began.set()
        assert go_on.wait(300)
        return act(*arguments)

    setattr(store, what, wait)
    try:
        yield began, go_on
    finally:
        go_on.set()
        delattr(store, what)


def test_a_step_waits_for_who_pulls_what_it_reads(tmp_path: Path) -> None:
    url = new_url()
    Bucket(f"{url}/out").put("ingestion.json", b"1")
    puller, step = machine(tmp_path, url), machine(tmp_path, url)

    def read() -> dict[str, bytes]:
        with step.working("drift", "finaldata"):
            return files_of(step, "finaldata")

    with ThreadPoolExecutor() as threads, halted(puller, "finaldata", "fetch") as (began, go_on):
        pulling = threads.submit(puller.pull, "finaldata")
        assert began.wait(300)
        step.pull("finaldata")  # a sensor does not wait
        reading = threads.submit(read)
        threading.Event().wait(0.3)
        assert not reading.done()
        Bucket(f"{url}/out").put("sourceobjects.json", b"new meanwhile")
        go_on.set()
        pulling.result()
        assert reading.result() == {"ingestion.json": b"1", "sourceobjects.json": b"new meanwhile"}


def test_a_step_does_not_go_on_with_what_a_pull_that_takes_too_long_has_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("risk_assets.storage.remote.mirror.PULL_SECONDS", 0.1)
    url = new_url()
    Bucket(f"{url}/live").put("current", b"v0002-00000000\n")
    puller, step = machine(tmp_path, url), machine(tmp_path, url)
    with ThreadPoolExecutor() as threads, halted(puller, "deployed_model", "fetch") as (began, _):
        threads.submit(puller.pull_some, "deployed_model", ("current",))
        assert began.wait(300)
        with pytest.raises(LockedError, match="by pull"), step.working("client_risk", "deployed_model"):
            raise AssertionError


def test_a_step_reads_what_a_writer_here_has_made_of_what_it_pulled(tmp_path: Path) -> None:
    url = new_url()
    one, same = machine(tmp_path, url), machine(tmp_path, url)
    with one.working("drift"):
        write_unit(one, "drift", {"drift.json": b"published, not pushed yet"})
        with same.working("diagnostics", "drift"):
            assert files_of(same, "drift") == {"drift.json": b"published, not pushed yet"}
        with pytest.raises(LockedError):
            same.pull_some("drift", ("drift.json",))


def test_a_step_does_not_take_a_writer_that_has_not_pulled_for_one_that_has(tmp_path: Path) -> None:
    url = new_url()
    Bucket(f"{url}/models").put("drift.json", b"1")
    writer, step = machine(tmp_path, url), machine(tmp_path, url)

    def write() -> None:
        with writer.working("drift"):
            pass

    def read() -> dict[str, bytes]:
        with step.working(None, "drift"):
            return files_of(step, "drift")

    with ThreadPoolExecutor() as threads, halted(writer, "drift", "list") as (began, go_on):
        writing_it = threads.submit(write)
        assert began.wait(300)
        reading = threads.submit(read)
        threading.Event().wait(0.3)
        assert not reading.done()
        go_on.set()
        writing_it.result()
        assert reading.result() == {"drift.json": b"1"}


def test_only_one_process_of_a_machine_writes_a_unit_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("risk_assets.storage.remote.mirror.WAIT_SECONDS", 0.1)
    here = machine(tmp_path, new_url())
    with (
        writing(here.layout.models / ".remote" / "drift.at-work", "drift"),
        pytest.raises(LockedError, match="being written by drift"),
        here.working("drift"),
    ):
        raise AssertionError


def test_a_mirror_that_was_tampered_with_is_made_like_the_bucket_again(tmp_path: Path) -> None:
    url = new_url()
    Bucket(f"{url}/live").put("versions/v0001-00000000/manifest.json", b"{}")
    here, elsewhere = machine(tmp_path / "here", url), tmp_path / "elsewhere"
    elsewhere.mkdir()
    here.layout.deployment.mkdir(parents=True)
    here.layout.versions.symlink_to(elsewhere)
    (here.layout.deployment / "current").mkdir()
    Bucket(f"{url}/live").put("current", b"v0001-00000000\n")
    here.pull("deployed_model")
    assert here.layout.current.read_bytes() == b"v0001-00000000\n"
    assert not here.layout.versions.is_symlink()
    assert list(elsewhere.iterdir()) == []


def test_a_version_that_is_gone_from_the_bucket_leaves_no_folder_behind(tmp_path: Path) -> None:
    url = new_url()
    bucket, here = Bucket(f"{url}/live"), machine(tmp_path, url)
    bucket.put("versions/v0001-00000000/manifest.json", b"{}")
    here.pull("deployed_model")
    bucket.delete("versions/v0001-00000000/manifest.json")
    here.pull("deployed_model")
    assert not (here.layout.versions / "v0001-00000000").exists()
