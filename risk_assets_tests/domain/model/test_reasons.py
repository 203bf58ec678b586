from __future__ import annotations

import math

import numpy as np
import pytest

from risk_assets.domain.model.reasons import odds_text, reasons, value_text
from risk_assets.domain.model.scorecard import CategoricalShape, NumericShape, Scorecard


def line(name: str, at_ten: float, *, missing: float = 0.0) -> NumericShape:
    """A straight line from 0 at 0 to `at_ten` at 10; the average client stands at 0."""
    return NumericShape(name, (0.0, 10.0), ((at_ten, 0.0),), missing=missing, mean=0.0)


CARD = Scorecard(
    0.0,
    0.5,
    (line("activity", -2.0, missing=math.log(3.5)), line("size", 1.0), line("age", 1.0)),
    (CategoricalShape("region", {"north": 0.5}, unknown=0.0, missing=0.0, mean=0.0),),
)


def say(activity: float, size: float, age: float, region: str | None, k: int = 3) -> list[str]:
    cells = {"activity": activity, "size": size, "age": age}
    columns = {name: np.array([cell]) for name, cell in cells.items()}
    [found] = reasons(CARD, {**columns, "region": np.array([region], dtype=object)}, k)
    return [reason.text for reason in found]


def test_a_risk_below_the_average_is_first_explained_by_what_lowers_it() -> None:
    assert say(10, 5, 0, "north") == [
        "activity is 10: odds ÷ 7.4",
        "size is 5: odds × 1.6",
        "region is north: odds × 1.6",
    ]


def test_a_risk_above_the_average_is_first_explained_by_what_raises_it() -> None:
    assert say(10, 10, 10, "north", k=4) == [
        "size is 10: odds × 2.7",
        "age is 10: odds × 2.7",
        "region is north: odds × 1.6",
        "activity is 10: odds ÷ 7.4",
    ]


def test_what_speaks_against_the_risk_only_fills_the_places_that_are_left() -> None:
    assert say(10, 10, 10, "north") == [
        "size is 10: odds × 2.7",
        "age is 10: odds × 2.7",
        "region is north: odds × 1.6",
    ]
    assert say(8, 10, 9, None) == ["size is 10: odds × 2.7", "age is 9: odds × 2.5", "activity is 8: odds ÷ 5.0"]


def test_effects_that_cancel_out_count_as_a_risk_above_the_average() -> None:
    assert say(5, 10, 0, None) == ["size is 10: odds × 2.7", "activity is 5: odds ÷ 2.7"]


def test_an_effect_too_weak_for_words_takes_no_place() -> None:
    assert say(2, 6, 0.4, None, k=2) == ["size is 6: odds × 1.8", "activity is 2: odds ÷ 1.5"]


def test_equally_strong_reasons_stand_in_the_order_of_the_features() -> None:
    assert say(0, 10, 10, None, k=1) == ["size is 10: odds × 2.7"]


def test_a_missing_cell_is_said_to_be_missing() -> None:
    assert say(math.nan, 0, 0, None) == ["activity is missing: odds × 3.5"]


def test_an_average_client_has_no_reasons() -> None:
    assert say(0, 0.4, 0, "unheard of") == []


def test_a_reason_carries_the_figure_that_its_words_round() -> None:
    columns = {name: np.array([10.0]) for name in ("activity", "size", "age")}
    [found] = reasons(CARD, {**columns, "region": np.array([None], dtype=object)})
    assert [(reason.feature, reason.contribution) for reason in found] == [
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
