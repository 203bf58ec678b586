from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk_assets.domain.columns import BLANKS, Columns, NumericColumn
from risk_assets.domain.file_form import MISSING
from risk_assets.domain.labels import canonical_label, number_of
from risk_assets.engine.duck.session import DuckSession
from risk_assets.engine.intake.rules import Rule, rules_for, typed

LABEL_PAIRS = [("1", "0"), ("0", "1"), ("Yes", "No"), ("2", "3.5"), ("true story", "1")]
SPELLINGS = [
    "1",
    "0",
    "1.0",
    "true",
    "False",
    "TRUE ",
    " 0",
    "1e0",
    "+1",
    "-0",
    "Yes",
    "No",
    "yes",
    "",
    "2.0",
    "3.50",
]
SPELLINGS += ["1_0", "nan", "inf", "1\xa0", "\v1", "true story", "0x1", "+-1", "2,0"]
texts = st.one_of(st.sampled_from(SPELLINGS), st.text(st.sampled_from("01.eE+-_ YesNotru\xa0\t"), max_size=6))


def read_texts(
    columns: Columns, rows: list[tuple[str | None, ...]], *, tidy: bool, rules: Sequence[Rule] = ()
) -> list[tuple[object, ...]]:
    """Type rows of texts (r0, r1, …) and return their values and the fault of each, in order."""
    with duckdb.connect() as connection:
        session = DuckSession(columns, connection)
        names = [f"r{place}" for place in range(len(columns.names))]
        session.run(f"CREATE TABLE texts ({', '.join(f'{name} VARCHAR' for name in names)})")
        connection.executemany(f"INSERT INTO texts VALUES ({', '.join('?' for _ in names)})", rows)
        rules = rules or rules_for(columns, columns.names)
        values = ", ".join(f"v{place}" for place in range(len(names)))
        query = typed(columns, rules, "SELECT nullif(COLUMNS(*), '') FROM texts", tidy=tidy)
        found = session.run(f"SELECT {values}, fault, value FROM ({query})").fetchall()
        return [(*row[:-2], None if row[-2] is None else rules[row[-2]].reason(row[-1])) for row in found]


@settings(max_examples=30)
@given(pair=st.sampled_from(LABEL_PAIRS), spellings=st.lists(texts, min_size=1, max_size=20))
def test_labels_are_compared_as_canonical_label_does(pair: tuple[str, str], spellings: list[str]) -> None:
    columns = Columns("id", "target", pair[0], pair[1], ())
    found = read_texts(columns, [("A", text) for text in spellings], tidy=False)
    expected = [label if (label := canonical_label(text)) in pair else None for text in spellings]
    assert [None if row[1] is None else str(row[1]) for row in found] == expected


def test_numbers_are_those_that_number_of_takes() -> None:
    alphabet = "07.eE+-_ inf\v"
    spellings = ["".join(letters) for size in (1, 2, 3, 4) for letters in itertools.product(alphabet, repeat=size)]
    columns = Columns("id", "target", "1", "0", (NumericColumn("x"),))
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE spelled AS SELECT unnest(?) AS r", [spellings])
        session = DuckSession(columns, connection)
        source = "SELECT 'A' AS r0, CAST(r AS VARCHAR) AS r1, '1' AS r2 FROM spelled"
        query = typed(columns, rules_for(columns, columns.names), source, tidy=False)
        found = session.run(f"SELECT v1, fault FROM ({query})").fetchall()
    for text, (value, fault) in zip(spellings, found, strict=True):
        expected = number_of(text)
        if expected is None:
            assert (fault is None) == (text.strip(BLANKS).lower() in {"", *MISSING}), text
        elif abs(expected) <= 1e100:
            assert (value, fault) == (expected, None), text
        else:
            assert fault is not None, text


@pytest.mark.parametrize("tidy", [False, True])
def test_the_first_broken_rule_is_named_with_the_value(*, tidy: bool) -> None:
    columns = Columns("id", "left", "1", "0", (NumericColumn("a", 0, 10), NumericColumn("b")), ("k",))
    rows: list[tuple[str | None, ...]] = [
        ("A", "10", "1e100", "n", "1"),
        ("A", "", "", "", "0"),
        ("", "1", "1", "n", "1"),
        ("A", "11", "x", "n", "1"),
        ("A", "-0.5", "1", "n", "1"),
        ("A", "1", "1e101", "n", "1"),
        ("A", "1", "1", "n", "5"),
        ("id", "a", "b", "k", "left"),
        ("A", "y" * 200, "1", "n", "1"),
    ]
    assert [row[-1] for row in read_texts(columns, rows, tidy=tidy)] == [
        None,
        None,
        "id is empty",
        'a: "11" is above 10',
        'a: "-0.5" is below 0',
        'b: "1e101" is beyond 1e+100',
        'left: "5" is neither 1 nor 0',
        "is the header again",
        f'a: "{"y" * 80}…" is not a number',
    ]


def test_minus_zero_is_zero_so_that_equal_rows_have_equal_bytes() -> None:
    columns = Columns("id", "left", "1", "0", (NumericColumn("a"),))
    found = read_texts(columns, [("A", "-0", "1"), ("A", "-0.0", "1")], tidy=True)
    assert [str(row[1]) for row in found] == ["0.0", "0.0"]


def test_a_rule_that_is_added_is_applied() -> None:
    columns = Columns("id", "left", "1", "0", (NumericColumn("calls", 0),))
    rules = (*rules_for(columns, columns.names), Rule("v1 = 13", "is unlucky", "calls", "r1"))
    found = read_texts(columns, [("A", "12", "1"), ("B", "13", "0")], tidy=False, rules=rules)
    assert [row[-1] for row in found] == [None, 'calls: "13" is unlucky']


@pytest.mark.parametrize("tidy", [False, True])
def test_quick_conditions_hide_no_fault(*, tidy: bool) -> None:
    columns = Columns("id", "left", "1", "0", (NumericColumn("calls", -2, 1e50),), ("k",))
    odd = ["", "1", "-3", "nan", "inf", "1e60", "1e120", "x", "calls", *([] if tidy else [" ", "1_0", "+-1"])]
    rows: list[tuple[str | None, ...]] = [
        (name, calls, "k", label) for name in ("A", "id", "") for calls in odd for label in ("1", "", "left")
    ]
    rules = rules_for(columns, columns.names, tidy=tidy)
    careful = [dataclasses.replace(rule, kept="false") for rule in rules]
    expected = [row[-1] for row in read_texts(columns, rows, tidy=tidy, rules=careful)]
    assert [row[-1] for row in read_texts(columns, rows, tidy=tidy, rules=rules)] == expected
    assert set(expected) >= {None, "is the header again", 'calls: "-3" is below -2'}
