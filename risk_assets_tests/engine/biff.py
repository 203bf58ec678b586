"""The smallest workbook of the kind that Excel wrote until 2003: BIFF8 records in a compound file."""

from __future__ import annotations

import struct
from collections.abc import Sequence

SECTOR = 512
#: Shorter streams are kept in another way.
LEAST_STREAM = 4096
FREE, END, FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


def xls(rows: Sequence[Sequence[str | float]]) -> bytes:
    """Return a workbook with one sheet of texts and numbers."""
    name = b"Sheet1"
    before = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0005, 0, 0, 0, 0))
    place = len(before) + 4 + 8 + len(name) + 4
    sheet = struct.pack("<IHBB", place, 0, len(name), 0) + name
    cells = b"".join(_cell(row, column, cell) for row, line in enumerate(rows) for column, cell in enumerate(line))
    book = before + _record(0x0085, sheet) + _record(0x000A)
    return _compound(
        book + _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0, 0, 0, 0)) + cells + _record(0x0A)
    )


def _record(kind: int, content: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(content)) + content


def _cell(row: int, column: int, cell: str | float) -> bytes:
    where = struct.pack("<HHH", row, column, 0)
    if isinstance(cell, str):
        return _record(0x0204, where + struct.pack("<HB", len(cell), 1) + cell.encode("utf-16-le"))
    return _record(0x0203, where + struct.pack("<d", cell))


def _compound(stream: bytes) -> bytes:
    """Return a compound file with one stream: a sector of the table of sectors, one of names, then the stream."""
    size = max(len(stream), LEAST_STREAM)
    sectors = -(-size // SECTOR)
    table = [FAT, END, *range(3, sectors + 2), END]
    table += [FREE] * (SECTOR // 4 - len(table))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack("<HHHHH6xIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, LEAST_STREAM, END, 0, END, 0)
    header += struct.pack("<109I", 0, *[FREE] * 108)
    names = _entry("Root Entry", 5, child=1, start=END, size=0) + _entry(
        "Workbook", 2, child=FREE, start=2, size=size
    )
    packed = struct.pack(f"<{len(table)}I", *table)
    return header + packed + names.ljust(SECTOR, b"\0") + stream.ljust(sectors * SECTOR, b"\0")


def _entry(name: str, kind: int, *, child: int, start: int, size: int) -> bytes:
    text = name.encode("utf-16-le") + b"\0\0"
    found = text.ljust(64, b"\0") + struct.pack("<HBBIII", len(text), kind, 1, FREE, FREE, child)
    return found + bytes(36) + struct.pack("<IQ", start, size)
