from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from risk_assets.storage.lock import LockedError, writing

HOLDER = """
import sys
from pathlib import Path
from risk_assets.storage.lock import writing
with writing(Path(sys.argv[1]), "finaldata"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_writer_waits_and_is_then_told_who_holds_the_folder(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"

        with (
            pytest.raises(LockedError, match=rf"being written by finaldata \(process {holder.pid}\)"),
            writing(tmp_path, "risk rollback", wait=0.1),
        ):
            pass

        holder.kill()
    with writing(tmp_path, "risk rollback", wait=5):
        assert (tmp_path / ".writer").read_text() == f"risk rollback (process {os.getpid()})"


def test_the_folder_is_free_again_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="disk full"), writing(tmp_path / "new", "one"):
        raise OSError("disk full")

    with writing(tmp_path / "new", "two", wait=0.1):
        pass


def test_different_folders_are_written_at_the_same_time(tmp_path: Path) -> None:
    with writing(tmp_path / "a", "one"), writing(tmp_path / "b", "two", wait=0.1):
        assert sorted(folder.name for folder in tmp_path.iterdir()) == ["a", "b"]
