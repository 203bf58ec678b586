"""Runs of the whole graph that are killed at a chosen change of the disk, each in a process forked from this one.

    python -m risk_assets_tests.fault_points FOLDER [POINT ...]

FOLDER/template is a project in which a model serves and a new file has come. Prints a JSON line for the
undisturbed run (how many changes of the disk it makes), then one for each point: without points, for all of them.
A change is a file opened for writing, renamed, removed or synced, or a folder made or removed, by this process:
what engines write by themselves lies between two of these.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg

from risk_assets_tests.assets.project import Project

WRITES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.truncate", "shutil.copyfile"}
#: What has to be the same, byte for byte, after one more run.
COMPARED = ("finaldata_csv", "trainedmodel", "scorecard", "latestscore", "client_risk_csv", "current")


def main() -> None:
    """Kill at each point, run once more, and compare."""
    folder, points = Path(sys.argv[1]), [int(point) for point in sys.argv[2:]]
    project = Project.__new__(Project)
    attach(project, folder / "run")
    expected = folder / "expected.json"
    changes = forked(folder, lambda: undisturbed(project, folder / "run", expected))
    print(json.dumps({"changes": int((folder / "changes").read_text()), "status": changes}), flush=True)
    for point in points or range(1, int((folder / "changes").read_text()) + 1):
        ended = forked(folder, lambda point=point: killed(project, point))  # type: ignore[misc]
        serving = found_serving(folder / "run")
        again = forked(None, lambda: whole(project))
        same = json.loads(expected.read_text()) == digests(folder / "run")
        print(
            json.dumps({"point": point, "ended": ended, "serving": serving, "again": again, "same": same}),
            flush=True,
        )


def attach(project: Project, folder: Path) -> None:
    """Load what a run needs once; every process that is forked has it."""
    import joblib  # noqa: F401
    import matplotlib.figure  # noqa: F401
    import reportlab.platypus  # noqa: F401
    import sklearn.linear_model  # noqa: F401

    from risk_assets.resources.home import Home

    folder.mkdir(exist_ok=True)
    project.config = folder / "config.json"
    project.home = Home(config_file=str(project.config))
    loaded = dg.load_assets_from_package_name("risk_assets.assets")
    project.assets = [asset for asset in loaded if isinstance(asset, dg.AssetsDefinition)]


def forked(folder: Path | None, act: Callable[[], object]) -> int:
    """Act in a process of its own, on a fresh copy of the template if there is one; return how it ended."""
    if folder is not None:
        shutil.rmtree(folder / "run", ignore_errors=True)
        shutil.copytree(folder / "template", folder / "run")
    sys.stdout.flush()
    child = os.fork()
    if not child:
        try:
            act()
        except BaseException:  # noqa: BLE001  # told by the exit code
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def whole(project: Project) -> None:
    """Materialize everything."""
    project.instance = dg.DagsterInstance.ephemeral()
    project.layout = project.home.layout
    keys = [asset.key.to_user_string() for asset in project.assets]
    project.materialize(*(key for key in keys if key not in {"sourcedata", "testdata", "outcomes", "backtest"}))


def undisturbed(project: Project, folder: Path, expected: Path) -> None:
    """Run to the end, and note how many changes that made and what came of it."""
    changes = list(counting())
    counter = changes[0]
    whole(project)
    (folder.parent / "changes").write_text(str(counter()))
    expected.write_text(json.dumps(digests(folder)))


def counting() -> Iterator[Callable[[], int]]:
    """Count changes of the disk from here on."""
    count = [0]
    on_change(lambda: count.__setitem__(0, count[0] + 1))
    yield lambda: count[0]


def killed(project: Project, point: int) -> None:
    """Run, and die at the given change of the disk."""
    left = [point]

    def die_at_last() -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    on_change(die_at_last)
    whole(project)


def on_change(act: Callable[[], object]) -> None:
    """Act before each change of the disk in this process."""
    sync = os.fsync

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        opened_to_write = event == "open" and any(letter in str(arguments[1]) for letter in "wax+")
        if event in WRITES or opened_to_write:
            act()

    def fsync(descriptor: Any) -> None:  # as os.fsync takes it
        act()
        sync(descriptor)

    sys.addaudithook(watch)
    setattr(os, "fsync", fsync)  # noqa: B010  # its parameter has another name


def found_serving(folder: Path) -> bool:
    """Return whether a whole version serves."""
    from risk_assets.settings import load_settings
    from risk_assets.storage.deployment.versions import live_version, verify_version
    from risk_assets.storage.layout import Layout

    layout = Layout.of(load_settings(folder / "config.json"))
    live = live_version(layout)
    return live is not None and not verify_version(layout, live)


def digests(folder: Path) -> dict[str, str]:
    """Return the digests of what is compared."""
    from risk_assets.settings import load_settings
    from risk_assets.storage.layout import Layout

    layout = Layout.of(load_settings(folder / "config.json"))
    return {name: hashlib.sha256(getattr(layout, name).read_bytes()).hexdigest() for name in COMPARED}


if __name__ == "__main__":
    main()
