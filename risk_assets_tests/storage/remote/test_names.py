"""Names of objects that nobody can be trusted to have chosen well."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk_assets.storage.remote import names as naming
from risk_assets.storage.remote.names import refuse_twins, usable
from risk_assets.storage.remote.store import Entry, RemoteError

HOSTILE = [
    "../up.csv",
    "versions/../../up.csv",
    "/etc/passwd",
    "a//b.csv",
    "./a.csv",
    "a/./b.csv",
    "..",
    "nul\0.csv",
    "back\\slash.csv",
    f"{'ä' * 200}.csv",
]


def listing(*names: str) -> dict[str, Entry]:
    return {name: Entry(name, "v", 1) for name in names}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_that_leads_elsewhere_takes_no_part_and_is_told(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert set(usable(listing(name, "good.csv"), "s3://b/in")) == {"good.csv"}
    assert "takes no part" in caplog.text


@pytest.mark.parametrize("name", ["folder/", ".hidden.csv", ".push/drift/commit.json", "a/.b/c.csv"])
def test_placeholders_of_folders_and_hidden_names_are_passed_over(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert set(usable(listing(name, "good.csv"), "s3://b/in")) == {"good.csv"}
    assert not caplog.text


def test_an_object_that_another_one_takes_for_a_folder_keeps_its_place() -> None:
    assert set(usable(listing("a.csv", "a.csv/b.csv"), "s3://b/in")) == {"a.csv"}


@given(st.lists(st.text(max_size=30), max_size=5))
def test_whatever_the_names_are_no_file_lies_outside_the_mirror(names: list[str]) -> None:
    root = Path("/mirror")
    for name in usable(listing(*names), "s3://b/in"):
        assert ".." not in Path(name).parts
        assert (root / name).is_relative_to(root)
        assert (root / name) != root


def test_names_that_differ_by_case_are_two_files_here(tmp_path: Path) -> None:
    refuse_twins(listing("A.csv", "a.csv"), tmp_path, "s3://b/in")


def test_names_that_differ_by_case_are_an_error_where_the_disk_folds_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(naming, "_folds_case", lambda _folder: True)
    with pytest.raises(RemoteError, match=r"'A\.csv' and 'a\.csv' are one file"):
        refuse_twins(listing("A.csv", "a.csv"), tmp_path, "s3://b/in")
