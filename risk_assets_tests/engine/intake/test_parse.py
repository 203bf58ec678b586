from __future__ import annotations

import dataclasses
import gzip
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from risk_assets.domain.file_form import FileForm
from risk_assets.engine.intake.formats.csv_file import CsvFormat
from risk_assets.engine.intake.scan import scan_file
from risk_assets_tests.engine.dirty import COLUMNS as DIRTY_COLUMNS
from risk_assets_tests.engine.dirty import DirtyWriter
from risk_assets_tests.engine.outcome import COLUMNS, HEADER, Outcome
from risk_assets_tests.engine.parts import session_of

Reader = Callable[..., Outcome]


@pytest.fixture(name="read")
def _read(tmp_path: Path) -> Iterator[Reader]:
    with session_of(COLUMNS, tmp_path / "spill") as session:
        yield lambda content, name="clients.csv": Outcome(
            session, tmp_path, name, content.encode() if isinstance(content, str) else content
        )


def merged(rows: list[tuple[object, ...]]) -> tuple[list[tuple[object, ...]], int]:
    """Return the last row of each key with its last known outcome, and how many rows brought another one."""
    held: dict[tuple[object, ...], object] = {}
    updates = 0
    for *key, outcome in rows:
        before = held.pop(tuple(key), ...)
        updates += before is not ... and outcome is not None and outcome != before
        held[tuple(key)] = before if outcome is None and before is not ... else outcome
    return [(*key, outcome) for key, outcome in held.items()], updates


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**9), rows=st.integers(0, 40))
def test_every_row_of_a_dirty_file_meets_its_fate(tmp_path: Path, seed: int, rows: int) -> None:
    file = DirtyWriter(seed).write(rows)
    with session_of(DIRTY_COLUMNS, tmp_path / "spill") as session:
        found = Outcome(session, tmp_path, file.name, file.content)
    assert found.refused == file.refused
    assert (found.rows, found.parsed.updates) == merged(file.valid)
    parsed = found.parsed
    assert parsed.read == len(file.valid) + len(file.refused)
    assert parsed.accepted + parsed.duplicates + parsed.updates + parsed.quarantined == parsed.read
    assert parsed.positives == sum(row[-1] == "Yes" for row in found.rows)
    assert parsed.open == sum(row[-1] is None for row in found.rows)
    assert sum(parsed.reasons.values()) == parsed.quarantined == len(file.refused)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.lists(
        st.sampled_from(["a", "1", ",", ",", "\n", '"', '""', " ", "x y", ',"b"', "'", "#"]), max_size=14
    )
)
def test_the_fast_and_the_careful_way_read_the_same(tmp_path: Path, text: list[str]) -> None:
    source = tmp_path / "clients.csv"
    source.write_text(HEADER + "A,1,n,1\n" + "".join(text), encoding="utf-8")
    with session_of(COLUMNS, tmp_path / "spill") as session:
        file = CsvFormat().open(session, scan_file(source), tmp_path)
        careful = dataclasses.replace(file, text=dataclasses.replace(file.text, damaged=True))
        assert file.load(session, str) == careful.load(session, str)
        expected = without_blanks(session.run("SELECT * FROM rows").fetchall())
        file.load(session, str)
        assert without_blanks(session.run("SELECT * FROM rows").fetchall()) == expected


def without_blanks(rows: list[tuple[Any, ...]]) -> list[list[Any]]:
    """Cells as the rules see them: blanks around a text are no part of it, and a blank one is missing."""
    return [[cell.strip(" ") or None if isinstance(cell, str) else cell for cell in row] for row in rows]


def test_a_row_with_a_negative_count_is_quarantined_with_its_line(read: Reader) -> None:
    found = read(HEADER + "A,1,north,0\nB,-3,north,0\n")
    assert found.rows == [("A", 1.0, "north", 0)]
    assert found.refused == [(3, 'calls: "-3" is below 0', "B,-3,north,0")]
    assert found.parsed.reasons == {"calls is below 0": 1}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_refused_rows_have_their_lines_though_blank_ones_stand_between(read: Reader, end: str) -> None:
    lines = [HEADER.strip(), "A,1,north,0", "", "B,-3,north,0", "   ", "", "C,4,north,1", "D,x,south,1", ""]
    found = read(end.join(lines))
    assert [row[0] for row in found.rows] == ["A", "C"]
    assert [(line, raw) for line, _, raw in found.refused] == [(4, "B,-3,north,0"), (8, "D,x,south,1")]


