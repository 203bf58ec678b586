from __future__ import annotations

from pathlib import Path

import pytest

from risk_assets.storage.atomic import append_line, replacing, write_text


def test_a_failed_write_leaves_the_former_file_and_no_litter(tmp_path: Path) -> None:
    target = tmp_path / "record.json"
    write_text(target, "old")
    with pytest.raises(UnicodeEncodeError), replacing(target) as staged:
        staged.write_text("half \ud800", encoding="utf-8")
    assert target.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["record.json"]


def test_a_line_is_kept_apart_from_one_torn_by_a_crash(tmp_path: Path) -> None:
    target = tmp_path / "history.jsonl"
    append_line(target, '{"n": 1}')
    with target.open("a") as file:
        file.write('{"n": 2')
    append_line(target, '{"n": 3}')
    assert target.read_text().splitlines() == ['{"n": 1}', '{"n": 2', '{"n": 3}']
