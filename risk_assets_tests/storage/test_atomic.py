from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from risk_assets.storage.atomic import append_line, replacing, sweep, write_text


def test_a_failed_write_leaves_the_former_file_and_no_litter(tmp_path: Path) -> None:
    target = tmp_path / "record.json"
    write_text(target, "old")
    with pytest.raises(UnicodeEncodeError), replacing(target) as staged:
        staged.write_text("half \ud800", encoding="utf-8")
    assert target.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["record.json"]


def test_a_name_as_long_as_names_can_be_is_written(tmp_path: Path) -> None:
    write_text(tmp_path / ("n" * 255), "content")
    assert [file.read_text() for file in tmp_path.iterdir()] == ["content"]


KILLED = """
import os, signal, sys
from pathlib import Path
from risk_assets.storage.atomic import replacing
with replacing(Path(sys.argv[1])) as staged:
    staged.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_writer_leaves_can_be_swept_and_nothing_else_goes(tmp_path: Path) -> None:
    target, foreign = tmp_path / "record.json", tmp_path / ".mine.tmp"
    write_text(target, "old")
    foreign.touch()
    killed = subprocess.run([sys.executable, "-c", KILLED, str(target)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert len(list(tmp_path.iterdir())) == 3
    sweep(tmp_path)
    assert sorted(tmp_path.iterdir()) == [foreign, target]


def test_a_line_is_kept_apart_from_one_torn_by_a_crash(tmp_path: Path) -> None:
    target = tmp_path / "history.jsonl"
    append_line(target, '{"n": 1}')
    with target.open("a") as file:
        file.write('{"n": 2')
    append_line(target, '{"n": 3}')
    assert target.read_text().splitlines() == ['{"n": 1}', '{"n": 2', '{"n": 3}']