@pytest.mark.parametrize(
    ("label", "stored"), [("1", 1), ("1.0", 1), ("true", 1), (" TRUE", 1), ("0", 0), ("False", 0), ("0e0", 0)]
)
def test_every_spelling_of_a_label_is_one_label(read: Reader, label: str, stored: int) -> None:
    assert read(HEADER + f"A,1,north,{label}\n").rows == [("A", 1.0, "north", stored)]


def test_an_unclosed_quote_costs_one_line_and_no_client_after_it(read: Reader) -> None:
    later = "".join(f"C{number},1,north,0\n" for number in range(200))
    found = read(HEADER + 'A,1,"north,0\n' + later)
    assert found.refused == [(2, "quotes that do not match", 'A,1,"north,0')]
    assert len(found.rows) == 200


def test_two_stray_quotes_far_apart_do_not_swallow_the_clients_between(read: Reader) -> None:
    between = "".join(f"C{number},1,north,0\n" for number in range(200))
    found = read(HEADER + 'A,1,"north,0\n' + between + 'B,1,x",0\n')
    assert [line for line, _, _ in found.refused] == [2, 203]
    assert len(found.rows) == 200


def test_a_line_without_end_is_refused_and_the_next_one_read(read: Reader) -> None:
    found = read(HEADER + "A,1," + "x" * 2_500_000 + ",0\nB,1,north,0\n")
    assert [(line, reason) for line, reason, _ in found.refused] == [(2, "longer than 1,000,000 characters")]
    assert found.rows == [("B", 1.0, "north", 0)]


