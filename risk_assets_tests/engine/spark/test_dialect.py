"""The same SQL gives the same answers on DuckDB and on Spark."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from risk_assets.domain.columns import Columns, DerivedColumn, NumericColumn
from risk_assets.domain.display import Display
from risk_assets.domain.model.shapes import NumericShape
from risk_assets.engine.derived_sql import derived_sql
from risk_assets.engine.intake.rules import rules_for, typed
from risk_assets.engine.model.reasons_sql import reasons_query
from risk_assets.engine.model.scorecard_sql import log_odds_sql, placed
from risk_assets.engine.model.words_sql import value_text
from risk_assets.engine.sql import held_out, literal, number_text, quote, read_parts
from risk_assets_tests.domain.clients import MIXED, mixed_clients, trained_on_mixed_clients
from risk_assets_tests.engine.intake.test_rules import SPELLINGS
from risk_assets_tests.engine.spark.engines import Engines, both_engines
from risk_assets_tests.test_derived import numbers as part_numbers
from risk_assets_tests.test_derived import times

COLUMNS = Columns("id", "left", "1", "0", (NumericColumn("a", -5, 1e50), NumericColumn("b")), ("k",))
DERIVED = Columns(
    "id",
    "left",
    "1",
    "0",
    tuple(map(NumericColumn, ("c0", "c1", "c2"))),
    as_of="c4",
    date_columns=("c3",),
    derived=(
        DerivedColumn("ratio", "ratio", ("c0", "c1"), times=12.0),
        DerivedColumn("difference", "difference", ("c0", "c1")),
        DerivedColumn("sum", "sum", ("c0", "c1", "c2")),
        DerivedColumn("days", "days_between", ("c3", "c4")),
    ),
)
WORDS = Columns("id", "left", "true story", "2", (), ("k",))

pytestmark = [pytest.mark.slow, pytest.mark.needs("java")]
#: Each example is a table of its own, and costs some queries: none is tried again to make it smaller.
few = settings(
    max_examples=4,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)

#: What Java, Python and DuckDB each take for a number where others do not.
ODD_NUMBERS = [
    *(
        "1d",
        "1D",
        "1f",
        "1F",
        "0x1p3",
        "0x10",
        "NaN",
        "nan",
        "Infinity",
        "-inf",
        "inf",
        "1_000",
        "+-5",
        "--5",
        "1e",
        "e1",
    ),
    *(
        ".",
        "",
        " ",
        "\t7\v",
        "\f8",
        "7\xa0",
        "\xa07",
        "1e999",
        "-1e999",
        "1e-400",
        "4.9e-324",
        "1e100",
        "1.0000000001e100",
    ),
    *(
        "٣",
        "1,5",
        "1 000",
        "1e+05",
        "+1",
        "-0",
        "-0.0",
        "00012",
        "1.",
        ".5",
        "1.e5",
        "9007199254740993",
        "0.1",
        "7\n",
    ),
    *("\x007", "7\x00", "1e50", "1.1e50", "-5", "-5.0000000001", "1l", "1L", "1e5d", "١", "½", "1__0", "1\u20287"),
]
PRINTED = st.characters(exclude_categories=["Cs", "Cc"])
texts = st.one_of(
    st.sampled_from(SPELLINGS + ODD_NUMBERS),
    st.text(st.sampled_from("01.eE+-_ YesNotruxdfinaNX\xa0\t\v"), max_size=7),
    st.text(PRINTED, max_size=8),
    st.floats(allow_nan=False, width=64).map(repr),
)
doubles = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False),
    st.floats(-1e6, 1e6, allow_subnormal=False),
    st.integers(-(10**7), 10**7).map(lambda number: number / 1000),
    st.integers(-(2**60), 2**60).map(float),
    st.integers(-(10**6), 10**6).map(lambda number: number / 8),
)


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engines]:
    with both_engines(MIXED, tmp_path_factory.mktemp("engines")) as found:
        yield found


def typed_alike(engines: Engines, columns: Columns, rows: list[list[str | None]], *, tidy: bool) -> None:
    """Assert that texts are typed, and refused, by both engines alike."""
    table = engines.table(["VARCHAR"] * len(columns.names), rows)
    names = ", ".join(f"nullif(c{place}, '') AS r{place}" for place in range(len(columns.names)))
    query = typed(columns, rules_for(columns, columns.names), f"SELECT {names} FROM {table}", tidy=tidy)
    values = ", ".join(f"v{place}" for place in range(len(columns.names)))
    expected, found = engines.answers(f"SELECT {values}, fault, value FROM ({query})")
    for row, one, other in zip(rows, expected, found, strict=True):
        assert one[-2:] == other[-2:], row
        assert one[-2] is not None or repr(one) == repr(other), row  # what is refused is not kept


@pytest.mark.long
def test_numbers_are_the_same_however_they_are_spelled(engines: Engines) -> None:
    letters = itertools.product("07.eE+-_ d\v", repeat=3)
    spelled = [*ODD_NUMBERS, *SPELLINGS, *("".join(found) for found in letters)]
    typed_alike(engines, COLUMNS, [["A", text, text, "k", "1"] for text in spelled], tidy=False)


@few
@given(cells=st.lists(st.tuples(texts, texts, texts, texts, texts), min_size=60, max_size=150))
def test_texts_are_typed_trimmed_and_refused_alike(engines: Engines, cells: list[tuple[str, ...]]) -> None:
    typed_alike(engines, COLUMNS, [list(row) for row in cells], tidy=False)


@few
@given(cells=st.lists(st.tuples(texts, texts, texts), min_size=60, max_size=150))
def test_labels_that_are_words_are_told_alike(engines: Engines, cells: list[tuple[str, ...]]) -> None:
    typed_alike(engines, WORDS, [list(row) for row in cells], tidy=False)


@few
@given(numbers=st.lists(doubles, min_size=150, max_size=400))
def test_doubles_are_rounded_and_written_alike(engines: Engines, numbers: list[float]) -> None:
    numbers = [*numbers, 0.0, -0.0, -5065.0, 1.005e15, 2.0**-24, 2.0**-44, 2.0**-149, 0.125, 2.675, 0.001125]
    table = engines.table(["DOUBLE"], [[number] for number in numbers])
    places = [f"printf('%.{digits}f', greatest(-1e18, least(1e18, c0)))" for digits in (0, 1, 2, 6)]
    forms = [
        *places,
        "printf('%.2e', c0)",
        number_text("c0"),
        "floor(c0)",
        "trunc(c0) + 0.0",
        "isfinite(c0)",
        "c0 = floor(c0)",
    ]
    expected, found = engines.answers(f"SELECT c0, {', '.join(forms)} FROM {table}")
    for one, other in zip(expected, found, strict=True):
        assert repr(one) == repr(other), one[0]


@few
@given(rows=st.lists(st.tuples(part_numbers, part_numbers, part_numbers, times, times), min_size=60, max_size=150))
def test_derived_columns_are_the_same(engines: Engines, rows: list[tuple[object, ...]]) -> None:
    table = engines.table(["DOUBLE", "DOUBLE", "DOUBLE", "TIMESTAMP", "TIMESTAMP"], rows)
    expected, found = engines.answers(f"SELECT {', '.join(derived_sql(DERIVED))} FROM {table}")
    for row, one, other in zip(rows, expected, found, strict=True):
        assert repr(one) == repr(other), row


def test_numbers_that_are_none_are_written_alike(engines: Engines) -> None:
    table = engines.table(["DOUBLE"], [[math.nan], [math.inf], [-math.inf], [None], [-0.0], [1e16], [2.5e-308]])
    expected, found = engines.answers(f"SELECT {number_text('c0')}, isfinite(c0) FROM {table}")
    assert expected == found


@few
@given(numbers=st.lists(doubles, min_size=100, max_size=200))
def test_rows_are_told_in_the_same_json(engines: Engines, numbers: list[float]) -> None:
    rows: list[list[object]] = [
        [number, 'say "\\n"\n' if number > 1 else None, place % 7] for place, number in enumerate(numbers)
    ]
    rows += [[number, "", None] for number in (1e20, 1e21, 1e-6, 1e-7, 1e16, 0.1, None)]
    table = engines.table(["DOUBLE", "VARCHAR", "BIGINT"], rows)
    told = 'to_json(struct_pack("a ""b""" := CAST(c0 AS DOUBLE), c := c1, d := c2, e := c2 = 1))'
    expected, found = engines.answers(f"SELECT CAST({told} AS VARCHAR) FROM {table}")
    assert expected == found


