from __future__ import annotations

import os
from pathlib import Path

import pytest

from risk_assets.storage.digest import sha256_of
from risk_assets.storage.intake.source_folder import folder_state, forget


def state_of(folder: Path) -> str:
    files = [file for file in sorted(folder.iterdir()) if file.suffix == ".csv"]
    return folder_state(files, folder / "memory.json").version


def test_the_same_files_have_the_same_version_whenever_they_were_written(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1")
    before = state_of(tmp_path)
    os.utime(tmp_path / "a.csv", (1, 1))
    assert state_of(tmp_path) == before


def test_a_new_a_changed_a_renamed_and_a_deleted_file_show(tmp_path: Path) -> None:
    versions = [state_of(tmp_path)]
    (tmp_path / "a.csv").write_text("1")
    versions.append(state_of(tmp_path))
    (tmp_path / "a.csv").write_text("2 changed")
    versions.append(state_of(tmp_path))
    (tmp_path / "a.csv").rename(tmp_path / "b.csv")
    versions.append(state_of(tmp_path))
    assert len(set(versions)) == 4
    (tmp_path / "b.csv").unlink()
    assert state_of(tmp_path) == versions[0]


def test_an_unchanged_file_is_not_read_again_until_that_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1")
    before, memory = state_of(tmp_path), tmp_path / "memory.json"
    memory.write_text(memory.read_text().replace(sha256_of(tmp_path / "a.csv"), "remembered"))
    remembered = state_of(tmp_path)
    assert remembered != before
    forget(memory)
    assert state_of(tmp_path) == before


@pytest.mark.parametrize("replaced", [False, True])
def test_other_content_of_the_same_size_and_time_is_noticed(tmp_path: Path, *, replaced: bool) -> None:
    file, other = tmp_path / "a.csv", tmp_path / "other"
    file.write_text("1")
    other.write_text("2")
    for each in (file, other):
        os.utime(each, ns=(5, 5))
    before = state_of(tmp_path)
    if replaced:
        other.replace(file)
    else:
        file.write_text("2")
        os.utime(file, ns=(5, 5))
    assert state_of(tmp_path) != before


def test_a_damaged_memory_only_costs_reading_again(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1")
    before = state_of(tmp_path)
    (tmp_path / "memory.json").write_text("{half")
    assert state_of(tmp_path) == before


def test_a_file_that_went_away_is_left_out(tmp_path: Path) -> None:
    assert folder_state([tmp_path / "gone.csv"], tmp_path / "memory.json").files == {}
