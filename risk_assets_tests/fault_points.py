"""Runs of the whole graph that meet a fault, each in a process forked from this one.

    python -m risk_assets_tests.fault_points FOLDER killed|full|damaged [POINT ...]

FOLDER/template is a project in which a model serves and a new file has come. Prints a JSON line for the
undisturbed run (how many changes of the disk it makes, and how many damages there are to its files), then one for
each point: without points, for all of them.

`killed` at its n-th change of the disk; `full` from the n-th change on, each fails for want of space; `damaged`
begins with the n-th of the damages to generated files: each is flipped in a byte, cut in half, emptied, and
replaced by what the undisturbed run makes of it, but for histories, from which numbers of versions follow. Then it
is run once more, and compared. A change is a file opened for writing, renamed, removed or synced, or a folder made
or removed, by this process: what engines write by themselves lies between two of these.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg

from risk_assets_tests.assets.project import Project

WRITES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.truncate", "shutil.copyfile"}
#: What has to be the same, byte for byte, after one more run.
COMPARED = ("finaldata_csv", "trainedmodel", "scorecard", "latestscore", "client_risk_csv", "current")


def main() -> None:
    """Let runs meet the faults, run once more, and compare."""
    folder, kind = Path(sys.argv[1]), sys.argv[2]
    project = Project.__new__(Project)
    attach(project, folder / "run")
    expected = folder / "expected.json"
    status = forked(folder, lambda: undisturbed(project, folder / "run", expected))
    changes, damages = int((folder / "changes").read_text()), [*damages_of(folder)]
    print(json.dumps({"changes": changes, "damages": len(damages), "status": status}), flush=True)
    points = [int(point) for point in sys.argv[3:]] or range(
        1, (len(damages) if kind == "damaged" else changes) + 1
    )
    for point in points:
        told: dict[str, object] = {"point": point}
        if kind == "damaged":
            what, file, content = damages[point - 1]
            told |= {"what": what, "file": str(file)}
            copy_template(folder)
            (folder / "run" / file).write_bytes(content)
        else:
            fault = killed if kind == "killed" else without_space
            told["ended"] = forked(folder, partial(fault, project, point))
            told["serving"] = found_serving(folder / "run")
        told["again"] = forked(None, lambda: saying(folder, lambda: whole(project)))
        told["same"] = json.loads(expected.read_text()) == digests(folder / "run")
        told["served"] = found_serving(folder / "run")
        told["said"] = (folder / "said").read_text() if told["again"] else ""
        print(json.dumps(told), flush=True)


def damages_of(folder: Path) -> Iterator[tuple[str, Path, bytes]]:
    """Yield each damage: what it is, the generated file (below the project) and the content it gets."""
    template = folder / "template"
    given = {"sourcedata", "testdata"}
    for path in sorted(template.rglob("*")):
        file = path.relative_to(template)
        if not path.is_file() or file.name == "config.json" or given & {*file.parts} or not path.stat().st_size:
            continue
        content = path.read_bytes()
        middle = len(content) // 2
        yield "flipped", file, content[:middle] + bytes([content[middle] ^ 0xFF]) + content[middle + 1 :]
        yield "cut", file, content[:middle]
        yield "emptied", file, b""
        later = folder / "made" / file
        if file.suffix != ".jsonl" and later.is_file() and later.read_bytes() != content:
            yield "replaced", file, later.read_bytes()


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
        copy_template(folder)
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


def copy_template(folder: Path) -> None:
    """Begin with a fresh copy of the template."""
    shutil.rmtree(folder / "run", ignore_errors=True)
    shutil.copytree(folder / "template", folder / "run")


def saying(folder: Path, act: Callable[[], object]) -> None:
    """Act, and note what an error and its causes say."""
    try:
        act()
    except BaseException as error:
        causes = iter([error])
        words = []
        while (cause := next(causes, None)) is not None:
            words.append(f"{type(cause).__name__}: {cause}")
            causes = iter([cause.__cause__] if cause.__cause__ else [])
        (folder / "said").write_text("\n".join(words))
        raise


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
    shutil.rmtree(folder.parent / "made", ignore_errors=True)
    shutil.copytree(folder, folder.parent / "made")
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


def without_space(project: Project, point: int) -> None:
    """Run, and refuse each change of the disk from the given one on for want of space."""
    left = [point]

    def refuse_at_last() -> None:
        left[0] -= 1
        if left[0] <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    on_change(refuse_at_last)
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
    from risk_assets.storage.deployment.versions import DeploymentError, live_version, verify_version
    from risk_assets.storage.layout import Layout

    layout = Layout.of(load_settings(folder / "config.json"))
    try:
        live = live_version(layout)
    except DeploymentError:  # the pointer itself is damaged
        return False
    return live is not None and not verify_version(layout, live)


def digests(folder: Path) -> dict[str, str]:
    """Return the digests of what is compared."""
    from risk_assets.settings import load_settings
    from risk_assets.storage.layout import Layout

    layout = Layout.of(load_settings(folder / "config.json"))
    return {name: hashlib.sha256(getattr(layout, name).read_bytes()).hexdigest() for name in COMPARED}


if __name__ == "__main__":
    main()
