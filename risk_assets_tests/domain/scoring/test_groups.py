from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from risk_assets.domain.scoring.groups import ScoredRows, group_scores, level_names


def rows_of(rows: int, seed: int) -> tuple[ScoredRows, NDArray[np.object_]]:
    """Rows of true risks, and the region of each, which tells nothing."""
    rng = np.random.default_rng(seed)
    risk = 1 / (1 + np.exp(-rng.normal(-0.5, 1.2, rows)))
    target = (rng.random(rows) < risk).astype(np.int64)
    regions = np.array(["north", "south", "west", None], dtype=object)[rng.integers(0, 4, rows)]
    return ScoredRows(target, risk, 0.5, np.arange(rows).astype(object)), regions


def weak(rows: ScoredRows, regions: NDArray[np.object_]) -> dict[str, str]:
    return {each.name: each.weak for each in group_scores(rows, {"region": regions}, seed=0) if each.weak}


def test_levels_at_which_the_model_is_as_good_are_named_in_at_most_one_of_twenty_worlds() -> None:
    assert sum(bool(weak(*rows_of(1200, seed))) for seed in range(40)) <= 5


def test_a_level_at_which_the_ranking_is_lost_is_named() -> None:
    rows, regions = rows_of(3000, 1)
    rng = np.random.default_rng(0)
    south = regions == "south"
    rows.target[south] = rng.permutation(rows.target[south])
    assert "ranks worse" in weak(rows, regions)["south"]


def test_a_level_whose_risks_are_too_low_is_named_with_by_how_much() -> None:
    rows, regions = rows_of(4000, 2)
    west = regions == "west"
    log_odds = np.log(rows.risk / (1 - rows.risk)) - 1.0 * west
    lower = ScoredRows(rows.target, 1 / (1 + np.exp(-log_odds)), 0.5, rows.clients)
    assert weak(lower, regions)["west"] == "risks are off"
    [found] = [each for each in group_scores(lower, {"region": regions}, seed=0) if each.name == "west"]
    assert found.level.value == pytest.approx(1.0, abs=0.2)


def test_figures_of_a_level_are_those_of_its_rows() -> None:
    rows, regions = rows_of(2000, 3)
    found = {each.name: each for each in group_scores(rows, {"region": regions}, sensitive=["region"], seed=0)}
    assert set(found) == {"north", "south", "west", "missing"}
    here = regions == "north"
    flagged = rows.risk[here] >= 0.5
    left = rows.target[here] == 1
    north = found["north"]
    assert (north.rows, north.left, north.sensitive) == (here.sum(), left.sum(), True)
    assert north.flagged.value == pytest.approx(flagged.mean())
    assert north.precision.value == pytest.approx(left[flagged].mean())
    assert north.recall.value == pytest.approx(flagged[left].mean())
    assert north.recall.low < north.recall.value < north.recall.high


def test_levels_of_few_rows_or_one_outcome_tell_nothing() -> None:
    rows, regions = rows_of(1000, 4)
    regions[:] = "north"
    regions[:60] = "few"
    regions[60:300] = "loyal"
    rows.target[60:300] = 0
    assert [each.name for each in group_scores(rows, {"region": regions}, seed=0)] == ["north"]


def test_numbers_of_many_values_are_parted_at_their_quartiles_and_others_are_levels() -> None:
    ages = np.array([str(age) for age in range(20, 80)] + [None], dtype=object)
    assert set(level_names(ages)) == {"20 to 34.75", "34.75 to 49.5", "49.5 to 64.25", "64.25 to 79", "missing"}
    assert set(level_names(np.array(["1", "2", "2"], dtype=object))) == {"1", "2"}
    names = np.array([f"city {place}" for place in range(40)], dtype=object)
    assert set(level_names(names)) == set(names)
