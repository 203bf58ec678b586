"""A new project on disk: settings, folders, Dagster's files, and the client files in their place."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path

DAGSTER_HOME = "dagster_home"
IGNORED = "data/*\n!data/sourcedata\ndagster_home/*\n!dagster_home/dagster.yaml\n"


class ProjectError(ValueError):
    """A project cannot be written; the message says why."""


def write_project(folder: Path, config: Mapping[str, object], sources: Sequence[Path]) -> None:
    """Write a project into a folder, which may exist but holds no project yet; no file there is written over.

    Raises ProjectError, before anything is written.
    """
    if (folder / "config.json").exists():
        raise ProjectError(f"{folder / 'config.json'}: is there already; take another folder")
    home = folder / DAGSTER_HOME
    target = folder / str(config["data_root"]) / str(config["input_folder_path"])
    copies = _copies(sources, target)
    for each in (home, target):
        each.mkdir(parents=True, exist_ok=True)
    for place, source in copies.items():
        shutil.copyfile(source, place)
    write_dagster_yaml(home)
    for name, text in (("workspace.yaml", packaged("workspace.yaml")), (".gitignore", IGNORED)):
        if not (folder / name).exists():
            (folder / name).write_text(text, encoding="utf-8")
    schema = files("risk_assets.settings").joinpath("config.schema.json").read_text(encoding="utf-8")
    (folder / "config.schema.json").write_text(schema, encoding="utf-8")
    content = json.dumps({"$schema": "config.schema.json", **config}, indent=2, ensure_ascii=False)
    (folder / "config.json").write_text(content + "\n", encoding="utf-8")


def _copies(sources: Sequence[Path], target: Path) -> dict[Path, Path]:
    """Return the source of each file to be copied; those that are in their place already are not."""
    copies: dict[Path, Path] = {}
    for source in sources:
        place = target / source.name
        if place.exists() and place.samefile(source):
            continue
        other = copies.setdefault(place, source)
        if not other.samefile(source):
            raise ProjectError(f"{source} and {other} have the same name: give one of them another")
        if place.exists():
            raise ProjectError(f"{place}: is there already, and is not {source}; rename one of them")
    return copies


def write_dagster_yaml(home: Path) -> None:
    """Give a home of Dagster that has no dagster.yaml the one by which nothing is sent anywhere."""
    file = home / "dagster.yaml"
    if home.is_dir() and not file.exists():
        file.write_text(packaged("dagster.yaml"), encoding="utf-8")


def packaged(name: str) -> str:
    """Return a file that comes with the package."""
    return files("risk_assets.storage").joinpath("project_files", name).read_text(encoding="utf-8")
