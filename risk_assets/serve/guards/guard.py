"""Who may ask, and what: keys as bearer tokens, and the host names that this server answers to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from risk_assets.domain.access.roles import Role, Visitor
from risk_assets.serve.http.replies import RequestError
from risk_assets.storage.access.keys import AccessKey, AccessKeys, digest, read_keys
from risk_assets.storage.records import RecordError

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
#: Paths that need no key: probes carry none, and the documentation and the sign-in hold no data.
OPEN_PATHS = frozenset({"/healthz", "/readyz", "/v2/health/live", "/v2/health/ready", "/pages/sign-in"})
OPEN_FOLDERS = ("/openapi/", "/static/")
#: A key that is made or revoked counts after this time at the latest, in seconds.
KEYS_SECONDS = 1.0
#: Whoever asks where no key is needed.
ANYONE = "somebody"


class Guard:
    """Knows the keys (as digests) and the host names; no keys, or no hosts, means that any will do.

    Keys of the environment may read; those of the file `path` have names and roles, and are read again as it
    changes. `anyone` is the role of whoever asks while there is no key. Host names are checked where no key
    protects the server: a page elsewhere could otherwise have its name resolve to this machine and read answers
    through its visitor's browser (DNS rebinding).
    """

    def __init__(
        self,
        keys: Iterable[str] = (),
        hosts: Collection[str] = (),
        *,
        path: Path | None = None,
        anyone: Role = "operate",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        given = (
            AccessKey(f"key {place} of the environment", "read", digest(key), "")
            for place, key in enumerate(keys, 1)
        )
        self._given = {key.sha256: key for key in given}
        self._hosts = frozenset(hosts)
        self._path = path
        self._anyone = Visitor(ANYONE, anyone)
        self._clock = clock
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._stamp: tuple[int, int] | None = None
        self._made: dict[str, AccessKey] | None = None

    @property
    def wants_key(self) -> bool:
        """Whether a key is needed: also where all that were made are revoked."""
        return bool(self._given) or self._named() is not None

    def visitor(self, key: str) -> Visitor | None:
        """Return whose key this is, None for one that is not ours."""
        return self.holder(digest(key))

    def holder(self, sha256: str) -> Visitor | None:
        """Return whose key has this digest, None for one that is not ours, or is revoked."""
        found = self._given.get(sha256) or (self._named() or {}).get(sha256)
        return Visitor(found.name, found.role) if found else None

    def check_host(self, host: str | None) -> None:
        """Refuse a name that is not ours. Raises RequestError (421)."""
        if self._hosts and _without_port(host or "") not in self._hosts:
            raise RequestError(421, "this server answers to localhost alone; see `risk serve --help`")

    def check_key(self, authorization: str | None) -> Visitor:
        """Return who asks, by the Authorization header. Raises RequestError (401) where a key is needed."""
        if not self.wants_key:
            return self._anyone
        scheme, _, key = (authorization or "").partition(" ")
        found = self.visitor(key.strip()) if scheme.lower() == "bearer" else None
        if found is None:
            raise RequestError(401, "name an API key: Authorization: Bearer KEY")
        return found

    @staticmethod
    def _read(path: Path) -> AccessKeys | None:
        try:
            return read_keys(path)
        except (OSError, RecordError) as error:
            raise RequestError(503, f"{path.name} cannot be read, so nobody can be let in") from error

    def _named(self) -> dict[str, AccessKey] | None:
        """Return the keys of the file by their digests, None where none was ever made."""
        if self._path is None or self._clock() - self._read_at < KEYS_SECONDS:
            return self._made
        with self._lock:
            try:
                status = self._path.stat()
                stamp = (status.st_mtime_ns, status.st_ino)
            except FileNotFoundError:
                stamp = None
            if stamp is None and self._made is not None:
                self._made = {}  # a file that vanishes opens nothing
            elif stamp is not None and stamp != self._stamp:
                held = self._read(self._path)
                self._made = {key.sha256: key for key in held.keys} if held else {}
            self._stamp, self._read_at = stamp, self._clock()
        return self._made


def is_open(path: str) -> bool:
    """Whether a path needs no key."""
    return path in OPEN_PATHS or path.startswith(OPEN_FOLDERS)


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdecimal() else host).lower()