def test_columns_are_found_by_name_whatever_their_case_and_order(read: Reader) -> None:
    found = read("Exited,note,REGION, Calls ,id\n1,x,north,2,A\n")
    assert found.rows == [("A", 2.0, "north", 1)]
    assert found.parsed.dropped_columns == ("note",)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "the file is empty"),
        ("\n\n", "the file is empty"),
        ("id,calls\nA,1\n", 'no column "region", "exited"'),
        ("id,calls,region,exited,ID\nA,1,n,1,A\n", 'column "id" occurs more than once'),
        (gzip.compress(HEADER.encode() * 99, mtime=0)[:-9], "damaged gzip"),
        ("id".encode("utf-16"), 'no column "calls"'),
        (b"\xff\xfei\x00d\x00x", "damaged UTF-16"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_whole_with_its_reason(
    read: Reader, content: str | bytes, reason: str
) -> None:
    found = read(content)
    assert found.parsed.reason
    assert reason in found.parsed.reason
    assert found.refused[0][1] == found.parsed.reason
    assert found.rows == []


def test_rows_of_a_file_that_lacks_a_column_are_counted_as_refused(read: Reader) -> None:
    parsed = read("id,calls\nA,1\nB,2\n").parsed
    assert (parsed.read, parsed.quarantined, parsed.accepted) == (2, 2, 0)


def test_a_header_alone_is_a_file_without_rows(read: Reader) -> None:
    parsed = read(HEADER).parsed
    assert (parsed.read, parsed.quarantined, parsed.reason) == (0, 0, None)


def test_parquet_keeps_to_the_same_rules_as_csv(read: Reader, tmp_path: Path) -> None:
    duckdb.sql(
        "COPY (SELECT * FROM (VALUES (1, 2.5, 'n', true, '\\xAA'::BLOB), (1, 2.5, 'n', true, ''::BLOB), "
        "(2, 'nan'::DOUBLE, NULL, false, NULL), (3, -1, 'n', true, NULL), (NULL, 1, 'n', NULL, NULL)) "
        f"AS t(id, calls, region, exited, note)) TO '{tmp_path}/made.parquet' (FORMAT parquet)"
    )
    found = read((tmp_path / "made.parquet").read_bytes(), "clients.parquet")
    assert found.rows == [("1", 2.5, "n", 1), ("2", None, None, 0)]
    assert found.refused == [
        (4, 'calls: "-1.0" is below 0', '{"id":3,"calls":-1.0,"region":"n","exited":true,"note":null}'),
        (5, "id is empty", '{"id":null,"calls":1.0,"region":"n","exited":null,"note":null}'),
    ]
    assert (found.parsed.duplicates, found.parsed.dropped_columns) == (1, ("note",))


def test_a_damaged_parquet_file_is_refused_whole(read: Reader, tmp_path: Path) -> None:
    duckdb.sql(f"COPY (SELECT range AS id FROM range(1000)) TO '{tmp_path}/made.parquet' (FORMAT parquet)")
    content = (tmp_path / "made.parquet").read_bytes()
    for damaged in (content[:500], b"", b"PAR1" * 9):
        reason = read(damaged, "clients.parquet").parsed.reason
        assert reason is not None
        assert reason.startswith("damaged parquet")


def test_names_that_look_like_patterns_are_just_names(read: Reader, tmp_path: Path) -> None:
    (tmp_path / "a1.csv").write_text(HEADER + "WRONG,1,n,1\n", encoding="utf-8")
    assert read(HEADER + "A,1,n,1\n", "a[1].csv").rows == [("A", 1.0, "n", 1)]
    assert read(HEADER + "B,1,n,1\n", "a*.csv").rows == [("B", 1.0, "n", 1)]


def test_many_kinds_of_faults_are_counted_most_frequent_first(read: Reader) -> None:
    found = read(HEADER + "A,x,n,1\nB,y,n,1\n,1,n,1\nC,1,n\n")
    assert Counter(found.parsed.reasons) == {
        "calls is not a number": 2,
        "id is empty": 1,
        "wrong number of fields": 1,
    }
    assert next(iter(found.parsed.reasons)) == "calls is not a number"


def test_a_blank_outcome_is_an_unknown_one(read: Reader) -> None:
    found = read(HEADER + "A,1,north,\nB,1,north, \nC,1,north,1\n")
    assert found.rows == [("A", 1.0, "north", None), ("B", 1.0, "north", None), ("C", 1.0, "north", 1)]
    assert (found.parsed.accepted, found.parsed.open, found.parsed.positives) == (3, 2, 1)


@pytest.mark.parametrize("name", ["a.csv", "a.parquet"])
def test_a_file_without_the_target_has_unknown_outcomes_and_says_so(
    read: Reader, tmp_path: Path, name: str
) -> None:
    with duckdb.connect() as connection:
        rows = "SELECT 'A' AS id, 1 AS calls, 'north' AS region UNION ALL SELECT 'id', NULL, 'region'"
        connection.execute(f"COPY ({rows}) TO '{tmp_path / name}'")
    found = read((tmp_path / name).read_bytes(), name)
    assert found.rows[0] == ("A", 1.0, "north", None)
    assert (found.parsed.open, found.parsed.has_target) == (found.parsed.accepted, False)


def test_the_header_again_is_refused_also_without_a_target(read: Reader) -> None:
    found = read("id,calls,region\nA,1,north\nid,calls,region\n")
    assert found.refused == [(3, "is the header again", "id,calls,region")]


@pytest.mark.parametrize("called", ["exitted", "Exited?", "exite"])
def test_a_target_that_is_misspelt_is_not_taken_for_an_absent_one(read: Reader, called: str) -> None:
    found = read(f"id,calls,region,{called}\nA,1,north,1\n")
    assert found.parsed.reason == f'no column "exited", but one that is called "{called}"'


def test_an_outcome_that_comes_later_in_a_file_goes_to_the_row_it_is_of(read: Reader) -> None:
    found = read(HEADER + "A,1,n,\nB,1,n,0\nA,1,n,1\nB,1,n,\nA,1,n,1\n")
    assert found.rows == [("B", 1.0, "n", 0), ("A", 1.0, "n", 1)]
    parsed = found.parsed
    assert (parsed.read, parsed.accepted, parsed.updates, parsed.duplicates) == (5, 2, 1, 2)


def test_a_quote_inside_of_a_field_costs_its_row_and_shifts_no_column(read: Reader) -> None:
    row = 'A,3,$78.07"Table, Round 48",1'
    found = read("id,calls,region,rest,exited\n" + row + "\nB,4,north,x,0\n")
    assert [line[0] for line in found.rows] == ["B"]
    assert found.refused == [(2, "a quote inside of a field that does not begin with one", row)]


def test_lenient_quotes_are_characters_like_any_other(tmp_path: Path) -> None:
    columns = dataclasses.replace(COLUMNS, form=FileForm(lenient_quotes=True))
    with session_of(columns, tmp_path / "spill") as session:
        found = Outcome(session, tmp_path, "clients.csv", (HEADER + 'A,3,24" screen,1\n').encode())
    assert found.rows == [("A", 3.0, '24" screen', 1)]


def test_a_declared_encoding_and_delimiter_are_taken(tmp_path: Path) -> None:
    columns = dataclasses.replace(COLUMNS, form=FileForm(encoding="iso8859-5", delimiter="|"))
    with session_of(columns, tmp_path / "spill") as session:
        content = (HEADER + "A,3,\u0421\u0435\u0432\u0435\u0440,1\n").replace(",", "|").encode("iso8859-5")
        found = Outcome(session, tmp_path, "clients.csv", content)
    assert found.rows == [("A", 3.0, "\u0421\u0435\u0432\u0435\u0440", 1)]
