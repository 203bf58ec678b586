from __future__ import annotations

from pathlib import Path

import pytest

from risk_assets.settings import SettingsError
from risk_assets.storage.layout import Layout, reading_order


def layout_in(root: Path) -> Layout:
    return Layout(root, root / "in", root / "test", root / "out", root / "models", root / "live")


def test_hidden_unfinished_and_foreign_files_never_take_part(tmp_path: Path) -> None:
    layout = layout_in(tmp_path)
    (layout.input / "folder.csv").mkdir(parents=True)
    for name in ("a.csv", "b.csv.gz", "c.parquet", ".d.csv", "e.csv.tmp", "f.csv.part", "g.txt", "H.CSV"):
        (layout.input / name).touch()
    assert [file.name for file in layout.source_files()] == ["H.CSV", "a.csv", "b.csv.gz", "c.parquet"]


def test_a_missing_folder_is_named_with_its_key(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"test_data_path: no such folder: .*/test"):
        layout_in(tmp_path).test_files()


def test_names_are_read_in_the_order_in_which_people_count() -> None:
    names = ["clients10.csv", "clients2.csv", "2026-10.csv", "2026-9.csv", "clients.csv"]
    assert sorted(names, key=reading_order) == [
        "2026-9.csv",
        "2026-10.csv",
        "clients2.csv",
        "clients10.csv",
        "clients.csv",
    ]