def test_singles_are_written_alike(engines: Engines) -> None:
    numbers = [[number] for number in (0.1, 1e10, 16777216.0, 1.5e-7, 3.4e38, -0.3)]
    expected, found = engines.answers(
        f"SELECT {number_text('c0', 'FLOAT')} FROM {engines.table(['FLOAT'], numbers)}"
    )
    assert expected == found


@few
@given(names=st.lists(st.text(PRINTED, max_size=6), min_size=80, max_size=200))
def test_the_same_clients_are_held_out_and_text_is_ordered_by_its_bytes(
    engines: Engines, names: list[str]
) -> None:
    table = engines.table(["VARCHAR"], [[name] for name in [*names, "\uffff", "\U0001f600", None]])
    held = held_out(Columns("c0", "t", "1", "0", ()))
    expected, found = engines.answers(
        f"SELECT c0, {held}, row_number() OVER (ORDER BY c0 DESC, {held}), left(c0, 1), contains(c0, 'a') "
        f"FROM {table} ORDER BY c0, 3"
    )
    assert expected == found


def test_text_is_text_whatever_it_holds(engines: Engines) -> None:
    odd = [
        "it's",
        'a "b"',
        "back\\slash",
        "\\n",
        "new\nline",
        "tab\t",
        "${spark.app.name}",
        "`tick`",
        "%s ? :x",
        "\\u0041",
        "é\u0301",
    ]
    table = engines.table(["VARCHAR"], [[text] for text in odd])
    cases = ", ".join(f"c0 = {literal(text)}" for text in odd)
    name = quote('a `b` "c" d.e')
    expected, found = engines.answers(f"SELECT {cases}, c0 AS {name} FROM {table}")
    assert expected == found
    assert [sum(bool(cell) for cell in row[:-1]) for row in found] == [1] * len(odd)


