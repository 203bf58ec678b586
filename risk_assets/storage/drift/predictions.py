"""What was served: daily files per worker, a JSON line per batch of requests, with the features as columns.

Nothing else is kept of a request: no id, no address and no key. The files are for their owner alone.
"""

from __future__ import annotations

import heapq
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypedDict, cast

import numpy as np

from risk_assets.domain.columns import Columns
from risk_assets.storage.layout import Layout

if TYPE_CHECKING:
    from numpy.typing import NDArray

FILE_NAME = re.compile(r"(\d{4}-\d{2}-\d{2})\.\d+\.jsonl")
BLOCK = 1 << 20


Cell = float | str | None


class Served(NamedTuple):
    """Clients that were served: when (seconds since 1970), by which version, their features and their risks."""

    at: float
    version: str
    columns: Mapping[str, Sequence[Cell]]
    risk: Sequence[float]


@dataclass(frozen=True)
class ServedRows:
    """Clients that were served, newest requests first: features by name and risk (n,)."""

    columns: Mapping[str, NDArray[np.float64] | NDArray[np.object_]]
    risk: NDArray[np.float64]


class Line(TypedDict):
    """A line as it is on disk: `at` in ISO 8601 UTC, missing values null."""

    at: str
    version: str
    columns: dict[str, list[Cell]]
    risk: list[float]


def append_served(layout: Layout, served: Iterable[Served], *, worker: int, max_bytes: int) -> int:
    """Append to the worker's file of each day; return how many clients were left out of days at `max_bytes`.

    A day's bytes are those of all workers' files. What the system holds when power fails may be lost.
    """
    days: dict[str, list[Served]] = {}
    for request in served:
        days.setdefault(_iso(request.at)[:10], []).append(request)
    layout.predictions.mkdir(parents=True, exist_ok=True)
    left_out = 0
    for day, requests in days.items():
        if sum(file.stat().st_size for file in _files(layout) if file.name.startswith(day)) < max_bytes:
            _append(layout.predictions / f"{day}.{worker}.jsonl", "".join(map(_line, requests)))
        else:
            left_out += sum(len(request.risk) for request in requests)
    return left_out


def prune_served(layout: Layout, *, today: date, days: int) -> None:
    """Delete the files of days more than `days` ago; files of other names are left alone."""
    oldest = (today - timedelta(days=days)).isoformat()
    for file in _files(layout):
        if file.name[:10] < oldest:
            file.unlink(missing_ok=True)


def served_rows(
    layout: Layout, columns: Columns, *, since: datetime, limit: int, version: str | None = None
) -> ServedRows:
    """Return up to `limit` clients served since then (aware), by one version or by all.

    Files are read from their ends, so old lines cost nothing. A line that is torn, and one without one of the
    declared features or with another kind of it, is passed over.
    """
    found: list[Line] = []
    rows = 0
    for line in _newest_first(layout, since.astimezone(UTC).isoformat(timespec="milliseconds")):
        if version in (None, line["version"]) and _fits(line, columns):
            found.append(line)
            rows += len(line["risk"])
        if rows >= limit:
            break
    numeric = _numeric(columns)
    return ServedRows(
        {
            name: np.array(
                [cell for line in found for cell in line["columns"][name]][:limit],
                dtype=np.float64 if name in numeric else object,
            )
            for name in columns.features
        },
        np.array([risk for line in found for risk in line["risk"]][:limit], dtype=np.float64),
    )


def latest_prediction_at(layout: Layout) -> datetime | None:
    """Return when a prediction was last written, None when none is kept; it reads no file."""
    written = [file.stat().st_mtime for file in _files(layout)]
    return datetime.fromtimestamp(max(written), UTC) if written else None


def _numeric(columns: Columns) -> set[str]:
    return {column.name for column in columns.numeric_features}


def _fits(line: Line, columns: Columns) -> bool:
    """Whether a line has every feature, each of the declared kind, and risks."""
    numeric, held = _numeric(columns), line["columns"]
    kinds = {name: int | float | None if name in numeric else str | None for name in columns.features}
    return all(isinstance(risk, int | float) for risk in line["risk"]) and all(
        name in held and all(isinstance(cell, kind) for cell in held[name]) for name, kind in kinds.items()
    )


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def _line(request: Served) -> str:
    line = {"at": _iso(request.at), "version": request.version, "columns": request.columns, "risk": request.risk}
    return json.dumps(line, separators=(",", ":")) + "\n"


def _append(file: Path, lines: str) -> None:
    """Append lines, on a line of their own when whoever wrote last was stopped within one."""
    with os.fdopen(os.open(file, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600), "a+b") as content:
        if content.tell():
            content.seek(-1, os.SEEK_END)
            lines = lines if content.read(1) == b"\n" else f"\n{lines}"
        content.write(lines.encode())


def _newest_first(layout: Layout, since: str) -> Iterator[Line]:
    """Yield the lines since then: the days and, within a day, the requests newest first."""
    days: dict[str, list[Path]] = {}
    for file in _files(layout):
        days.setdefault(file.name[:10], []).append(file)
    for day in sorted(days, reverse=True):
        if day < since[:10]:
            return
        lines = heapq.merge(*map(_lines_from_the_end, days[day]), key=lambda line: line["at"], reverse=True)
        for line in lines:
            if line["at"] < since:
                return
            yield line


def _lines_from_the_end(file: Path) -> Iterator[Line]:
    with file.open("rb") as content:
        place, rest = content.seek(0, os.SEEK_END), b""
        while place:
            size = min(BLOCK, place)
            place = content.seek(place - size)
            rest, *whole = (content.read(size) + rest).split(b"\n")
            yield from filter(None, map(_parsed, reversed(whole)))
        if (line := _parsed(rest)) is not None:
            yield line


def _parsed(content: bytes) -> Line | None:
    """Return a line, None for one that is torn or holds something else."""
    try:
        line = json.loads(content)
    except ValueError:
        return None
    match line:
        case {"at": str(), "version": str(), "columns": dict() as columns, "risk": list() as risk}:
            cells = [*columns.values(), risk]
            whole = all(isinstance(each, list) and len(each) == len(risk) for each in cells)
            return cast("Line", line) if whole else None
    return None


def _files(layout: Layout) -> list[Path]:
    if not layout.predictions.is_dir():
        return []
    return [Path(entry.path) for entry in os.scandir(layout.predictions) if FILE_NAME.fullmatch(entry.name)]
