"""Files are read by Spark as by DuckDB: the same rows, in their order, and the same refusals with their lines."""

from __future__ import annotations

import csv
import dataclasses
import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import duckdb
import pytest

from risk_assets.engine.intake.parse import Parsed, parse
from risk_assets.engine.intake.scan import scan_file
from risk_assets.engine.session import Session
from risk_assets_tests.engine.dirty import COLUMNS as DIRTY_COLUMNS
from risk_assets_tests.engine.dirty import DirtyWriter
from risk_assets_tests.engine.outcome import COLUMNS, HEADER
from risk_assets_tests.engine.spark.engines import Engines, both_engines

pytestmark = [pytest.mark.slow, pytest.mark.needs("java")]


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engines]:
    with both_engines(COLUMNS, tmp_path_factory.mktemp("engines")) as found:
        yield found


class Read(NamedTuple):
    """What became of a file: its account without what is an engine's own, its rows, and its refusals."""

    parsed: Parsed
    rows: list[tuple[object, ...]]
    refused: list[tuple[int, str, str]]


def read_back(session: Session, folder: Path, name: str, content: str | bytes) -> Read:
    source, part, quarantine = folder / name, folder / "part.parquet", folder / "quarantine.csv"
    work = folder / "work"
    source.write_bytes(content.encode() if isinstance(content, str) else content)
    for file in (part, quarantine):
        file.unlink(missing_ok=True)
    work.mkdir(exist_ok=True)
    parsed = parse(session, scan_file(source), part=part, quarantine=quarantine, folder=work)
    with duckdb.connect() as connection:
        rows = connection.execute(f"FROM '{part}'").fetchall() if part.exists() else []
    refused: list[tuple[int, str, str]] = []
    if quarantine.exists():
        with quarantine.open(encoding="utf-8", newline="") as told:
            _, *lines = csv.reader(told)
        refused = [(int(line), reason, raw) for line, reason, raw in lines]
    return Read(dataclasses.replace(parsed, fingerprint=""), rows, refused)


def many(rows: int) -> str:
    return HEADER + "".join(
        f"client-{row},{row if row % 1000 else -1},region-{row % 9},{row % 2}\n" for row in range(rows)
    )


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("odd.csv", HEADER + "A,1,n,1\n\n   \nB,1,n,1\n\n"),
        ("crlf.csv", (HEADER + "A,1,n,1\nA,1,n,1\nB,-2,x y,0\n").replace("\n", "\r\n")),
        ("no end.csv", HEADER + "A,1,n,1\nB,2,n,0"),
        ("_hidden.csv", HEADER + "A,1,n,1\n"),
        ("really plain.csv.gz", HEADER + "A,1,n,1\n"),
        ("a[1]{2}*?.csv", HEADER.replace(",", "|") + "A|1|n|1\nB|1|a,b|0\n"),
        ("latin.csv", (HEADER + "Zoë,1,ß,1\n").encode("latin-1")),
        ("damaged.csv", HEADER.encode() + b"A,1,n,1\nB\xff,1,n,1\nZo\xc3\xab,1,n,0\n"),
        ("quoted.csv", HEADER + '"A, B",1,"two\nlines",1\n"q""q",1,\\,0\nC,1,"n,0\n'),
        ("returns.csv", HEADER.replace("\n", "\r") + "A,1,n,1\rB,1,n,0\r"),
        ("wide.csv", HEADER + "A,1,n,1\nB,1,n\nC,1,n,1,1\nD,1,n,0\n"),
        ("long.csv", HEADER + "A,1," + "x" * 1_100_000 + ",0\nB,1,north,0\n"),
        ("utf16.csv", (HEADER + "A,1,n,1\n\u2028,1,n\x85,1\n").encode("utf-16")),
        ("header.csv", HEADER),
        ("zipped.csv.gz", gzip.compress((HEADER + "A,1,n,1\n").encode(), mtime=0)),
    ],
)
def test_a_file_in_any_state_is_read_alike(
    engines: Engines, tmp_path: Path, name: str, content: str | bytes
) -> None:
    assert read_back(engines.spark, tmp_path, name, content) == read_back(engines.duckdb, tmp_path, name, content)


@pytest.mark.long
def test_a_file_in_several_pieces_keeps_its_order_and_its_lines(engines: Engines, tmp_path: Path) -> None:
    content = many(120_000)
    assert len(content) > 3 << 20
    found = read_back(engines.spark, tmp_path, "many.csv", content)
    assert found == read_back(engines.duckdb, tmp_path, "many.csv", content)
    assert found.refused[1][0] == 1002


@pytest.mark.long
@pytest.mark.parametrize("seed", range(6))
def test_every_row_of_a_dirty_file_meets_its_fate(tmp_path: Path, seed: int) -> None:
    file = DirtyWriter(seed).write(40)
    with both_engines(DIRTY_COLUMNS, tmp_path) as engines:
        found = read_back(engines.spark, tmp_path, file.name, file.content)
        assert found == read_back(engines.duckdb, tmp_path, file.name, file.content)
    assert list(found.refused) == file.refused


def test_parquet_is_read_alike_with_what_is_refused_of_it(engines: Engines, tmp_path: Path) -> None:
    engines.duckdb.run(
        "COPY (SELECT * FROM (VALUES (1, 2.5, 'n', true, 1e20), (1, 2.5, 'n', true, 0), "
        "(2, 'nan'::DOUBLE, NULL, false, NULL), (3, -1, 'n', true, NULL), (NULL, 1, 'ü', NULL, 1.5)) "
        f"AS t(id, calls, region, exited, \"a 'note'\")) TO '{tmp_path}/made' (FORMAT parquet)"
    )
    content = (tmp_path / "made").read_bytes()
    found = read_back(engines.spark, tmp_path, "clients.parquet", content)
    assert found == read_back(engines.duckdb, tmp_path, "clients.parquet", content)
    assert [line for line, *_ in found.refused] == [4, 5]
    for damaged in (content[:200], b""):
        told = read_back(engines.spark, tmp_path, "damaged.parquet", damaged)
        assert (told.parsed.reason or "").startswith("damaged parquet")


def test_a_parquet_file_with_damaged_pages_is_refused_whole(engines: Engines, tmp_path: Path) -> None:
    rows = "SELECT CAST(range AS VARCHAR) AS id, range AS calls, 'n' AS region, 1 AS exited FROM range(5000)"
    engines.duckdb.write_parquet(rows, tmp_path / "made")
    content = bytearray((tmp_path / "made").read_bytes())
    content[100:5000] = b"\xff" * 4900
    reason = read_back(engines.spark, tmp_path, "clients.parquet", bytes(content)).parsed.reason
    assert reason is not None
    assert reason.startswith("damaged parquet")


@pytest.mark.parametrize(
    "rows",
    [
        "A;9,99 €;n;1\nB;2.155;s;0\nC;N/A;-;0\nD;x;n;1\n",
        'A;"1,234";n;1\n',
        "A;1 234 567,5;n;1\nB;\u22125;s;0\n",
    ],
)
def test_numbers_as_people_spell_them_are_read_alike(engines: Engines, rows: str) -> None:
    content = HEADER.replace(",", ";") + rows
    expected = read_back(engines.duckdb, engines.folder, "spelled.csv", content)
    assert read_back(engines.spark, engines.folder, "spelled.csv", content) == expected
