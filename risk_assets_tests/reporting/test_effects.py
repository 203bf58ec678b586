from __future__ import annotations

import dataclasses
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from risk_assets.domain.drift.profile import CategoricalProfile, Profile, profile_of
from risk_assets.domain.model.uncertainty import Uncertainty
from risk_assets.reporting.charts.effects import CategoricalEffect, Effect, Mark, NumericEffect, effects, reach_of
from risk_assets.reporting.charts.shapes import odds_ticks
from risk_assets_tests.domain.clients import trained_on_every_form
from risk_assets_tests.reporting import samples


def numeric_effect() -> NumericEffect:
    found = effects(samples.scorecard(("x",)), samples.profile(("x",)), 6)[0]
    assert isinstance(found, NumericEffect)
    return found


def test_a_numeric_effect_is_the_shape_against_the_average_client() -> None:
    effect, shape = numeric_effect(), samples.numeric_shape("x")
    assert effect.log_odds == pytest.approx(shape(effect.x) - shape.mean)
    assert effect.missing.log_odds == pytest.approx(shape.missing - shape.mean)


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


def of_every_form(column: str) -> Effect:
    scorecard = trained_on_every_form().scorecard
    return next(effect for effect in effects(scorecard, Profile(0, 0, 0, (), ()), 6) if effect.column == column)


def test_the_band_is_wider_where_there_are_fewer_rows() -> None:
    effect = of_every_form("activity")
    assert isinstance(effect, NumericEffect)
    assert effect.half is not None
    assert effect.half[0] > 3 * effect.half[len(effect.half) // 2]
    assert effect.half[-1] > 3 * effect.half[len(effect.half) // 2]


def test_a_value_that_many_clients_share_has_a_mark_and_leaves_the_curve_alone() -> None:
    effect, shape = of_every_form("balance__eur"), trained_on_every_form().scorecard.shape("balance__eur")
    assert isinstance(effect, NumericEffect)
    [(level, mark)] = effect.levels
    assert level == 0
    assert mark.log_odds == pytest.approx(shape.at(0.0) - shape.mean)  # type: ignore[arg-type]
    assert mark.half
    assert effect.x[0] == 0
    assert abs(effect.log_odds[0] - mark.log_odds) > 0.1


def test_what_the_training_never_saw_is_told_least_surely() -> None:
    never, often = of_every_form("activity").missing, of_every_form("balance__eur").missing
    assert never.half is not None
    assert often.half is not None
    assert never.half > 3 * often.half


def test_rare_and_new_categories_come_last_with_their_share() -> None:
    shape = samples.categorical_shape("region", ("a", "b"))
    scorecard = dataclasses.replace(
        samples.scorecard(()), categorical=(shape,), uncertainty=Uncertainty((), (), (0.1,))
    )
    known = Profile(
        100, 100, 9, (), (CategoricalProfile("region", 100, 10, 4, (("a", 50), ("b", 25), ("c", 10)), 5),)
    )
    (effect,) = effects(scorecard, known, 6)
    assert isinstance(effect, CategoricalEffect)
    assert effect.names == ("a", "b", "rare or new")
    assert effect.shares.tolist() == [0.5, 0.25, 0.15]
    assert effect.log_odds[-1] == pytest.approx(shape.unknown - shape.mean)


def test_a_huge_interval_does_not_squeeze_all_others() -> None:
    effect = of_every_form("activity")
    assert isinstance(effect, NumericEffect)
    unsure = dataclasses.replace(effect, missing=Mark(0.0, 500.0))
    assert reach_of([unsure]) == pytest.approx(1.5 * float(np.abs(effect.log_odds).max()))
    assert reach_of([]) == pytest.approx(np.log(1.25))
