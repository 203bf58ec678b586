"""The text of a client file: which encoding it has, and a UTF-8 copy where it is not plain UTF-8 already."""

from __future__ import annotations

import codecs
import gzip
import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

CHUNK = 1 << 20
GZIP_MAGIC = b"\x1f\x8b"
BYTE_ORDER_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
BLANK_BYTES = (b" ", b"\t", b"\x0b", b"\x0c", b"\xa0")
UNTIDY_BYTES = (*BLANK_BYTES, b"_", b"+", b'"')


class UnreadableError(ValueError):
    """A file as a whole cannot be read; the message is the reason."""


@dataclass(frozen=True)
class Text:
    """A UTF-8 file and what its bytes hold.

    `quoted`: it has quote characters; `plain`: its line ends are of one usual kind, no quote touches a blank and
    there is no NUL; `tidy`: after its first line it has no blanks, quotes, _ and +, so that no value needs
    trimming, and none is an odd number that the engine would cast.
    """

    path: Path
    quoted: bool
    plain: bool
    tidy: bool


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, read in chunks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def open_text(path: Path, folder: Path) -> Text:
    """Find the encoding of a CSV file, gzipped or not; a UTF-8 copy goes to `folder` where one is needed.

    Without a byte order mark a file is UTF-8 if all its bytes are, UTF-16 if every second byte of its start is
    NUL, and latin-1 otherwise. Raises UnreadableError for damaged gzip and UTF-16.
    """
    with path.open("rb") as file:
        is_gzip = file.read(2) == GZIP_MAGIC
    if is_gzip:
        path = _unpacked(path, folder)
    encoding = _encoding(path)
    if encoding != "utf-8":
        path = _transcoded(path, encoding, folder)
    return _look(path)


def count_byte(path: Path, byte: bytes) -> int:
    """Return how often a byte occurs in a file."""
    import numpy as np

    with path.open("rb") as file:
        return sum(int(np.count_nonzero(np.frombuffer(chunk, np.uint8) == ord(byte))) for chunk in _chunks(file))


def _unpacked(path: Path, folder: Path) -> Path:
    target = folder / "unpacked.csv"
    try:
        with gzip.open(path, "rb") as source, target.open("wb") as copy:
            for chunk in _chunks(source):
                copy.write(chunk)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise UnreadableError(f"damaged gzip: {error}") from error
    return target


def _transcoded(path: Path, encoding: str, folder: Path) -> Path:
    target = folder / "utf8.csv"
    try:
        with (
            path.open(encoding=encoding, newline="") as source,
            target.open("w", encoding="utf-8", newline="") as copy,
        ):
            while chunk := source.read(CHUNK):
                copy.write(chunk)
    except UnicodeError as error:
        raise UnreadableError(f"damaged {encoding.upper()}: {error}") from error
    return target


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(4096)
        file.seek(0)
        for mark, encoding in BYTE_ORDER_MARKS.items():
            if start.startswith(mark):
                return encoding if encoding != "utf-8-sig" or _is_utf8(file) else "latin-1"
        pairs = len(start) // 2
        if pairs and start[1::2].count(0) * 2 > pairs > start[::2].count(0) * 2:
            return "utf-16-le"
        if pairs and start[::2].count(0) * 2 > pairs > start[1::2].count(0) * 2:
            return "utf-16-be"
        return "utf-8" if _is_utf8(file) else "latin-1"


def _is_utf8(file: IO[bytes]) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for chunk in _chunks(file):
            if not chunk.isascii() or decoder.getstate()[0]:
                decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _look(path: Path) -> Text:
    quoted = returns = odd = untidy = False
    last = b""
    with path.open("rb") as file:
        for chunk in _chunks(file):
            quoted = quoted or b'"' in chunk
            returns = returns or b"\r" in chunk
            odd = odd or b"\0" in chunk or (quoted and _quote_touches_blank(last + chunk))
            values = chunk if last else chunk.partition(b"\n")[2]
            untidy = untidy or any(byte in values for byte in UNTIDY_BYTES)
            last = chunk[-1:]
    return Text(path, quoted, plain=not odd and not (returns and _mixes_line_ends(path)), tidy=not untidy)


def _mixes_line_ends(path: Path) -> bool:
    feeds = returns = both = 0
    last = b""
    with path.open("rb") as file:
        for chunk in _chunks(file):
            feeds += chunk.count(b"\n")
            returns += chunk.count(b"\r")
            both += (last[-1:] + chunk).count(b"\r\n")
            last = chunk
    return not feeds == returns == both


def _quote_touches_blank(chunk: bytes) -> bool:
    return any(blank + b'"' in chunk or b'"' + blank in chunk for blank in BLANK_BYTES)


def _chunks(file: IO[bytes] | gzip.GzipFile) -> Iterator[bytes]:
    while chunk := file.read(CHUNK):
        yield chunk
