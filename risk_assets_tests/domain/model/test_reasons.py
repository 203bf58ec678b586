from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk_assets.domain.columns import UNDESCRIBED, Columns
from risk_assets.domain.display import Display
from risk_assets.domain.model.forms import Basis
from risk_assets.domain.model.reasons import reasons
from risk_assets.domain.model.scorecard import Family, Scorecard
from risk_assets.domain.model.shapes import CategoricalShape, NumericShape, PairTable
from risk_assets.domain.model.words import odds_text, risk_text, value_text
from risk_assets_tests.domain.clients import clients_of_every_form, trained_on_every_form


def line(name: str, at_ten: float, *, missing: float = 0.0, usual: float | None = 0.0) -> NumericShape:
    """A straight line from 0 at 0 to `at_ten` at 10; the usual client stands at 0."""
    return NumericShape(name, (0.0, 10.0), ((at_ten, 0.0),), missing=missing, mean=0.0, usual=usual)


CARD = Scorecard(
    0.0,
    0.5,
    (line("activity", -2.0, missing=math.log(3.5)), line("size", 1.0), line("age", 1.0)),
    (CategoricalShape("region", {"north": 0.5}, unknown=0.0, missing=0.0, mean=0.0, usual="south"),),
)


def texts(card: Scorecard, k: int = 3, schema: Columns = UNDESCRIBED, **cells: float | str | None) -> list[str]:
    """The reasons of one client."""
    columns = {
        name: np.array([cell], dtype=object if cell is None or isinstance(cell, str) else float)
        for name, cell in cells.items()
    }
    [found] = reasons(card, columns, k, schema=schema)
    return [reason.text for reason in found]


def say(activity: float, size: float, age: float, region: str | None, k: int = 3) -> list[str]:
    return texts(CARD, k, activity=activity, size=size, age=age, region=region)


def test_a_risk_below_the_usual_one_is_first_explained_by_what_lowers_it() -> None:
    assert say(10, 5, 0, "north") == [
        "activity is 10 (usual: 0): 27 %, with the usual value 73 %",
        "size is 5 (usual: 0): 27 %, with the usual value 18 %",
        "region is north (usual: south): 27 %, with the usual value 18 %",
    ]


def test_a_risk_above_the_usual_one_is_first_explained_by_what_raises_it() -> None:
    assert say(10, 10, 10, "north", k=4) == [
        "size is 10 (usual: 0): 62 %, with the usual value 38 %",
        "age is 10 (usual: 0): 62 %, with the usual value 38 %",
        "region is north (usual: south): 62 %, with the usual value 50 %",
        "activity is 10 (usual: 0): 62 %, with the usual value 92.4 %",
    ]


def test_what_speaks_against_the_risk_only_fills_the_places_that_are_left() -> None:
    assert say(10, 10, 10, "north") == say(10, 10, 10, "north", k=4)[:3]
    assert [text.split()[0] for text in say(8, 10, 9, None)] == ["size", "age", "activity"]


def test_effects_that_cancel_out_count_as_a_risk_above_the_usual_one() -> None:
    assert [text.split()[0] for text in say(5, 10, 0, None)] == ["size", "activity"]


def test_an_effect_too_weak_for_words_takes_no_place() -> None:
    assert [text.split()[0] for text in say(2, 6, 1.1, None, k=3)] == ["size", "activity"]


def test_equally_strong_reasons_stand_in_the_order_of_the_features() -> None:
    assert say(0, 10, 10, None, k=1) == ["size is 10 (usual: 0): 88 %, with the usual value 73 %"]


def test_a_missing_cell_is_said_to_be_missing() -> None:
    assert say(math.nan, 0, 0, None) == ["activity is missing (usual: 0): 78 %, with the usual value 50 %"]


def test_where_the_usual_value_is_not_known_the_average_stands_for_it() -> None:
    card = Scorecard(0.0, 0.5, (line("activity", -2.0, usual=None),), ())
    assert texts(card, activity=10.0) == ["activity is 10: 12 %, on average 50 %"]


def test_a_derived_column_and_what_it_is_made_of_are_told_as_one() -> None:
    family = Family(("trend",), ("now", "before"))
    card = Scorecard(
        0.0, 0.5, (line("now", 1.0), line("before", -1.0), line("trend", -2.0)), (), families=(family,)
    )
    assert texts(card, now=5.0, before=5.0, trend=1.0) == [
        "trend is 1 (now 5, before 5; usual: 0): 45 %, with the usual values 50 %"
    ]


def test_what_a_pair_does_belongs_to_the_reasons_of_both_columns() -> None:
    flag = Basis("flag", (0.0, 10.0), 1)
    kind = Basis("kind", (), 1, ("a", "b"), categorical=True)
    pair = PairTable(flag, kind, ((0.0,) * 4, (0.0, 2.0, 0.0, 0.0), (0.0,) * 4), mean=0.0)
    shape = CategoricalShape("kind", {"a": 0.0, "b": 0.0}, unknown=0.0, missing=0.0, mean=0.0, usual="a")
    card = Scorecard(0.0, 0.5, (line("flag", 0.0),), (shape,), (pair,))
    assert texts(card, flag=10.0, kind="b") == [
        "flag is 10 (usual: 0): 88 %, with the usual value 50 %",
        "kind is b (usual: a): 88 %, with the usual value 50 %",
    ]
    assert texts(card, flag=0.0, kind="b") == []


