from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk_assets.domain.model.basis import Basis
from risk_assets.domain.model.reasons import odds_text, reasons, risk_text, value_text
from risk_assets.domain.model.scorecard import Family, Scorecard
from risk_assets.domain.model.shapes import CategoricalShape, NumericShape, PairTable
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


def texts(card: Scorecard, k: int = 3, **cells: float | str | None) -> list[str]:
    """The reasons of one client."""
    columns = {
        name: np.array([cell], dtype=object if cell is None or isinstance(cell, str) else float)
        for name, cell in cells.items()
    }
    [found] = reasons(card, columns, k)
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
        (12_000, "12000"),
        (29.85, "29.85"),
        (-0.015, "-0.01"),
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
