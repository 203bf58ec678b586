"""From the mirror to the bucket: all of a unit takes effect, or nothing of it.

An object can be replaced in one step, several cannot. So what would replace other objects is uploaded beside them
first; then one small object, the commit, says what belongs where; from then on the push has happened, and whoever
comes next (this process, or another after a crash) copies it into place within the store and ends the commit.
New names within folders (parts, versions), of which no object speaks yet, go up directly and before.
"""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from risk_assets.storage.remote.names import usable
from risk_assets.storage.remote.pull import side_by_side
from risk_assets.storage.remote.seen import Seen, is_as_seen, remember, remembered, seen_as
from risk_assets.storage.remote.store import Entry, RemoteError, Store
from risk_assets.storage.units import Unit

#: Below the folder of a store; hidden, so no file of any unit.
STAGING = ".push"
#: What was uploaded for a push that never happened is removed after this time, in seconds.
ABANDONED = 86_400

log = logging.getLogger(__name__)


class ConflictError(RemoteError):
    """Another machine has written the same unit since this one looked; the message names the object."""


@dataclass(frozen=True)
class Commit:
    """A push that has happened: names to be copied from its staging folder, in order, and names to be deleted."""

    push: str
    put: tuple[str, ...]
    delete: tuple[str, ...]


def push(store: Store, unit: Unit, listing: Mapping[str, Entry]) -> None:
    """Make the unit in the store as it is here. `listing` is the store's folder as it is now, without a commit.

    Raises ConflictError, and changes nothing, when the store is not as this mirror last saw it.
    """
    known = remembered(unit.folder, unit.key)
    there = {name: entry for name, entry in usable(listing, store.url).items() if unit.holds(name)}
    _refuse_conflict(store, unit, there, known)
    here = unit.local()
    changed = [name for name in here if name not in there or not is_as_seen(unit.folder / name, known.get(name))]
    gone = [] if unit.append_only else [name for name in there if name not in here]
    fresh = [name for name in changed if unit.append_only or ("/" in name and name not in there)]
    rest = [name for name in changed if name not in fresh]
    before = {name: seen_as("", unit.folder / name) for name in changed}
    side_by_side(lambda name: store.put(unit.folder / name, name), fresh)
    if len(rest) > 1 or gone:
        _commit(store, unit, rest, gone)
    else:
        side_by_side(lambda name: store.put(unit.folder / name, name), rest)
    _note(store, unit, known, before, gone)
    _sweep(store, unit, listing)


def commit_name(unit: Unit) -> str:
    """Return the name of the object that says that a push of the unit has happened."""
    return f"{STAGING}/{unit.key}/commit.json"


def finish(store: Store, unit: Unit) -> None:
    """Put a push that has happened into place, if one is left over; to do so twice does no harm."""
    name = commit_name(unit)
    content = store.read(name)
    if content is None:
        return
    commit = _parsed(content, unit, f"{store.url}/{name}")
    log.info("%s: finishing the push %s of %s", store.url, commit.push, unit.key)
    for target in commit.put:
        if not store.copy(_staged(unit, commit.push, target), target) and store.read(name) == content:
            raise RemoteError(f"{store.url}/{target}: cannot finish a push: its staged object is gone")
    for target in commit.delete:
        store.delete(target)
    store.delete(name)
    side_by_side(lambda target: store.delete(_staged(unit, commit.push, target)), commit.put)


def _commit(store: Store, unit: Unit, put: Iterable[str], delete: Iterable[str]) -> None:
    commit = Commit(f"{int(time.time())}-{secrets.token_hex(4)}", tuple(put), tuple(delete))
    side_by_side(lambda name: store.put(unit.folder / name, _staged(unit, commit.push, name)), commit.put)
    content = TypeAdapter(Commit).dump_json(commit)
    if not store.put_new(commit_name(unit), content):
        raise ConflictError(f"{store.url}/{commit_name(unit)}: another machine is writing {unit.key}; run again")
    finish(store, unit)


def _refuse_conflict(store: Store, unit: Unit, there: Mapping[str, Entry], known: Mapping[str, Seen]) -> None:
    for name in sorted({*there, *known}):
        seen, entry = known.get(name), there.get(name)
        if not unit.append_only and unit.reads(name, writer=True) and _version(seen) != _version(entry):
            raise ConflictError(f"{store.url}/{name}: another machine wrote it since this run read it; run again")


def _version(one: Seen | Entry | None) -> str | None:
    return one.version if one else None


def _note(
    store: Store, unit: Unit, known: Mapping[str, Seen], before: Mapping[str, Seen], gone: Iterable[str]
) -> None:
    """Remember what the store holds now, of files that were not written meanwhile."""
    objects = {name: seen for name, seen in known.items() if name not in gone}
    if before:
        listing = store.list()
        for name, seen in before.items():
            if name in listing:
                objects[name] = Seen(listing[name].version, seen.size, seen.modified)
    remember(unit.folder, unit.key, objects)


def _sweep(store: Store, unit: Unit, listing: Mapping[str, Entry]) -> None:
    """Remove what pushes that never happened have left, once nobody can be at it any more."""
    staged = re.compile(rf"{re.escape(STAGING)}/{re.escape(unit.key)}/(\d+)-[0-9a-f]+/.*", re.DOTALL)
    for name in listing:
        found = staged.fullmatch(name)
        if found and int(found[1]) < time.time() - ABANDONED:
            store.delete(name)


def _staged(unit: Unit, push: str, name: str) -> str:
    return f"{STAGING}/{unit.key}/{push}/{name}"


def _parsed(content: bytes, unit: Unit, place: str) -> Commit:
    """Return a commit. Raises RemoteError for one that says something else, or speaks of others' objects."""
    try:
        commit = TypeAdapter(Commit).validate_json(content)
    except ValidationError as error:
        raise RemoteError(f"{place}: is no account of a push; remove it") from error
    names = (*commit.put, *commit.delete)
    if not re.fullmatch(r"\d+-[0-9a-f]+", commit.push) or not all(_belongs(unit, name) for name in names):
        raise RemoteError(f"{place}: names what does not belong to {unit.key}; remove it")
    return commit


def _belongs(unit: Unit, name: str) -> bool:
    return unit.holds(name) and not {"", ".", ".."} & set(name.split("/"))
