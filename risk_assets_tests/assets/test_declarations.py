"""What an asset reads is what it declares: each is made where nothing else is there."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest

from risk_assets.definitions import defs
from risk_assets.resources.declaration import READS
from risk_assets.storage.layout import Layout
from risk_assets.storage.units import units_of
from risk_assets_tests.assets.project import Project

DECLARED = {
    spec.key.to_user_string(): tuple(spec.metadata[READS])
    for spec in sorted(defs.resolve_all_asset_specs(), key=lambda spec: spec.key)
    if READS in spec.metadata
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project in which everything was made."""
    project = Project(tmp_path_factory.mktemp("finished"))
    project.write_clients("a.csv", 600, seed=1, first_id=0)
    project.write_test_clients(300)
    assert project.materialize(*DECLARED).success
    return project


def copied(source: Project, folder: Path, units: Iterable[str]) -> Project:
    """Return a project that has the files of these units alone."""
    folder.mkdir()
    project = Project(folder)
    for key in units:
        origin, target = (units_of(layout)[key] for layout in (source.layout, project.layout))
        for name in origin.local():
            (target.folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(origin.folder / name, target.folder / name)
    return project


def written(layout: Layout, key: str) -> set[str]:
    return set(units_of(layout)[key].local())


def test_every_asset_declares_what_it_reads() -> None:
    assert len(DECLARED) == 8
    assert all(DECLARED.values())


@pytest.mark.parametrize("key", DECLARED)
def test_an_asset_needs_nothing_but_what_it_declares(finished: Project, tmp_path: Path, key: str) -> None:
    project = copied(finished, tmp_path / key, DECLARED[key])
    assert project.materialize(key).success
    assert written(project.layout, key) >= written(finished.layout, key) - {"drift_history.jsonl"}


@pytest.mark.parametrize("key", DECLARED)
def test_an_asset_fails_where_what_it_reads_is_not_there(finished: Project, tmp_path: Path, key: str) -> None:
    needed = "deployed_model" if key == "report" else DECLARED[key][0]
    project = copied(finished, tmp_path / key, [unit for unit in DECLARED[key] if unit != needed])
    assert not project.materialize(key, raise_on_error=False).success
