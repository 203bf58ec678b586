"""Who may ask: API keys as bearer tokens, and the host names that this server answers to."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Iterable

from risk_assets.serve.http.replies import RequestError

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
#: Paths that need no key: probes carry none, the documentation holds no data, and pages ask for it themselves.
OPEN_PATHS = frozenset({"/", "/healthz", "/readyz", "/v2/health/live", "/v2/health/ready"})
OPEN_FOLDERS = ("/openapi/", "/pages/", "/static/")


class Guard:
    """Knows the keys (as digests) and the host names; no keys, or no hosts, means that any will do.

    Host names are checked where no key protects the server: a page elsewhere could otherwise have its name resolve
    to this machine and read answers through its visitor's browser (DNS rebinding).
    """

    def __init__(self, keys: Iterable[str], hosts: Collection[str] = ()) -> None:
        self._digests = [_digest(key) for key in keys]
        self._hosts = frozenset(hosts)

    @property
    def wants_key(self) -> bool:
        """Whether a key is needed."""
        return bool(self._digests)

    def knows(self, key: str) -> bool:
        """Whether a key is one of ours, in a time that does not depend on how much of it is right."""
        digest = _digest(key)
        return sum(hmac.compare_digest(digest, ours) for ours in self._digests) > 0

    def check_host(self, host: str | None) -> None:
        """Refuse a name that is not ours. Raises RequestError (421)."""
        if self._hosts and _without_port(host or "") not in self._hosts:
            raise RequestError(421, "this server answers to localhost alone; see `risk serve --help`")

    def check_key(self, path: str, authorization: str | None) -> None:
        """Refuse whoever names no key of ours, where one is needed. Raises RequestError (401)."""
        if not self._digests or is_open(path):
            return
        scheme, _, key = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not self.knows(key.strip()):
            raise RequestError(401, "name an API key: Authorization: Bearer KEY")


def is_open(path: str) -> bool:
    """Whether a path needs no key."""
    return path in OPEN_PATHS or path.startswith(OPEN_FOLDERS)


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode(errors="replace")).digest()


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdecimal() else host).lower()
