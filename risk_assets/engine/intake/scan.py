"""One pass over a file: its digest and, of a text, what its bytes hold."""

from __future__ import annotations

import codecs
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import IO

CHUNK = 1 << 20
#: How many bytes tell the kind of a file and the encoding of a text.
START = 4096
GZIP_MAGIC = b"\x1f\x8b"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
PARQUET_MAGIC = b"PAR1"
#: How workbooks begin: a zip archive, or a compound file.
WORKBOOK_MAGIC = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
DELIMITERS = (",", ";", "\t", "|")
BLANK_BYTES = (b" ", b"\t", b"\x0b", b"\x0c", b"\xa0")
UNTIDY_BYTES = (*BLANK_BYTES, b"_", b"+", b'"')


class UnreadableError(ValueError):
    """A file as a whole cannot be read; the message is the reason, `rows` how many rows could be counted."""

    def __init__(self, reason: str, rows: int = 0) -> None:
        super().__init__(reason)
        self.rows = rows


class TextScan:
    """What the bytes of a text hold, taken chunk by chunk.

    `utf8`: all of them are UTF-8; `quoted`: some are quote characters; `tidy`: after the first line there are no
    blanks, quotes, _ and +, so that no value needs trimming, and none is an odd number that an engine would cast.
    """

    def __init__(self) -> None:
        self.utf8 = self.tidy = True
        self.quoted = False
        self._odd = False
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._feeds = self._returns = self._pairs = 0
        self._last = b""
        self._delimiters: dict[str, int] | None = None

    @property
    def plain(self) -> bool:
        """Whether line ends are of one usual kind, no quote touches a blank and there is no NUL."""
        return not self._odd and (not self._returns or self._feeds == self._returns == self._pairs)

    def count_of(self, delimiter: str) -> int:
        """Return how often a delimiter of the first line occurs in all."""
        return (self._delimiters or {}).get(delimiter, 0)

    def add(self, chunk: bytes) -> None:
        """Take the next bytes, at least one."""
        import numpy as np

        values = np.frombuffer(chunk, np.uint8)  # numpy counts bytes several times as fast as bytes do
        self._check_utf8(chunk)
        self._feeds += int(np.count_nonzero(values == ord("\n")))
        if b"\r" in chunk or self._last == b"\r":
            self._returns += chunk.count(b"\r")
            self._pairs += (self._last + chunk).count(b"\r\n")
        self.quoted = self.quoted or b'"' in chunk
        self._odd = self._odd or b"\0" in chunk or (self.quoted and _quote_touches_blank(self._last + chunk))
        rows = chunk if self._last else chunk.partition(b"\n")[2]
        self.tidy = self.tidy and not any(byte in rows for byte in UNTIDY_BYTES)
        if self._delimiters is None:
            first_line = chunk.partition(b"\n")[0]
            self._delimiters = {mark: 0 for mark in DELIMITERS if mark.encode() in first_line}
        for mark in self._delimiters:
            self._delimiters[mark] += int(np.count_nonzero(values == ord(mark)))
        self._last = chunk[-1:]

    def end(self) -> None:
        """Tell that there are no more bytes."""
        self._check_utf8(b"", final=True)

    def _check_utf8(self, chunk: bytes, *, final: bool = False) -> None:
        if self.utf8 and (final or not chunk.isascii() or self._decoder.getstate()[0]):
            try:
                self._decoder.decode(chunk, final)
            except UnicodeDecodeError:
                self.utf8 = False


@dataclass(frozen=True)
class ScannedFile:
    """A file with the SHA-256 of its content, its first bytes and, unless it is packed or no text, its text.

    `arrived` is the day in UTC on which it was last written.
    """

    path: Path
    sha256: str
    start: bytes
    text: TextScan | None
    arrived: date


def scan_file(path: Path) -> ScannedFile:
    """Read a file once. Raises OSError."""
    digest, start, text = hashlib.sha256(), b"", None
    with path.open("rb") as file:
        arrived = datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC).date()
        for chunk in chunks_of(file):
            digest.update(chunk)
            if not start:
                start = chunk[:START]
                no_text = (GZIP_MAGIC, ZSTD_MAGIC, PARQUET_MAGIC, *WORKBOOK_MAGIC)
                text = None if start.startswith(no_text) else TextScan()
            if text is not None:
                text.add(chunk)
    if text is not None:
        text.end()
    return ScannedFile(path, digest.hexdigest(), start, text, arrived)


def scan_text(path: Path) -> TextScan:
    """Return what the text of a file holds."""
    scan = TextScan()
    with path.open("rb") as file:
        for chunk in chunks_of(file):
            scan.add(chunk)
    scan.end()
    return scan


def chunks_of(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the bytes of an open file, a megabyte at a time."""
    while chunk := file.read(CHUNK):
        yield chunk


def _quote_touches_blank(chunk: bytes) -> bool:
    return any(blank + b'"' in chunk or b'"' + blank in chunk for blank in BLANK_BYTES)
