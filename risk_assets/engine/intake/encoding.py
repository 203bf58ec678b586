"""The text of a client file: which encoding it has, and a UTF-8 copy where it is not plain UTF-8 already."""

from __future__ import annotations

import codecs
import gzip
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path

from risk_assets.engine.intake.scan import (
    CHUNK,
    GZIP_MAGIC,
    START,
    ZSTD_MAGIC,
    ScannedFile,
    TextScan,
    UnreadableError,
    scan_text,
)

BYTE_ORDER_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
#: What Windows-1252 has where latin-1 has control characters.
WINDOWS_MARKS = {byte: mark for byte in range(0x80, 0xA0) if (mark := bytes([byte]).decode("cp1252", "ignore"))}


@dataclass(frozen=True)
class Text:
    """A UTF-8 file and what its bytes hold; in a damaged one some lines are not UTF-8."""

    path: Path
    scan: TextScan
    damaged: bool = False

    @property
    def plain(self) -> bool:
        """Whether an engine's own reader may read it."""
        return self.scan.plain and not self.damaged


def open_text(file: ScannedFile, folder: Path, declared: str | None = None) -> Text:
    """Find the encoding of a CSV file, packed or not; a UTF-8 copy goes to `folder` where one is needed.

    Without a byte order mark a file is UTF-16 if every second byte of its start is NUL, UTF-8 if all its bytes
    are, UTF-8 with damaged lines if other lines hold letters in UTF-8, and Windows-1252 (which is latin-1 but for
    a few marks) otherwise; or it has the `declared` one. Raises UnreadableError for a damaged archive, and for
    text that is damaged in UTF-16 or in what is declared.
    """
    path, start, scan = file.path, file.start, file.text
    if start.startswith((GZIP_MAGIC, ZSTD_MAGIC)):
        path = _unpacked(path, folder, "gzip" if start.startswith(GZIP_MAGIC) else "Zstandard")
        with path.open("rb") as unpacked:
            start = unpacked.read(START)
        scan = None
    encoding = _encoding(start) if declared in {None, "utf-8"} else declared
    scan = scan or scan_text(path)
    damaged = encoding.startswith("utf-8") and not scan.utf8
    if damaged and encoding == "utf-8" and not _has_utf8_lines(path):
        encoding, damaged = "latin-1", False
    if encoding != "utf-8":
        path = _transcoded(path, encoding, folder)
        scan = scan_text(path)
    return Text(path, scan, damaged)


def decode_file(content: bytes, declared: str | None = None) -> str:
    """Return the text of a whole file by the rules of `open_text`. Raises UnicodeDecodeError for a damaged one."""
    encoding = _encoding(content[:START]) if declared in {None, "utf-8"} else declared
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        if encoding != "utf-8" or any(map(_is_utf8_text, content.splitlines())):
            raise
        encoding, text = "latin-1", content.decode("latin-1")
    return text.translate(WINDOWS_MARKS) if encoding == "latin-1" else text


def escape_damage(text: str) -> str:
    """Return a text that was read with surrogateescape with the code of each byte that is not UTF-8."""
    return text if text.isascii() else text.encode(errors="surrogateescape").decode(errors="backslashreplace")


def _unpacked(path: Path, folder: Path, kind: str) -> Path:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd

    target = folder / "unpacked.csv"
    lines = 0
    try:
        with (gzip if kind == "gzip" else zstd).open(path, "rb") as source, target.open("wb") as copy:
            while chunk := source.read1(CHUNK):
                lines += chunk.count(b"\n")
                copy.write(chunk)
    except (gzip.BadGzipFile, EOFError, zlib.error, zstd.ZstdError) as error:
        raise UnreadableError(f"damaged {kind}: {error}", max(0, lines - 1)) from error
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


def _encoding(start: bytes) -> str:
    for mark, encoding in BYTE_ORDER_MARKS.items():
        if start.startswith(mark):
            return encoding
    pairs = len(start) // 2
    if pairs and start[1::2].count(0) * 2 > pairs > start[::2].count(0) * 2:
        return "utf-16-le"
    if pairs and start[::2].count(0) * 2 > pairs > start[1::2].count(0) * 2:
        return "utf-16-be"
    return "utf-8"


def _has_utf8_lines(path: Path) -> bool:
    """Whether some line is UTF-8 and not ASCII alone."""
    with path.open("rb") as file:
        while chunk := file.readline(CHUNK):
            if not chunk.isascii() and any(_is_utf8_text(line) for line in chunk.splitlines()):
                return True
    return False


def _is_utf8_text(line: bytes) -> bool:
    return not line.isascii() and "\ufffd" not in line.decode(errors="replace")