def test_rows_are_numbered_in_the_order_of_files_and_of_their_rows(engines: Engines) -> None:
    files = [engines.folder / name for name in ("z.parquet", "a.parquet", "it's m%20 [1].parquet")]
    for place, file in enumerate(files):
        rows = [[f"{place}-{number}"] for number in range((3, 2000, 7)[place])]
        engines.table(["VARCHAR"], rows)
        (engines.folder / "table.parquet").rename(file)
    numbered = f"SELECT c0, row_number() OVER () AS n FROM (SELECT * FROM {read_parts(files)} WHERE c0 <> '0-1')"
    for session in (engines.duckdb, engines.spark):
        found = session.run(f"SELECT c0 FROM ({numbered}) ORDER BY n").fetchall()
        assert [name for (name,) in found] == [
            "0-0",
            "0-2",
            *(f"1-{number}" for number in range(2000)),
            *(f"2-{number}" for number in range(7)),
        ]
        assert session.run(f"SELECT c0 FROM {read_parts(files)}").fetchnumpy()["c0"].tolist()[2:5] == [
            "0-2",
            "1-0",
            "1-1",
        ]


def test_numbered_rows_are_read_in_order_through_a_query_around_them(engines: Engines) -> None:
    table = engines.table(["VARCHAR"], [[str(number)] for number in range(3000)])
    numbered = f"SELECT c0, n FROM (SELECT *, row_number() OVER () AS n FROM {table})"
    for session in (engines.duckdb, engines.spark):
        found = session.run(f"SELECT * FROM ({numbered}) WHERE n % 50 = 0").fetchnumpy()
        assert set(found) == {"c0", "n"}
        assert found["c0"].tolist() == [str(number - 1) for number in range(50, 3001, 50)]


def test_aggregates_agree(engines: Engines) -> None:
    rows = [[place % 7 / 3 if place % 5 else None, place % 20] for place in range(2000)]
    table = engines.table(["DOUBLE", "BIGINT"], rows)
    expected, found = engines.answers(
        "SELECT count(*), count(c0), count(DISTINCT c0), sum(c1), avg(c0), stddev_samp(c0), min(c0), max(c0), "
        "[count(c0), avg(c0)], quantile_cont(c0, [0.0, 0.005, 0.5, 0.995, 1.0]), quantile_cont(c0, 0.3), "
        "count(*) FILTER (c0 > 1), median(c0), (sum(c1) // 7) % 5, sum(CAST(c1 AS HUGEINT)) "
        f"FROM {table}"
    )
    for one, other in zip(expected[0], found[0], strict=True):
        assert other == pytest.approx(one, rel=1e-12)
    bins = "histogram(CAST(least(19, floor(c1 / 1e0)) AS UTINYINT))"
    [(counts, fewer)], [(same, alike)] = engines.answers(
        f"SELECT {bins}, {bins} FILTER (c0 IS NOT NULL) FROM {table}"
    )
    assert {key: count for key, count in same.items() if count} == counts  # type: ignore[attr-defined]
    assert {key: count for key, count in alike.items() if count} == fewer  # type: ignore[attr-defined]


