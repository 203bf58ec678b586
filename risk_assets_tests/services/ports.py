"""Ports that nobody listens on."""

from __future__ import annotations

import itertools
import os
import random
import socket

#: Each of the processes that test side by side has so many ports to itself, below those that systems hand out.
FIRST, EACH = 12_000, 2_000

_places = itertools.count(random.randrange(EACH))


def free_port() -> int:
    """Return a port of 127.0.0.1 that is free right now, and that no other process of the tests asks for."""
    own = FIRST + EACH * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    for place in _places:
        port = own + place % EACH
        if _is_free(port):
            return port
    raise AssertionError


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
