"""Numbers and dates as people spell them: decided over the whole file, never row by row."""
# ruff: noqa: DTZ001  # times of files have no zone

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from risk_assets.domain.columns import Columns, NumericColumn
from risk_assets.domain.file_form import FileForm
from risk_assets_tests.engine.outcome import Outcome
from risk_assets_tests.engine.parts import session_of

COLUMNS = Columns(
    "id", "left", "1", "0", (NumericColumn("calls"), NumericColumn("fee")), ("region",), as_of="seen"
)
HEADER = "id;calls;fee;region;seen;left\n"
Reader = Callable[..., Outcome]


@pytest.fixture(name="read")
def _read(tmp_path: Path) -> Reader:
    def read(content: str, columns: Columns = COLUMNS, encoding: str = "utf-8") -> Outcome:
        with session_of(columns, tmp_path / "spill") as session:
            return Outcome(session, tmp_path, "clients.csv", content.encode(encoding))

    return read


def fees(found: Outcome) -> list[object]:
    return [row[2] for row in found.rows]


def test_a_german_export_is_read_as_it_is_meant(read: Reader) -> None:
    lines = "A;1;9,99;Süd;05.09.2026;1\nB;2.155;1.355,90€;Nord;30.09.2026;0\n"
    found = read(HEADER + lines, encoding="cp1252")
    assert found.rows == [
        ("A", 1.0, 9.99, "Süd", datetime(2026, 9, 5), 1),
        ("B", 2155.0, 1355.9, "Nord", datetime(2026, 9, 30), 0),
    ]
    assert found.parsed.spelled == (
        "decimal comma, points between thousands",
        "1 sign €",
        "dates as %d.%m.%Y",
    )


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["$1,234.50", "-$7.25"], [1234.5, -7.25]),
        (["12 %", "7.5%"], [12.0, 7.5]),
        (["1'234'567", "0.5"], [1234567.0, 0.5]),
        (["1 234,5", "1\u202f234"], [1234.5, 1234.0]),
        (["1.234.567", "2.155"], [1234567.0, 2155.0]),
        (["EUR 12", "5"], [12.0, 5.0]),
        (["\u22125", "4,5"], [-5.0, 4.5]),
        (["1,5", "2,25"], [1.5, 2.25]),
        (["2.155", "3.5"], [2.155, 3.5]),
    ],
)
def test_one_reading_holds_for_all_numbers(read: Reader, cells: list[str], expected: list[float | None]) -> None:
    found = read(HEADER + "".join(f"{n};1;{cell};n;2026-09-05;1\n" for n, cell in enumerate(cells)))
    assert fees(found) == [number for number in expected if number is not None]
    assert len(found.refused) == expected.count(None)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ('"1,234"', 'fee: numbers such as "1,234" may be 1234 or 1.234: say which with "decimal" in format'),
        ("1,5;n;2026-09-05;1\nB;3.5;2", 'fee: numbers such as "3.5" and "1,5" allow no one reading'),
        ("12 €;n;2026-09-05;1\nB;1;$3", "fee: is in $ and in €"),
    ],
)
def test_what_allows_several_readings_is_refused_whole(read: Reader, row: str, reason: str) -> None:
    found = read(f"{HEADER}A;1;{row};n;2026-09-05;1\n")
    assert found.parsed.reason == reason
    assert found.parsed.quarantined == found.parsed.read > 0


def test_what_is_declared_settles_it(read: Reader) -> None:
    comma = dataclasses.replace(COLUMNS, form=FileForm(decimal=","))
    point = dataclasses.replace(COLUMNS, form=FileForm(decimal="."))
    content = HEADER + "A;1;1,234;n;2026-09-05;1\n"
    assert fees(read(content, comma)) == [1.234]
    assert fees(read(content, point)) == [1234.0]


def test_a_declared_decimal_comma_reads_a_point_between_thousands(read: Reader) -> None:
    comma = dataclasses.replace(COLUMNS, form=FileForm(decimal=","))
    assert fees(read(HEADER + "A;1;2.155;n;2026-09-05;1\n", comma)) == [2155.0]


