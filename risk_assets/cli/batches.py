"""A long CSV file, scored in batches: rows go out in the order of the file, and no more than a batch is held."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from risk_assets.cli.api_client import CSV, ApiClient, CallError

if TYPE_CHECKING:
    import httpx

#: Of one batch: well below what the server takes in one request.
BATCH_ROWS, BATCH_BYTES = 10_000, 4 * 1024 * 1024

Advance = Callable[[int], None]
Note = Callable[[str], None]


@dataclass(frozen=True)
class Batch:
    """Rows of a file as CSV with its header: the number of the first (from 1), and the bytes read so far."""

    first: int
    rows: int
    content: bytes
    position: int


def score_file(client: ApiClient, path: Path, out: BinaryIO, *, advance: Advance, note: Note) -> None:
    """Write the file with its risks to `out`. Raises CallError that names the row; whole batches stand before it.

    `advance` is told the bytes of the file that are done, `note` what is worth knowing.
    """
    header, version, done = b"", "", 0
    for batch in read_batches(path):
        answer = _ask(client, path, batch)
        names, _, rows = answer.content.partition(b"\r\n")
        now = answer.headers.get("X-Model-Version", "")
        if not header:
            out.write(names + b"\r\n")
        elif names != header:
            raise CallError(f"the server's columns changed before row {batch.first}; start again")
        elif now != version:
            note(f"from row {batch.first} on the risks are by version {now}, before by {version}")
        header, version = names, now
        out.write(rows)
        out.flush()
        advance(batch.position - done)
        done = batch.position
    if not header:
        raise CallError(f"{path} holds no clients: a header and a line per client are needed")


def read_batches(path: Path) -> Iterator[Batch]:
    """Yield the file in batches. Raises CallError for what is not UTF-8 text or not CSV."""
    with path.open("rb") as file:
        text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
        lines = csv.reader(text, strict=True)
        try:
            header = next(lines, [])
            first = 1
            for rows in _groups(lines):
                yield Batch(first, len(rows), _written([header, *rows]), file.tell())
                first += len(rows)
        except UnicodeDecodeError as error:
            raise CallError(f"{path} is not UTF-8 text: {error.reason}") from error
        except csv.Error as error:
            raise CallError(f"{path}: line {lines.line_num} is not CSV: {error}") from error


def _groups(lines: Iterator[list[str]]) -> Iterator[list[list[str]]]:
    rows: list[list[str]] = []
    size = 0
    for row in lines:
        if not row:
            continue
        rows.append(row)
        size += sum(map(len, row)) + len(row)
        if len(rows) == BATCH_ROWS or size >= BATCH_BYTES:
            yield rows
            rows, size = [], 0
    if rows:
        yield rows


def _written(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _ask(client: ApiClient, path: Path, batch: Batch) -> httpx.Response:
    try:
        answer = client.post("/prediction", batch.content, kind=CSV, accept=CSV)
    except CallError as error:
        raise _placed(error, path, batch) from error
    received = sum(1 for _ in csv.reader(io.StringIO(answer.text, newline=""))) - 1
    if received != batch.rows:
        raise CallError(f"the server answered {received} rows for the {batch.rows} from row {batch.first} on")
    return answer


def _placed(error: CallError, path: Path, batch: Batch) -> CallError:
    """Return the error with the row of the file in place of the row of the batch."""
    faults = error.problem.get("faults")
    row = faults[0].get("row") if isinstance(faults, list) and faults else None
    if not isinstance(row, int):
        return CallError(f"{path}, rows {batch.first} to {batch.first + batch.rows - 1}: {error.message}")
    words = str(error.problem.get("detail")).removeprefix(f"row {row}: ")
    return CallError(f"{path}: row {batch.first + row - 1}: {words}")
