from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from risk_assets.engine.temporary_directories import hold, own_folder

KILLED = """
import os, signal, sys
from pathlib import Path
from risk_assets.engine.temporary_directories import own_folder
with own_folder(Path(sys.argv[1]), "mine-"):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def names(parent: Path) -> list[str]:
    return sorted(folder.name for folder in parent.iterdir())


def test_a_folder_goes_with_its_process(tmp_path: Path) -> None:
    with own_folder(tmp_path / "below", "mine-") as folder:
        (folder / "figures").write_text("1")
        assert folder.stat().st_mode & 0o777 == 0o700

    assert names(tmp_path / "below") == []


def test_what_a_killed_process_left_is_cleared_away_by_the_next(tmp_path: Path) -> None:
    (tmp_path / "another").mkdir()
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False, timeout=600)
    assert len(names(tmp_path)) == 2

    with own_folder(tmp_path, "mine-") as folder:
        assert names(tmp_path) == ["another", folder.name]


def test_the_folder_of_a_process_that_lives_is_left_alone(tmp_path: Path) -> None:
    with own_folder(tmp_path, "mine-") as first, own_folder(tmp_path, "mine-") as second:
        assert names(tmp_path) == sorted([first.name, second.name])


def test_a_folder_that_somebody_removed_is_made_again_and_held(tmp_path: Path) -> None:
    with own_folder(tmp_path, "mine-") as folder:
        folder.rmdir()
        hold(folder)

        with own_folder(tmp_path, "mine-"):
            assert folder.is_dir()