def test_a_single_odd_number_among_many_costs_its_row_alone(read: Reader) -> None:
    rows = "".join(f"{n};1;{n}.5;n;2026-09-05;1\n" for n in range(40))
    found = read(f"{HEADER}{rows}X;1;9,99;n;2026-09-05;1\n")
    assert len(found.rows) == 40
    assert found.refused == [(42, 'fee: "9,99" is not a number', "X;1;9,99;n;2026-09-05;1")]


def test_one_thirtieth_makes_every_date_a_day_first(read: Reader) -> None:
    found = read(HEADER + "A;1;1;n;5/9/2026;1\nB;1;1;n;30/9/2026;0\n")
    assert [row[4] for row in found.rows] == [datetime(2026, 9, 5), datetime(2026, 9, 30)]


@pytest.mark.parametrize("days", [["5/9/2026", "3/4/2026"], ["30/9/2026", "9/30/2026"]])
def test_days_and_months_that_may_be_either_are_refused(read: Reader, days: list[str]) -> None:
    found = read(HEADER + "".join(f"{n};1;1;n;{day};1\n" for n, day in enumerate(days)))
    assert 'say which with "date_format"' in (found.parsed.reason or "")


def test_words_for_what_is_missing_are_missing_in_numbers_and_dates_alone(read: Reader) -> None:
    words = ["NULL", "null", "NaN", "N/A", "NA", "n/a", "None", "-", ""]
    found = read(HEADER + "".join(f"{n};{word};1;{word};2026-09-05;1\n" for n, word in enumerate(words)))
    assert [row[1] for row in found.rows] == [None] * len(words)
    assert [row[3] for row in found.rows] == [*words[:-1], None]


def test_declared_words_are_missing_in_texts_too(read: Reader) -> None:
    columns = dataclasses.replace(COLUMNS, form=FileForm(missing=("Unknown",)))
    found = read(HEADER + "A;unknown;1;UNKNOWN;2026-09-05;Unknown\n", columns)
    assert found.rows == [("A", None, 1.0, None, datetime(2026, 9, 5), None)]


def test_special_codes_are_missing_and_break_no_bound(read: Reader) -> None:
    fee = NumericColumn("fee", min=0, special=(-99.0, 999999999.0))
    columns = dataclasses.replace(COLUMNS, numeric=(NumericColumn("calls"), fee))
    found = read(
        HEADER + "".join(f"{n};1;{fee};n;2026-09-05;1\n" for n, fee in enumerate((-99, 999999999, 7))), columns
    )
    assert fees(found) == [None, None, 7.0]
    levels = dataclasses.replace(fee, special_levels=True)
    columns = dataclasses.replace(columns, numeric=(NumericColumn("calls"), levels))
    assert fees(read(HEADER + "A;1;-99;n;2026-09-05;1\n", columns)) == [-99.0]


NUMBERS = st.lists(st.decimals(-(10**7), 10**7, places=2), min_size=1, max_size=12)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    numbers=NUMBERS,
    marks=st.sampled_from([(",", "."), (",", ""), (",", " "), (".", ","), (".", "'"), (".", "")]),
    sign=st.sampled_from(["", " €", "$", " %"]),
    form=st.sampled_from(["%d.%m.%Y", "%d/%m/%Y", "%m-%d-%Y", "%Y/%m/%d"]),
)
def test_any_spelling_that_allows_one_reading_gives_the_plain_rows(
    tmp_path: Path, numbers: list[float], marks: tuple[str, str], sign: str, form: str
) -> None:
    decimal, thousands = marks
    columns = dataclasses.replace(COLUMNS, dates=None)
    plain, spelled = [], []
    for place, number in enumerate(numbers):
        day = datetime(2026, 1 + place % 12, 13 + place)
        text = f"{number:,.2f}".replace(",", "T").replace(".", decimal).replace("T", thousands)
        plain.append(f"{place}\t1\t{number}\tn\t{day:%Y-%m-%d}\t1\n")
        spelled.append(f"{place}\t1\t{text}{sign}\tn\t{day.strftime(form)}\t1\n")
    header = HEADER.replace(";", "\t")
    with session_of(columns, tmp_path / "spill") as session:
        expected = Outcome(session, tmp_path, "plain.csv", (header + "".join(plain)).encode())
        found = Outcome(session, tmp_path, "spelled.csv", (header + "".join(spelled)).encode())
    assert found.parsed.reason is None
    assert found.rows == expected.rows
