"""A throttle on guessing keys: after a few wrong ones an address has to wait, and after many all do so sooner."""

from __future__ import annotations

import ipaddress
import math
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

#: Wrong keys in a row of one address before it has to wait, and its seconds, after each one from then on.
WRONG, SECONDS = 5, 10.0
#: After so many wrong keys of all addresses in an hour, one of an address is enough, and the wait is longer.
WRONG_OF_ALL, HOUR, LONG_SECONDS = 100, 3600.0, 60.0
#: Addresses that are held at most, those that erred last.
MOST_ADDRESSES = 10_000
#: IPv6 hands out networks of this size, in which one sender chooses its addresses.
IPV6_NETWORK = 64


@dataclass
class _Count:
    """The wrong keys in a row of an address, and from when on its next one is looked at."""

    wrong: int = 0
    free_at: float = -math.inf


class LoginThrottle:
    """Counts the wrong keys that this process was named, by address; `clock` returns seconds that only grow.

    Nobody waits for what others named: whoever comes from an address without a wrong key is let in by the first
    right one, however many others guess.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._counts: dict[str, _Count] = {}
        self._wrong_at: deque[float] = deque(maxlen=WRONG_OF_ALL)

    def seconds(self, address: str) -> int:
        """Return how long an address has to wait before its next key is looked at, 0 for not at all."""
        count = self._counts.get(_network(address), _Count())
        return math.ceil(max(0.0, count.free_at - self._clock()))

    def note(self, address: str, *, known: bool) -> None:
        """Count a key that was looked at."""
        network, now = _network(address), self._clock()
        with self._lock:
            count = self._counts.pop(network, _Count())
            if known:
                return
            self._wrong_at.append(now)
            count.wrong += 1
            is_attack = len(self._wrong_at) == WRONG_OF_ALL and now - self._wrong_at[0] < HOUR
            if is_attack or count.wrong >= WRONG:
                count.free_at = now + (LONG_SECONDS if is_attack else SECONDS)
            self._counts[network] = count
            if len(self._counts) > MOST_ADDRESSES:
                del self._counts[next(iter(self._counts))]


def sender(remote: str, forwarded: str) -> str:
    """Return the address that a request came from.

    Of a proxy on this machine that is the last one of its X-Forwarded-For, which the proxy itself has written.
    """
    return forwarded.rpartition(",")[2].strip() or remote if remote in {"127.0.0.1", "[::1]", "::1"} else remote


def _network(address: str) -> str:
    try:
        found = ipaddress.ip_address(address.strip("[]"))
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address) or found.ipv4_mapped:
        return address
    return str(ipaddress.ip_network((found, IPV6_NETWORK), strict=False))