@given(row=st.integers(0, 2999))
def test_the_risk_named_is_the_one_that_the_usual_value_gives(row: int) -> None:
    card, rows = trained_on_every_form().scorecard, clients_of_every_form().features
    one = {name: cells[row : row + 1] for name, cells in rows.items()}
    [found] = reasons(card, one)
    for reason in found:
        usual: dict[str, Any] = {
            **one,
            reason.feature: np.array([card.usual[reason.feature]], dtype=one[reason.feature].dtype),
        }
        assert reason.text.endswith(f" {risk_text(card.risk(usual)[0])}")
        assert risk_text(card.risk(one)[0]) in reason.text


LABELLED = Columns(
    "client",
    "left",
    "1",
    "0",
    (),
    display=(
        Display("activity", "Activity last month", "calls"),
        Display("size", "Employees", actionable=False),
        Display("region", "Sales region"),
    ),
)


def test_a_reason_has_the_label_and_the_unit_of_its_column_and_groups_thousands() -> None:
    card = Scorecard(
        0.0, 0.5, (NumericShape("size", (0.0, 2e5), ((2.0, 0.0),), missing=0.0, mean=0.0, usual=1200.4),), ()
    )
    columns = Columns("client", "left", "1", "0", (), display=(Display("size", "Employees", "people"),))
    assert texts(card, schema=columns, size=138192.98) == [
        "Employees is 138,193 people (usual: 1,200): 80 %, with the usual value 50 %"
    ]
    assert texts(CARD, schema=LABELLED, activity=math.nan, size=0.0, age=0.0, region=None) == [
        "Activity last month is missing (usual: 0): 78 %, with the usual value 50 %"
    ]


def test_what_nobody_can_act_on_explains_but_never_leads() -> None:
    found = texts(CARD, 4, schema=LABELLED, activity=2.0, size=10.0, age=9.0, region="north")
    assert [text.split(" is ")[0] for text in found] == ["age", "Sales region", "Activity last month", "Employees"]
    assert texts(CARD, schema=LABELLED, activity=0.0, size=10.0, age=0.0, region=None) == [
        "Employees is 10 (usual: 0): 73 %, with the usual value 50 %"
    ]


def test_a_family_is_one_to_act_on_where_one_of_its_columns_is() -> None:
    card = Scorecard(
        0.0,
        0.5,
        (line("now", 1.0), line("before", -1.0), line("trend", -2.0), line("age", 9.0)),
        (),
        families=(Family(("trend",), ("now", "before")),),
    )
    unable = tuple(Display(name, actionable=False) for name in ("now", "trend", "age"))
    columns = Columns("client", "left", "1", "0", (), display=unable)
    found = texts(card, schema=columns, now=0.0, before=0.0, trend=10.0, age=10.0)
    assert [text.split()[0] for text in found] == ["trend", "age"]


def test_a_usual_client_has_no_reasons() -> None:
    assert say(0, 0.4, 0, "unheard of") == []


def test_a_reason_carries_the_figure_that_its_words_round() -> None:
    columns = {name: np.array([10.0]) for name in ("activity", "size", "age")}
    [found] = reasons(CARD, {**columns, "region": np.array([None], dtype=object)})
    assert [(reason.feature, reason.effect) for reason in found] == [
        ("size", 1.0),
        ("age", 1.0),
        ("activity", -2.0),
    ]


def test_no_clients_have_no_reasons() -> None:
    columns = {name: np.array([]) for name in ("activity", "size", "age")}
    assert reasons(CARD, {**columns, "region": np.array([], dtype=object)}) == []


@pytest.mark.parametrize(
    ("contribution", "text"),
    [
        (math.log(3.52), "odds × 3.5"),
        (-math.log(3.52), "odds ÷ 3.5"),
        (math.log(12.4), "odds × 12"),
        (math.log(999), "odds × 999"),
        (-math.log(1000.1), "odds ÷ over 1000"),
        (1e300, "odds × over 1000"),
    ],
)
def test_a_contribution_is_told_as_a_factor_of_the_odds(contribution: float, text: str) -> None:
    assert odds_text(contribution) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3.0, "3"),
        (-0.0, "0"),
        (12_000, "12,000"),
        (138192.98, "138,193"),
        (-2.5e9, "-2,500,000,000"),
        (999.96, "1,000"),
        (312.25, "312.2"),
        (29.854, "29.85"),
        (-0.0154, "-0.015"),
        (0.0004, "4.00e-04"),
        (-1e100, "-1.00e+100"),
        (1e15, "1.00e+15"),
        (math.nan, "missing"),
        (None, "missing"),
        ("Month-to-month", "Month-to-month"),
    ],
)
def test_a_cell_is_written_as_people_write_it(value: object, text: str) -> None:
    assert value_text(value) == text
