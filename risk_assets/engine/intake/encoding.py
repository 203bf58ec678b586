"""The text of a client file: which encoding it has, and a UTF-8 copy where it is not plain UTF-8 already."""

from __future__ import annotations

import codecs
import gzip
import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

CHUNK = 1 << 20
GZIP_MAGIC = b"\x1f\x8b"
BYTE_ORDER_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
BLANK_BYTES = (b" ", b"\t", b"\x0b", b"\x0c", b"\xa0")
#: What Windows-1252 has where latin-1 has control characters.
WINDOWS_MARKS = {byte: mark for byte in range(0x80, 0xA0) if (mark := bytes([byte]).decode("cp1252", "ignore"))}
UNTIDY_BYTES = (*BLANK_BYTES, b"_", b"+", b'"')


class UnreadableError(ValueError):
    """A file as a whole cannot be read; the message is the reason, `rows` how many rows could be counted."""

    def __init__(self, reason: str, rows: int = 0) -> None:
        super().__init__(reason)
        self.rows = rows


@dataclass(frozen=True)
class Text:
    """A UTF-8 file and what its bytes hold.

    `quoted`: it has quote characters; `plain`: its line ends are of one usual kind, no quote touches a blank and
    there is no NUL; `tidy`: after its first line it has no blanks, quotes, _ and +, so that no value needs
    trimming, and none is an odd number that the engine would cast; `damaged`: some of its lines are not UTF-8.
    """

    path: Path
    quoted: bool
    plain: bool
    tidy: bool
    damaged: bool = False


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, read in chunks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def open_text(path: Path, folder: Path) -> Text:
    """Find the encoding of a CSV file, gzipped or not; a UTF-8 copy goes to `folder` where one is needed.

    Without a byte order mark a file is UTF-16 if every second byte of its start is NUL, UTF-8 if all its bytes
    are, UTF-8 with damaged lines if other lines hold letters in UTF-8, and Windows-1252 (which is latin-1 but for
    a few marks) otherwise. Raises UnreadableError for damaged gzip and UTF-16.
    """
    with path.open("rb") as file:
        is_gzip = file.read(2) == GZIP_MAGIC
    if is_gzip:
        path = _unpacked(path, folder)
    encoding = _encoding(path)
    damaged = encoding.startswith("utf-8") and not _is_utf8(path)
    if damaged and encoding == "utf-8" and not _has_utf8_lines(path):
        encoding, damaged = "latin-1", False
    if encoding != "utf-8":
        path = _transcoded(path, encoding, folder)
    text = _look(path)
    return replace(text, plain=False, damaged=True) if damaged else text


def escape_damage(text: str) -> str:
    """Return a text that was read with surrogateescape with the code of each byte that is not UTF-8."""
    return text if text.isascii() else text.encode(errors="surrogateescape").decode(errors="backslashreplace")


def count_byte(path: Path, byte: bytes) -> int:
    """Return how often a byte occurs in a file."""
    import numpy as np

    with path.open("rb") as file:
        return sum(int(np.count_nonzero(np.frombuffer(chunk, np.uint8) == ord(byte))) for chunk in _chunks(file))


def _unpacked(path: Path, folder: Path) -> Path:
    target = folder / "unpacked.csv"
    try:
        with gzip.open(path, "rb") as source, target.open("wb") as copy:
            while chunk := source.read1(CHUNK):
                copy.write(chunk)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        rows = max(0, count_byte(target, b"\n") - 1)
        raise UnreadableError(f"damaged gzip: {error}", rows) from error
    return target


def _transcoded(path: Path, encoding: str, folder: Path) -> Path:
    target = folder / "utf8.csv"
    errors = "surrogateescape" if encoding == "utf-8-sig" else "strict"
    marks = WINDOWS_MARKS if encoding == "latin-1" else {}
    try:
        with (
            path.open(encoding=encoding, errors=errors, newline="") as source,
            target.open("w", encoding="utf-8", errors=errors, newline="") as copy,
        ):
            while chunk := source.read(CHUNK):
                copy.write(chunk.translate(marks) if marks else chunk)
    except UnicodeError as error:
        raise UnreadableError(f"damaged {encoding.upper()}: {error}") from error
    return target


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(4096)
    for mark, encoding in BYTE_ORDER_MARKS.items():
        if start.startswith(mark):
            return encoding
    pairs = len(start) // 2
    if pairs and start[1::2].count(0) * 2 > pairs > start[::2].count(0) * 2:
        return "utf-16-le"
    if pairs and start[::2].count(0) * 2 > pairs > start[1::2].count(0) * 2:
        return "utf-16-be"
    return "utf-8"


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            for chunk in _chunks(file):
                if not chunk.isascii() or decoder.getstate()[0]:
                    decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _has_utf8_lines(path: Path) -> bool:
    """Whether some line is UTF-8 and not ASCII alone."""
    with path.open("rb") as file:
        while chunk := file.readline(CHUNK):
            if not chunk.isascii() and any(_is_utf8_text(line) for line in chunk.splitlines()):
                return True
    return False


def _is_utf8_text(line: bytes) -> bool:
    return not line.isascii() and "\ufffd" not in line.decode(errors="replace")


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
