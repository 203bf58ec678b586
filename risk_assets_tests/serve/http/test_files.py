from __future__ import annotations

import os
from pathlib import Path

import pytest

from risk_assets.serve.http.files import read_below
from risk_assets.serve.http.replies import RequestError

OUTSIDE = [
    "../secret.csv",
    "data/../../secret.csv",
    "/etc/passwd.csv",
    "//etc/passwd.csv",
    "..\\secret.csv",
    "C:\\secret.csv",
    "./../secret.csv",
    "data//clients.csv",
    "data/./clients.csv",
    "%2e%2e/secret.csv/../../secret.csv",
    "data/\x00/clients.csv",
    "clients.csv\x00.txt",
    "\ud800.csv",
    "data/.hidden.csv",
    ".staging/clients.csv",
    "",
    "/",
    "data/",
    "data/clients.csv/",
    "a" * 2000 + ".csv",
    "clients.csv\n",
]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "secret.csv").write_text("secret")
    root = tmp_path / "root"
    (root / "data").mkdir(parents=True)
    (root / "data" / "clients.csv").write_text("content")
    (root / "data" / ".hidden.csv").write_text("hidden")
    return root


def status_of(root: Path, path: str) -> int:
    with pytest.raises(RequestError) as found:
        read_below(root, path, max_bytes=100)
    return found.value.status


def test_a_file_below_the_root_is_read(root: Path) -> None:
    assert read_below(root, "data/clients.csv", max_bytes=100) == b"content"


@pytest.mark.parametrize("path", OUTSIDE)
def test_a_path_that_is_not_plainly_below_the_root_is_refused(root: Path, path: str) -> None:
    assert status_of(root, path) == 403


@pytest.mark.parametrize("path", ["nowhere.csv", "data/nowhere.csv", "nowhere/clients.csv"])
def test_a_path_to_nothing_is_not_found(root: Path, path: str) -> None:
    assert status_of(root, path) == 404


def test_a_link_is_not_followed_wherever_it_stands_and_wherever_it_leads(root: Path) -> None:
    (root / "link.csv").symlink_to(root.parent / "secret.csv")
    (root / "within.csv").symlink_to(root / "data" / "clients.csv")
    (root / "folder").symlink_to(root.parent)

    assert [status_of(root, path) for path in ("link.csv", "within.csv", "folder/secret.csv")] == [403, 403, 403]


def test_what_is_no_regular_file_is_refused_and_nobody_waits_for_it(root: Path) -> None:
    (root / "folder.csv").mkdir()
    os.mkfifo(root / "pipe.csv")

    assert [status_of(root, path) for path in ("folder.csv", "pipe.csv", "data/clients.csv/x.csv")] == [403] * 3


@pytest.mark.parametrize("name", ["model.pkl", "keys.txt", "deployments.jsonl", "clients.csv.gz", "csv"])
def test_only_csv_files_are_read(root: Path, name: str) -> None:
    (root / name).write_text("x")

    assert status_of(root, name) == 403


def test_a_file_beyond_the_limit_is_refused(root: Path) -> None:
    (root / "large.csv").write_text("x" * 101)

    assert status_of(root, "large.csv") == 413


def test_no_file_stays_open(root: Path) -> None:
    (root / "folder.csv").mkdir()
    before = len(list(Path("/proc/self/fd").iterdir()))

    for path in ("data/clients.csv", "folder.csv", "nowhere/x.csv", "data/clients.csv/x.csv"):
        try:
            read_below(root, path, max_bytes=100)
        except RequestError:
            continue

    assert len(list(Path("/proc/self/fd").iterdir())) == before
