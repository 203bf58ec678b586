"""From the bucket to the mirror: what differs is fetched, what is gone is dropped."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from risk_assets.storage.remote.names import refuse_twins, usable
from risk_assets.storage.remote.seen import Seen, is_as_seen, remember, remembered, seen_as
from risk_assets.storage.remote.store import Entry, Store
from risk_assets.storage.units import Unit

T = TypeVar("T")

#: Requests under way at a time.
AT_A_TIME = 8


def pull(store: Store, unit: Unit, listing: Mapping[str, Entry], *, writer: bool = False) -> None:
    """Make the unit's files here as the listing has them: each replaced whole, what makes them valid last.

    What was written here and never arrived in the store is dropped too, unless the unit is append_only. On an
    error some files are new and some as before; the next pull goes on from there.
    """
    found = usable(listing, store.url)
    wanted = {name: entry for name, entry in found.items() if unit.reads(name, writer=writer)}
    refuse_twins(wanted, unit.folder, store.url)
    known = remembered(unit.folder, unit.key)
    lacking = [name for name in wanted if _lacks(unit, name, wanted[name], known.get(name))]
    try:
        for names in _stages(unit, lacking):
            for name, seen in side_by_side(lambda name: _fetched(store, unit, wanted[name]), names):
                known[name] = seen
        for name in [*unit.local(), *known]:
            if unit.reads(name, writer=writer) and name not in wanted and _may_go(unit, name, known.get(name)):
                _drop(unit.folder, name)
                known.pop(name, None)
    finally:
        if known != remembered(unit.folder, unit.key):
            remember(unit.folder, unit.key, known)


def _lacks(unit: Unit, name: str, entry: Entry, seen: Seen | None) -> bool:
    """Whether an object has to be fetched: it is new or changed, or the file here is not what was fetched."""
    file = unit.folder / name
    if is_as_seen(file, seen):
        return seen is None or seen.version != entry.version
    return not (unit.append_only and file.exists())


def _may_go(unit: Unit, name: str, seen: Seen | None) -> bool:
    """Whether a file that is not in the store is dropped: others' files are only if they came from there."""
    return not unit.append_only or is_as_seen(unit.folder / name, seen)


def _drop(folder: Path, name: str) -> None:
    """Remove a file, and the folders that are empty without it."""
    (folder / name).unlink(missing_ok=True)
    for place in Path(name).parents[:-1]:
        with contextlib.suppress(OSError):  # it holds something else, or is gone
            (folder / place).rmdir()


def _fetched(store: Store, unit: Unit, entry: Entry) -> Seen:
    target = unit.folder / entry.name
    _make_way(unit.folder, target)
    store.fetch(entry, target)
    if unit.append_only:
        target.chmod(0o600)  # what was served is for its owner alone, here too
    return seen_as(entry.version, target)


def _make_way(folder: Path, target: Path) -> None:
    """Make the folder of a file; what stands in its way is not in the store."""
    for place in (*reversed(target.relative_to(folder).parents[:-1]), target.relative_to(folder)):
        path = folder / place
        if path.is_symlink() or (path != target and path.is_file()):
            path.unlink()
        elif path == target and path.is_dir():
            shutil.rmtree(path)
    target.parent.mkdir(parents=True, exist_ok=True)


def _stages(unit: Unit, names: Iterable[str]) -> list[list[str]]:
    """Return the names in groups, in the order in which the unit is published."""
    stages: dict[int, list[str]] = {}
    for name in sorted(names, key=unit.rank):
        stages.setdefault(unit.rank(name)[0], []).append(name)
    return list(stages.values())


def side_by_side(act: Callable[[str], T], names: Iterable[str]) -> list[tuple[str, T]]:
    """Do something for each name, several at a time; return what each gave, or raise the first error."""
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        return [(name, task.result()) for name, task in [(name, pool.submit(act, name)) for name in names]]
