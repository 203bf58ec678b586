from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydantic import TypeAdapter

from risk_assets.domain.columns import MAX_MAGNITUDE
from risk_assets.domain.model.scorecard import Scorecard
from risk_assets.domain.model.shapes import CategoricalShape, NumericShape
from risk_assets_tests.domain.clients import trained_on_mixed_clients

BENT = NumericShape("activity", (0.0, 10.0, 30.0), ((1.0, 0.0, 2.0), (0.0, -4.0, 3.0)), missing=0.25, mean=1.0)
REGION = CategoricalShape("region", {"north": 0.5, "south": -0.5}, unknown=0.1, missing=-2.0, mean=0.2)
CARD = Scorecard(-1.0, 0.5, (BENT,), (REGION,))

numbers = st.floats(-MAX_MAGNITUDE, MAX_MAGNITUDE) | st.just(math.nan)


def values(*numbers: float) -> NDArray[Any]:
    return np.array(numbers, dtype=np.float64)


def texts(*names: str | None) -> NDArray[Any]:
    return np.array(names, dtype=object)


def test_each_piece_is_a_polynomial_in_the_share_of_the_piece_that_is_passed() -> None:
    assert BENT(values(0, 5, 10, 20)).tolist() == [2.0, 2.25, 3.0, 1.0]


def test_beyond_the_outer_breaks_a_shape_goes_on_as_a_constant() -> None:
    assert BENT(values(-1e100, -1, 30, 31, 1e100)).tolist() == [2.0, 2.0, -1.0, -1.0, -1.0]


def test_missing_and_unknown_cells_have_values_of_their_own() -> None:
    assert BENT(values(math.nan, 0)).tolist() == [0.25, 2.0]
    assert REGION(texts("south", None, "Atlantis", "")).tolist() == [-0.5, -2.0, 0.1, 0.1]


def test_the_risk_is_the_logistic_function_of_intercept_and_shapes() -> None:
    risk = CARD.risk({"activity": values(10), "region": texts("north")})
    assert risk.tolist() == pytest.approx([1 / (1 + math.exp(-(-1.0 + 3.0 + 0.5)))])


def test_contributions_and_the_average_client_add_up_to_the_log_odds() -> None:
    columns = {"activity": values(3, math.nan, 25), "region": texts("north", None, "x")}
    risk = CARD.risk(columns)
    average = CARD.intercept + BENT.mean + REGION.mean
    assert CARD.contributions(columns).sum(axis=1) + average == pytest.approx(np.log(risk / (1 - risk)))


def test_a_feature_is_asked_for_its_shape_by_name() -> None:
    assert CARD.features == ("activity", "region")
    assert CARD.shape_value("activity", values(5)).tolist() == [2.25]
    assert CARD.shape_value("region", texts("north")).tolist() == [0.5]


@pytest.mark.parametrize("infinity", [math.inf, -math.inf])
def test_an_infinite_value_is_refused_with_the_name_of_its_column(infinity: float) -> None:
    with pytest.raises(ValueError, match="activity: an infinite value"):
        CARD.risk({"activity": values(1, infinity), "region": texts("north", "north")})


@pytest.mark.parametrize("steep", [1e4, 1e300])
def test_log_odds_beyond_any_double_give_a_certain_risk_without_a_warning(steep: float) -> None:
    line = NumericShape("x", (-1.0, 1.0), ((2 * steep, -steep),), missing=0.0, mean=0.0)
    risk = Scorecard(0.0, 0.5, (line,), ()).risk({"x": values(-1, 0, 1)})
    assert risk.tolist() == pytest.approx([0.0, 0.5, 1.0])


def test_no_rows_have_no_risks() -> None:
    assert CARD.risk({"activity": values(), "region": texts()}).shape == (0,)
    assert CARD.contributions({"activity": values(), "region": texts()}).shape == (0, 2)


@given(rows=st.lists(numbers, min_size=1, max_size=20))
def test_a_row_has_the_same_risk_alone_and_among_others(rows: list[float]) -> None:
    together = CARD.risk({"activity": values(*rows), "region": texts(*["north"] * len(rows))})
    alone = [CARD.risk({"activity": values(row), "region": texts("north")})[0] for row in rows]
    assert together.tolist() == alone


@given(
    activity=st.floats(-MAX_MAGNITUDE, MAX_MAGNITUDE) | st.none(), region=st.sampled_from(["north", "east", None])
)
def test_one_client_by_plain_numbers_has_the_risk_that_arrays_give_it(
    activity: float | None, region: str | None
) -> None:
    array = math.nan if activity is None else activity

    alone = CARD.risk_of({"activity": activity, "region": region})

    assert alone == pytest.approx(CARD.risk({"activity": values(array), "region": texts(region)})[0], abs=1e-15)


@given(floats=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=4, max_size=4))
def test_json_gives_back_exactly_the_same_scorecard(floats: list[float]) -> None:
    line = NumericShape("x", (-1.0, 1.0), ((floats[0], floats[1]),), missing=floats[2], mean=floats[3])
    card = Scorecard(
        floats[0], 0.5, (line,), (CategoricalShape("y", {"é\n": floats[1]}, floats[0], floats[1], floats[2]),)
    )
    adapter = TypeAdapter(Scorecard)
    assert adapter.validate_json(adapter.dump_json(card)) == card


def test_a_trained_scorecard_survives_json_exactly() -> None:
    card, adapter = trained_on_mixed_clients().scorecard, TypeAdapter(Scorecard)
    assert adapter.validate_json(adapter.dump_json(card)) == card
