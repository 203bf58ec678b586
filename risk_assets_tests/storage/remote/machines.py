"""Machines that share a store: each with a mirror of its own; and stores that die at a chosen step."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import fsspec

from risk_assets.settings.object_storage import ObjectStorageSetting
from risk_assets.storage.layout import Layout
from risk_assets.storage.remote.mirror import Mirror
from risk_assets.storage.remote.store import Store

IMPATIENT = ObjectStorageSetting(retry_seconds=0)


class Killed(BaseException):
    """The process ended here."""


def new_url() -> str:
    """Return the URL of an empty folder in this process's memory."""
    return f"memory://{uuid.uuid4().hex}/bucket"


def layout_at(root: Path, url: str) -> Layout:
    """Return a layout below `root` of which each folder mirrors one below `url`."""
    names = ("input", "test", "out", "models", "live", "predictions")
    folders = [root / name for name in names]
    urls = tuple((folder, f"{url}/{name}") for folder, name in zip(folders, names, strict=True))
    return Layout(root, *folders[:5], urls=urls)  # type: ignore[misc,arg-type]


def machine(root: Path, url: str, setting: ObjectStorageSetting = IMPATIENT) -> Mirror:
    return Mirror(layout_at(root, url), setting)


class Bucket:
    """What stands below a URL, as others see it."""

    def __init__(self, url: str) -> None:
        self._files, self._root = fsspec.core.url_to_fs(url)

    def put(self, name: str, content: bytes) -> None:
        self._files.pipe_file(f"{self._root}/{name}", content)

    def delete(self, name: str) -> None:
        self._files.rm_file(f"{self._root}/{name}")

    def content(self) -> dict[str, bytes]:
        """Return all objects that are not hidden."""
        found = self._files.find(self._root)
        contents = {name.removeprefix(f"{self._root}/"): bytes(self._files.cat_file(name)) for name in found}
        return {name: content for name, content in contents.items() if "/." not in f"/{name}"}


def files_of(mirror: Mirror, key: str) -> dict[str, bytes]:
    """Return the files of a unit as they are here."""
    unit = mirror.unit(key)
    return {name: (unit.folder / name).read_bytes() for name in unit.local()}


def write_unit(mirror: Mirror, key: str, files: Mapping[str, bytes]) -> None:
    """Make the unit's files here just these."""
    unit = mirror.unit(key)
    for name in unit.local():
        (unit.folder / name).unlink()
    for name, content in files.items():
        (unit.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (unit.folder / name).write_bytes(content)


@contextmanager
def dying_after(store: Store, steps: int) -> Iterator[None]:
    """Let `steps` changes of the store happen, and raise Killed at the next and at every later one."""
    left = [steps]
    files: Any = store._files
    names = ("put_file", "pipe_file", "cp_file", "rm_file")
    before = {name: getattr(files, name) for name in names}

    def step(name: str) -> Any:
        def change(*arguments: Any, **named: Any) -> Any:
            if left[0] <= 0:
                raise Killed
            left[0] -= 1
            return before[name](*arguments, **named)

        return change

    for name in names:
        setattr(files, name, step(name))
    try:
        yield
    finally:
        for name in names:
            delattr(files, name)
