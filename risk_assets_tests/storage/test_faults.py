"""What the disk refuses is said in one sentence that says what to do."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from risk_assets.storage.faults import explain
from risk_assets_tests.storage.place import Place


@pytest.mark.parametrize(
    ("number", "said", "advice"),
    [
        (errno.ENOSPC, "no space is left", "Free some, and run again"),
        (errno.EROFS, "the file system is read-only", "Let it be written, and run again"),
        (errno.EACCES, "access is not permitted", "and run again"),
        (errno.EMFILE, "too many files are open", "Raise the limit (ulimit -n), and run again"),
        (errno.EDQUOT, "the quota is used up", "and run again"),
    ],
)
def test_a_refusal_says_what_where_and_what_to_do(tmp_path: Path, number: int, said: str, advice: str) -> None:
    error = ValueError("engine")
    error.__cause__ = OSError(number, os.strerror(number), str(tmp_path / "part.parquet"))
    fault = str(explain(error, tmp_path))
    assert fault.startswith(f"{said}: {tmp_path / 'part.parquet'}, ")
    assert fault.endswith(advice)
    assert "MB are free; what serves is untouched" in fault


def test_other_errors_are_left_as_they_are(tmp_path: Path) -> None:
    assert explain(ValueError("no such column"), tmp_path) is None
    assert explain(FileNotFoundError(errno.ENOENT, "no such file"), tmp_path) is None


INGEST = """
import sys
from pathlib import Path
from risk_assets.storage.faults import explain
from risk_assets_tests.storage.place import Place
place = Place.__new__(Place)
from risk_assets.storage.layout import Layout
root = Path(sys.argv[1])
place.layout = Layout(root, root / "in", root / "test", root / "out", root / "models", root / "production")
try:
    place.ingest()
except Exception as error:
    print(explain(error, root), repr(error))
"""


def test_a_limit_on_the_size_of_files_is_said_so_and_the_earlier_finaldata_stays(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.put("a.csv", "A,1,north,0")
    place.ingest()
    before = place.everything()
    place.put("b.csv", *(f"B{row},{row},south-{row},1" for row in range(20_000)))

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))

    found = subprocess.run(
        [sys.executable, "-c", INGEST, str(tmp_path)],
        preexec_fn=limit,  # nothing else runs in this process
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert found.startswith("a file may not become larger: ")
    assert place.everything() == before
