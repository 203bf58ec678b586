"""The files of a version: copied with their digests, and compared with what a manifest states of them."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from risk_assets.domain.deployment.decisions import Manifest
from risk_assets.storage import atomic
from risk_assets.storage.digest import sha256_of

#: Accounts that say when rows were ingested: those of the same rows differ in that alone.
DATED = ("ingestion.json", "ingestedfiles.txt")


def copy_file(source: Path, target: Path) -> tuple[str, int]:
    """Copy a file durably; return the SHA-256 and the size of the copy."""
    shutil.copyfile(source, target)
    atomic.sync(target)
    return sha256_of(target), target.stat().st_size


def fault_of(file: Path, sha256: str, size: int) -> str | None:
    """Return how a file differs from what is stated of it, in words; None where it does not."""
    place = f"{file.parent.name}/{file.name}"
    if file.is_symlink() or not file.is_file():
        return f"{place}: is missing"
    if file.stat().st_size != size:
        return f"{place}: has {file.stat().st_size} bytes, not {size}"
    return None if sha256_of(file) == sha256 else f"{place}: its content differs from the manifest"


def same_but_for_times(one: Manifest, other: Manifest) -> bool:
    """Return whether two versions differ in nothing but their names, and when they and their rows came."""
    files = {name: stated for name, stated in one.files.items() if name not in DATED}
    files |= {name: stated for name, stated in other.files.items() if name in DATED and name in one.files}
    return replace(one, version=other.version, created_at=other.created_at, files=files) == other
