"""The mirrors of one layout: what a step reads is pulled before it, what it wrote is pushed after it.

Folders that are only here need none of it, and nothing of fsspec is loaded for them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from risk_assets.settings import Settings
from risk_assets.settings.object_storage import ObjectStorageSetting
from risk_assets.storage import atomic
from risk_assets.storage.layout import Layout
from risk_assets.storage.lock import WAIT_SECONDS, LockedError, writing
from risk_assets.storage.remote.names import usable
from risk_assets.storage.remote.pull import pull
from risk_assets.storage.remote.push import commit_name, finish, push
from risk_assets.storage.remote.seen import REMEMBERED, is_as_seen, remember, remembered, seen_as
from risk_assets.storage.remote.store import Entry, Store
from risk_assets.storage.units import Unit, units_of

#: A pull of gigabytes is waited for this long, in seconds: it makes headway or fails, and need not be made again.
PULL_SECONDS = 3600.0
#: Three locks of a unit, in this order: of the one process here that writes it; of who makes its files as the
#: store has them; and, taken while the second is held, of a writer that has pulled, so that readers can tell.
WRITER, CHANGE, WRITTEN = "at-work", "change", "written"


class Mirror:
    """Keeps local folders and the URLs they stand for alike, unit by unit. Methods raise RemoteError."""

    def __init__(self, layout: Layout, setting: ObjectStorageSetting) -> None:
        self.layout = layout
        self._setting = setting
        self._units = units_of(layout)
        self._stores: dict[str, Store] = {}

    @classmethod
    def of(cls, settings: Settings, *, retry_seconds: float | None = None) -> Mirror:
        """Return the mirrors of the layout that the settings name, with their patience or another."""
        setting, layout = settings.object_storage, Layout.of(settings)
        if retry_seconds is None:
            return cls(layout, setting)
        return cls(layout, setting.model_copy(update={"retry_seconds": retry_seconds}))

    def is_remote(self, key: str) -> bool:
        """Whether a unit is in a store, and here only mirrored; one that is not configured is nowhere."""
        return key in self._units and self.layout.url_of(self._units[key].folder) is not None

    def place(self, key: str, path: Path) -> str:
        """Return where people find a file of a unit: its URL, or its path."""
        url = self.layout.url_of(self._units[key].folder)
        return str(path) if url is None else f"{url}/{path.relative_to(self._units[key].folder).as_posix()}"

    def unit(self, key: str) -> Unit:
        """Return the unit of this key."""
        return self._units[key]

    def store(self, key: str) -> Store:
        """Return the store of a unit that is remote."""
        url = self.layout.url_of(self._units[key].folder)
        assert url is not None
        if url not in self._stores:
            self._stores[url] = Store(url, self._setting)
        return self._stores[url]

    def pull(self, *keys: str, read_only: bool = False) -> None:
        """Make these units here as they are in their stores.

        Nothing is waited for: a unit that another process here writes or pulls is left alone until next time. Who
        may not write (`read_only`) leaves alone what an unfinished push is about.
        """
        for key in filter(self.is_remote, keys):
            with contextlib.suppress(LockedError), self._changing(key, "pull"):
                self._pull(key, read_only=read_only)

    @contextlib.contextmanager
    def working(self, key: str | None, *reads: str) -> Iterator[None]:
        """Pull what is read and what `key` writes; afterwards push `key`. After an error nothing is pushed.

        Only one process on this machine writes a unit at a time. What is read is as it is in its store, or as a
        process of this machine that has pulled it is writing it. Raises LockedError after waiting for others.
        """
        for read in filter(self.is_remote, reads):
            self._pull_unwritten(read)
        if key is None or not self.is_remote(key):
            yield
            return
        with self._lock(key, WRITER, key, wait=WAIT_SECONDS), contextlib.ExitStack() as written:
            with self._lock(key, CHANGE, key, wait=PULL_SECONDS):
                self._pull(key, writer=True)
                written.enter_context(self._lock(key, WRITTEN, key, wait=0))
            yield
            self._push(key)

    def push(self, key: str) -> None:
        """Push a unit of which every machine writes its own files."""
        if self.is_remote(key):
            with self._changing(key, key, wait=WAIT_SECONDS):
                self._push(key)

    def pull_some(self, key: str, names: tuple[str, ...]) -> None:
        """Make these files of a unit as in its store. Raises LockedError while it is written or pulled."""
        with self._changing(key, "pull"):
            store = self.store(key)
            pull(store, replace(self._units[key], names=names, for_people=(), of_the_writer=()), store.list())

    def accept(self, key: str, entry: Entry, content: bytes) -> None:
        """Write one small file as its object is. Raises LockedError while the unit is written or pulled."""
        with self._changing(key, "pull"):
            unit = self._units[key]
            atomic.write_bytes(unit.folder / entry.name, content)
            self._remember(unit, entry)

    def drop(self, key: str, names: Iterable[str]) -> None:
        """Remove objects of a unit from its store."""
        store = self.store(key)
        for name in names:
            store.delete(name)

    def listing(self, key: str) -> dict[str, Entry]:
        """Return the objects of a unit by name, from one listing; none of them is read."""
        found = usable(self.store(key).list(), self.store(key).url)
        return {name: entry for name, entry in found.items() if self._units[key].holds(name)}

    def names(self, key: str) -> tuple[str, ...]:
        """Return the names of a source folder's files."""
        return tuple(self.listing(key)) if self.is_remote(key) else tuple(self._units[key].local())

    def pulled_versions(self, key: str) -> dict[str, str]:
        """Return the versions of a unit's objects as they were pulled here last."""
        return {name: seen.version for name, seen in remembered(self._units[key].folder, key).items()}

    def peek(self, key: str, path: Path) -> Path:
        """Return where one small file of a unit is as it is in the store now; the mirror itself stays as it is."""
        if not self.is_remote(key):
            return path
        folder, content = self._units[key].folder, self.store(key).read(path.name)
        aside = folder / REMEMBERED / path.name
        if content is None:
            aside.unlink(missing_ok=True)
        elif not aside.exists() or aside.read_bytes() != content:
            atomic.write_bytes(aside, content)
        return aside

    def land(self, key: str, file: Path, name: str) -> None:
        """Let a finished file appear in a source folder under this name, whole; it is moved from where it is.

        Its content must be on disk already, in the same file system as the folder or its mirror.
        """
        unit = self._units[key]
        if not self.is_remote(key):
            unit.folder.mkdir(parents=True, exist_ok=True)
            atomic.sync(file)
            file.replace(unit.folder / name)
            atomic.sync(unit.folder)
            return
        entry = self.store(key).put(file, name)
        with contextlib.suppress(LockedError), self._changing(key, "land"):
            file.replace(unit.folder / name)
            self._remember(unit, entry)
        file.unlink(missing_ok=True)

    def is_clean(self, key: str, name: str) -> bool:
        """Whether a file here is as it was when it last was the same as its object."""
        folder = self._units[key].folder
        return is_as_seen(folder / name, remembered(folder, key).get(name))

    def close(self) -> None:
        """Close the connections."""
        while self._stores:
            self._stores.popitem()[1].close()

    def _pull_unwritten(self, key: str) -> None:
        """Pull a unit, once nobody else here does; one whose writer here has pulled it is as it should be."""
        with (
            self._lock(key, CHANGE, "pull", wait=PULL_SECONDS),
            contextlib.suppress(LockedError),
            self._lock(key, WRITTEN, "pull", wait=0),
        ):
            self._pull(key)

    def _pull(self, key: str, *, writer: bool = False, read_only: bool = False) -> None:
        """Pull a unit by a listing taken now: one from before a lock was had would undo what was pulled since."""
        unit, store = self._units[key], self.store(key)
        listing = store.list()
        if commit_name(unit) in listing:
            if read_only:
                return
            finish(store, unit)
            listing = store.list()
        pull(store, unit, listing, writer=writer)

    def _push(self, key: str) -> None:
        unit, store = self._units[key], self.store(key)
        listing = store.list()
        if commit_name(unit) in listing:
            finish(store, unit)
            listing = store.list()
        push(store, unit, listing)

    def _remember(self, unit: Unit, entry: Entry) -> None:
        """Remember that a file here has the content of this object."""
        known = remembered(unit.folder, unit.key)
        remember(unit.folder, unit.key, known | {entry.name: seen_as(entry.version, unit.folder / entry.name)})

    @contextlib.contextmanager
    def _changing(self, key: str, what: str, *, wait: float = 0) -> Iterator[None]:
        """Change files of a unit. Raises LockedError when somebody here writes it, or pulls it for longer."""
        with self._lock(key, CHANGE, what, wait=wait), self._lock(key, WRITTEN, what, wait=0):
            yield

    def _lock(self, key: str, lock: str, what: str, *, wait: float) -> contextlib.AbstractContextManager[None]:
        return writing(self._units[key].folder / REMEMBERED / f"{key}.{lock}", what, wait=wait)
