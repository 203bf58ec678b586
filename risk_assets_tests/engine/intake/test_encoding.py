from __future__ import annotations

import gzip
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from risk_assets_tests.engine.outcome import COLUMNS, HEADER, Outcome
from risk_assets_tests.engine.parts import session_of

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

Reader = Callable[..., Outcome]


def in_blocks(content: bytes) -> bytes:
    """Pack a text in blocks of a few rows, as a stream is."""
    packer = zstd.ZstdCompressor()
    blocks = (content[place : place + 500] for place in range(0, len(content), 500))
    packed = b"".join(packer.compress(block, packer.FLUSH_BLOCK) for block in blocks)
    return packed + packer.flush()


@pytest.fixture(name="read")
def _read(tmp_path: Path) -> Iterator[Reader]:
    with session_of(COLUMNS, tmp_path / "spill") as session:
        yield lambda content, name="clients.csv": Outcome(session, tmp_path, name, content)


@pytest.mark.parametrize("name", ["a.csv", "a.CSV", "a.csv.gz", "a.csv.GZ", "a.CSV.gz", "a.csv.zst"])
def test_whether_a_file_is_packed_is_seen_from_its_content_not_its_name(read: Reader, name: str) -> None:
    content = (HEADER + "A,1,north,0\n").encode()
    assert read(content, name).rows == [("A", 1.0, "north", 0)]
    assert read(gzip.compress(content), name).rows == [("A", 1.0, "north", 0)]
    assert read(zstd.compress(content), name).rows == [("A", 1.0, "north", 0)]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_one_bad_byte_costs_its_row_and_leaves_the_letters_of_the_others(read: Reader, mark: bytes) -> None:
    lines = "A,1,Zürich,0\n".encode() + b"B,1,Z\xfcrich,0\n" + 'C,1,"Gen\nève",0\n'.encode() + b'D,1,"\xe9",0\n'
    found = read(mark + HEADER.encode() + lines)
    assert found.rows == [("A", 1.0, "Zürich", 0), ("C", 1.0, "Gen\nève", 0)]
    assert found.refused == [(3, "not UTF-8", r"B,1,Z\xfcrich,0"), (6, "not UTF-8", r'D,1,"\xe9",0')]
    assert found.parsed.reasons == {"not UTF-8": 2}


def test_a_bad_byte_in_the_header_costs_no_declared_column(read: Reader) -> None:
    found = read(b"id,calls,region,exited,caf\xe9\n" + "A,1,Zürich,0,\n".encode())
    assert found.rows == [("A", 1.0, "Zürich", 0)]
    assert found.parsed.dropped_columns == (r"caf\xe9",)


def test_a_file_without_any_utf8_letter_is_windows_1252(read: Reader) -> None:
    found = read(HEADER.encode() + b"A,1,Z\xfcrich \x80 \x93x\x94,0\nB,1,\x81,0\n")
    assert [row[2] for row in found.rows] == ["Zürich € “x”", "\x81"]
    assert found.refused == []


@pytest.mark.parametrize(("pack", "kind"), [(gzip.compress, "gzip"), (in_blocks, "Zstandard")])
def test_the_rows_of_an_archive_that_breaks_off_are_counted_as_refused(
    read: Reader, pack: Callable[[bytes], bytes], kind: str
) -> None:
    lines = "".join(f"C{number},{number},north,0\n" for number in range(1000))
    parsed = read(pack((HEADER + lines).encode())[:-9], "a.csv.gz").parsed
    assert parsed.reason is not None
    assert parsed.reason.startswith(f"damaged {kind}")
    assert 900 <= parsed.read == parsed.quarantined <= 1000


def test_a_header_that_cannot_be_read_is_refused_in_plain_words(read: Reader) -> None:
    reason = read(b"id,calls,reg\0ion,exited\nA,1,n,0\n").parsed.reason
    assert reason == "no header: its first line cannot be read (holds a NUL character)"
