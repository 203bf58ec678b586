from __future__ import annotations

import dataclasses
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from risk_assets.domain.drift.profile import Profile, profile_of
from risk_assets.reporting.charts.effects import CategoricalEffect, NumericEffect, effects
from risk_assets.reporting.charts.shapes import odds_ticks
from risk_assets_tests.reporting import samples


def numeric_effect() -> NumericEffect:
    found = effects(samples.scorecard(("x",)), samples.profile(("x",)), 6)[0]
    assert isinstance(found, NumericEffect)
    return found


def test_a_numeric_effect_is_the_shape_against_the_average_client() -> None:
    effect, shape = numeric_effect(), samples.numeric_shape("x")
    assert effect.log_odds == pytest.approx(shape(effect.x) - shape.mean)
    assert effect.missing == pytest.approx(shape.missing - shape.mean)


def shares_of(values: list[float]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the edges and shares of the bars that are drawn for a column of these values."""
    profile = replace(samples.profile(("x",)), numeric=(profile_of("x", np.array(values)),))
    effect = effects(samples.scorecard(("x",)), profile, 6)[0]
    assert isinstance(effect, NumericEffect)
    return effect.edges, effect.shares


@given(st.lists(st.integers(-3, 3).map(float) | st.floats(-1e6, 1e6), min_size=1, max_size=300))
def test_the_bars_hold_all_clients_whatever_the_values(values: list[float]) -> None:
    _, shares = shares_of(values)
    assert shares.sum() == pytest.approx(1)
    assert shares.min() >= 0


@pytest.mark.parametrize("zeros", [0.1, 1 / 3, 0.5, 0.9])
def test_a_column_of_zeros_and_ones_has_a_bar_at_each_as_high_as_they_are_frequent(zeros: float) -> None:
    _, shares = shares_of([0.0] * round(3000 * zeros) + [1.0] * round(3000 * (1 - zeros)))
    assert shares[0] == pytest.approx(zeros, abs=0.006)
    assert shares[-1] == pytest.approx(1 - zeros, abs=0.006)


@pytest.mark.parametrize("tied", [0.0, 37.0, 100.0])
def test_a_value_that_a_third_of_the_clients_share_has_a_bar_of_a_third_wherever_it_lies(tied: float) -> None:
    edges, shares = shares_of([tied] * 1000 + np.linspace(0, 100, 2000).tolist())
    bar = min(int(np.searchsorted(edges, tied, side="right")) - 1, len(shares) - 1)
    assert shares[bar] == pytest.approx(1 / 3 + 2 / 3 / len(shares), abs=0.012)


def test_the_strongest_feature_comes_first() -> None:
    found = effects(samples.scorecard(categorical=("contract",)), samples.profile(categorical=("contract",)), 6)
    strengths = [effect.strength for effect in found]
    assert strengths == sorted(strengths, reverse=True)
    assert strengths[0] > strengths[-1] > 0


def test_a_categorical_effect_names_the_most_frequent_values_and_counts_the_rest() -> None:
    values = tuple("abcdefgh")
    scorecard = dataclasses.replace(samples.scorecard(()), categorical=(samples.categorical_shape("c", values),))
    profile = Profile(1, 1, 1, (), (samples.categorical_profile("c", values),))
    (effect,) = effects(scorecard, profile, 6)
    assert isinstance(effect, CategoricalEffect)
    assert effect.names == tuple("abcdef")
    assert effect.left_out == 2
    assert effect.shares[0] == pytest.approx(0.5)


def test_without_a_profile_a_numeric_effect_spans_the_breaks_of_its_shape() -> None:
    (effect,) = effects(samples.scorecard(("x",)), Profile(0, 0, 0, (), ()), 6)
    assert isinstance(effect, NumericEffect)
    assert np.all((effect.x >= 0) & (effect.x <= 160))


@pytest.mark.parametrize(("reach", "texts"), [(0.7, ("÷ 2", "× 1", "× 2")), (1.2, ("÷ 3", "× 1", "× 3"))])
def test_the_ticks_of_the_odds_are_round_factors_within_reach(reach: float, texts: tuple[str, ...]) -> None:
    places, found = odds_ticks(reach)
    assert found == texts
    assert max(places) <= reach