def test_what_is_not_in_a_list_is_left_out(engines: Engines) -> None:
    table = engines.table(["BIGINT", "VARCHAR"], [[place, str(place)] for place in range(10)])
    expected, found = engines.answers(
        f"SELECT c0 FROM {table} WHERE c0 NOT IN (SELECT c0 * 2 FROM {table}) "
        f"AND c1 IN (SELECT c1 FROM {table}) ORDER BY c0"
    )
    assert expected == found == [(1,), (3,), (5,), (7,), (9,)]


def test_clients_are_scored_and_reasons_worded_alike(engines: Engines) -> None:
    frame, _ = mixed_clients(rows=300)
    numeric = {column.name for column in MIXED.numeric}
    names = [str(name) for name in frame]
    cells = [[None if pd.isna(cell) else cell for cell in row] for row in frame.itertuples()]
    table = engines.table(["BIGINT", *("DOUBLE" if name in numeric else "VARCHAR" for name in names)], cells)
    card = trained_on_mixed_clients().scorecard
    placing = ", ".join(f"c{names.index(name) + 1} AS x{place}" for place, name in enumerate(card.features))
    scored = (
        f"(SELECT *, {log_odds_sql(placed(card))} AS log_odds FROM (SELECT c0 AS place, {placing} FROM {table}))"
    )
    told = replace(MIXED, display=tuple(Display(name, f"the {name}", "EUR") for name in card.features))
    expected, found = engines.answers(
        f"SELECT * FROM ({reasons_query(card, scored, ['place', 'log_odds'], schema=told)}) ORDER BY place"
    )
    assert [row[2:] for row in found] == [row[2:] for row in expected]
    assert [row[1] for row in found] == pytest.approx([row[1] for row in expected], rel=0, abs=1e-12)


def test_numbers_are_written_for_people_alike(engines: Engines) -> None:
    ends = [end * scale for end in (1.0, 1.5, 2.25, 9.9996) for scale in (1e-5, 1e-3, 0.1, 1.0, 10.0, 100.0, 1e5)]
    numbers = [*ends, 999.95, 999.949, 1000.5, 1001.5, 1e14 + 0.5, 123456789.0, 1e15, 1e20, 0.0]
    table = engines.table(["BIGINT", "DOUBLE"], [[*each] for each in enumerate([*numbers, None])])
    shape = NumericShape("c1", (0.0, 1.0), ((1.0, 0.0),), missing=0.0, mean=0.0)
    expected, found = engines.answers(
        f"SELECT {value_text(shape, 'c1', 'EUR')}, {value_text(shape, '(-c1)')} FROM {table} ORDER BY c0"
    )
    assert found == expected


@few
@given(cells=st.lists(st.tuples(st.text(PRINTED, max_size=5), doubles), min_size=30, max_size=80))
def test_the_same_bytes_of_csv_and_kinds_of_parquet_are_written(
    engines: Engines, cells: list[tuple[str, float]]
) -> None:
    odd = ["", "#", '"', ",", "a,b", "\r", "\n", " ", "'", "null", "NULL", "\\", "\t", "a\r\nb", ";"]
    rows: list[list[object]] = [[text, number, place] for place, (text, number) in enumerate(cells)]
    rows.extend([text, None, None] for text in odd)
    rows.append([None, 1.0, 1])
    query = (
        f'SELECT c0 AS "a ""b"", c", c1, c2, 1 AS one FROM {engines.table(["VARCHAR", "DOUBLE", "BIGINT"], rows)}'
    )
    written = []
    for session in (engines.duckdb, engines.spark):
        csv, parquet = engines.folder / "made.csv", engines.folder / "made.parquet"
        session.write_csv(query, csv)
        session.write_parquet(query, parquet)
        kinds = dict(engines.duckdb.describe(parquet))
        stored = engines.duckdb.run(f"SELECT * FROM read_parquet('{parquet}')").fetchall()
        written.append((csv.read_bytes(), kinds, stored))
    assert written[0] == written[1]
