"""Access keys with names and roles: hashed at rest, made and revoked by `risk keys`."""

from __future__ import annotations

import hashlib
import re
import secrets
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from risk_assets.domain.access.roles import Role
from risk_assets.storage.layout import Layout
from risk_assets.storage.lock import writing
from risk_assets.storage.records import find_record, write_record

NAME = re.compile(r"[^\W_](?:[\w .@-]{0,62}[\w.@-])?")
#: 192 random bits: a plain hash of them cannot be searched.
RANDOM_BYTES = 24


class KeyNameError(ValueError):
    """A name of a key that cannot be used, or is not there; the message says why."""


@dataclass(frozen=True)
class AccessKey:
    """A key: its name, the role of its holder, the SHA-256 of the key (hex), and when it was made."""

    name: str
    role: Role
    sha256: str
    made_at: str


@dataclass(frozen=True)
class AccessKeys:
    """All keys that may be used, by name; none means that nobody may ask."""

    keys: tuple[AccessKey, ...] = ()


def read_keys(path: Path) -> AccessKeys | None:
    """Return the keys, None where none was ever made. Raises RecordError for a damaged file."""
    return find_record(path, AccessKeys)


def make_key(layout: Layout, name: str, role: Role, *, now: datetime) -> str:
    """Make a key and return it: it is shown this once, for the file holds only its hash.

    Raises KeyNameError for a name that is taken, or that is no name.
    """
    if not NAME.fullmatch(name):
        raise KeyNameError(f"{name[:80]!r}: a name has letters, digits, spaces and . _ - @, at most 64 of them")
    with _changing(layout):
        held = read_keys(layout.access_keys) or AccessKeys()
        if any(key.name.casefold() == name.casefold() for key in held.keys):
            raise KeyNameError(f"{name}: there is a key of that name; revoke it first")
        secret = f"risk_{secrets.token_urlsafe(RANDOM_BYTES)}"
        made = AccessKey(name, role, digest(secret), now.astimezone(UTC).isoformat(timespec="seconds"))
        _write(layout, (*held.keys, made))
    return secret


def revoke_key(layout: Layout, name: str) -> AccessKey:
    """Take a key away; servers notice within a second. Raises KeyNameError where there is none of that name."""
    with _changing(layout):
        held = read_keys(layout.access_keys) or AccessKeys()
        gone = next((key for key in held.keys if key.name == name), None)
        if gone is None:
            names = ", ".join(key.name for key in held.keys) or "none"
            raise KeyNameError(f"{name}: no key of that name; there is: {names}")
        _write(layout, tuple(key for key in held.keys if key is not gone))
    return gone


def digest(key: str) -> str:
    """Return the SHA-256 of a key, as hex."""
    return hashlib.sha256(key.encode(errors="replace")).hexdigest()


def _changing(layout: Layout) -> AbstractContextManager[None]:
    layout.deployment.mkdir(parents=True, exist_ok=True)
    return writing(layout.deployment, "risk keys")


def _write(layout: Layout, keys: tuple[AccessKey, ...]) -> None:
    write_record(layout.access_keys, AccessKeys(keys))
    layout.access_keys.chmod(0o600)
