"""Names of objects that may become files: never outside the mirror, never two in one place."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

from risk_assets.storage.remote.store import Entry, RemoteError

#: In bytes: what the usual file systems allow.
LONGEST_STEP = 255

log = logging.getLogger(__name__)


def usable(listing: Mapping[str, Entry], url: str) -> dict[str, Entry]:
    """Return the objects that can be files, by name. Hidden ones and folders' placeholders are passed over.

    One with a name that leads elsewhere, or that is another's folder, is left out with a line in the log.
    """
    found = {}
    for name, entry in sorted(listing.items()):
        if name.endswith("/") or is_hidden(name):
            continue
        if fault := _fault(name, listing):
            log.warning("%s/%r takes no part: its name %s", url, name, fault)
        else:
            found[name] = entry
    return found


def is_hidden(name: str) -> bool:
    """Whether a step of a name begins with a dot and leads nowhere else: what is hidden is never shared."""
    steps = name.split("/")
    return any(step.startswith(".") and step not in {".", ".."} for step in steps) and ".." not in steps


def refuse_twins(names: Mapping[str, Entry], folder: Path, url: str) -> None:
    """Raise RemoteError for names that differ by case alone, where the mirror's disk does not tell them apart."""
    folded: dict[str, str] = {}
    for name in names:
        other = folded.setdefault(name.casefold(), name)
        if other != name and _folds_case(folder):
            raise RemoteError(f"{url}: {other!r} and {name!r} are one file on this machine; rename one of them")


def _fault(name: str, listing: Mapping[str, Entry]) -> str | None:
    steps = name.split("/")
    if any(step in {"", ".", ".."} for step in steps) or "\\" in name or "\0" in name:
        return "is no plain path"
    if any(len(step.encode(errors="replace")) > LONGEST_STEP for step in steps):
        return f"has a step of more than {LONGEST_STEP} bytes"
    if not _is_text(name):
        return "is not UTF-8"
    if any("/".join(steps[:place]) in listing for place in range(1, len(steps))):
        return "takes another object for a folder"
    return None


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _folds_case(folder: Path) -> bool:
    folder.mkdir(parents=True, exist_ok=True)
    probe = folder / ".Case"
    probe.touch()
    try:
        return (folder / ".cASE").exists()
    finally:
        probe.unlink()
