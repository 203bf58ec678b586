"""Logs as JSON lines: what the server says on standard error, each request on standard output."""

from __future__ import annotations

import json
import logging
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from risk_assets.serve.metrics import LATENCY, REQUESTS

ACCESS_LOG = "access log"


class JsonFormatter(logging.Formatter):
    """Formats a record as one JSON line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; an exception's trace goes with it, as it stays with whoever operates the server."""
        line = {
            "time": _iso(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line)


LOGGING: dict[str, Any] = {
    "formatters": {"json": {"()": "risk_assets.serve.logs.JsonFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "loggers": {
        name: {"handlers": ["stderr"], "level": "INFO", "propagate": False} for name in ("_granian", "risk_assets")
    },
}


class Access(NamedTuple):
    """One request as it was answered; `at` is in seconds since 1970, sizes are in bytes."""

    at: float
    request_id: str
    client: str
    method: str
    path: str
    route: str
    status: int
    seconds: float
    received: int
    sent: int
    version: str

    def line(self) -> str:
        """Return the request as one JSON line; whatever its path holds, it stays one line."""
        return (
            f'{{"time":"{_iso(self.at)}","request_id":"{self.request_id}","client":"{self.client}",'
            f'"method":{json.dumps(self.method)},"path":{json.dumps(self.path)},"status":{self.status},'
            f'"ms":{self.seconds * 1000:.3f},"received":{self.received},"sent":{self.sent},'
            f'"version":"{self.version}"}}\n'
        )


def note_access(entries: Sequence[Access], *, written: bool) -> None:
    """Add requests to the figures and, if they are to be `written`, to standard output."""
    measure_access(entries)
    if written:
        write_access(entries)


def write_access(entries: Sequence[Access]) -> None:
    """Write requests to standard output."""
    sys.stdout.write("".join(entry.line() for entry in entries))
    sys.stdout.flush()


def measure_access(entries: Sequence[Access]) -> None:
    """Add requests to the figures."""
    counts = Counter((entry.method, entry.route, str(entry.status)) for entry in entries)
    for labels, count in counts.items():
        REQUESTS.labels(*labels).inc(count)
    times: dict[str, list[float]] = defaultdict(list)
    for entry in entries:
        times[entry.route].append(entry.seconds)
    for route, seconds in times.items():
        latency = LATENCY.labels(route)
        for value in seconds:
            latency.observe(value)


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
