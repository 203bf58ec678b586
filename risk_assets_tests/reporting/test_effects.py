from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from risk_assets.domain.drift.profile import Profile
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


def test_the_distribution_covers_all_but_the_outermost_clients() -> None:
    assert numeric_effect().shares.sum() == pytest.approx(0.98, abs=0.011)


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
