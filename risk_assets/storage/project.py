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
    """Write a project into a folder, which may exist but holds no project yet. Raises ProjectError."""
    if (folder / "config.json").exists():
        raise ProjectError(f"{folder / 'config.json'}: is there already; take another folder")
    home = folder / DAGSTER_HOME
    target = folder / str(config["data_root"]) / str(config["input_folder_path"])
    for each in (home, target):
        each.mkdir(parents=True, exist_ok=True)
    for source in sources:
        if source.resolve().parent != target.resolve():
            shutil.copyfile(source, target / source.name)
    write_dagster_yaml(home)
    (folder / "workspace.yaml").write_text(packaged("workspace.yaml"), encoding="utf-8")
    (folder / ".gitignore").write_text(IGNORED, encoding="utf-8")
    schema = files("risk_assets.settings").joinpath("config.schema.json").read_text(encoding="utf-8")
    (folder / "config.schema.json").write_text(schema, encoding="utf-8")
    content = json.dumps({"$schema": "config.schema.json", **config}, indent=2, ensure_ascii=False)
    (folder / "config.json").write_text(content + "\n", encoding="utf-8")


def write_dagster_yaml(home: Path) -> None:
    """Give a home of Dagster that has no dagster.yaml the one by which nothing is sent anywhere."""
    file = home / "dagster.yaml"
    if home.is_dir() and not file.exists():
        file.write_text(packaged("dagster.yaml"), encoding="utf-8")


def packaged(name: str) -> str:
    """Return a file that comes with the package."""
    return files("risk_assets.storage").joinpath("project_files", name).read_text(encoding="utf-8")
