from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from risk_assets.domain.scoring.groups import ScoredRows, group_scores
from risk_assets.domain.scoring.levels import Levels, level_names
from risk_assets.domain.scoring.metrics import Estimate


def rows_of(rows: int, seed: int) -> tuple[ScoredRows, NDArray[np.object_]]:
    """Rows of true risks, and the region of each, which tells nothing."""
    rng = np.random.default_rng(seed)
    risk = 1 / (1 + np.exp(-rng.normal(-0.5, 1.2, rows)))
    target = (rng.random(rows) < risk).astype(np.int64)
    regions = np.array(["north", "south", "west", None], dtype=object)[rng.integers(0, 4, rows)]
    return ScoredRows(target, risk, 0.5, np.arange(rows).astype(object)), regions


def weak(rows: ScoredRows, regions: NDArray[np.object_]) -> dict[str, str]:
    return {each.name: each.weak for each in group_scores(rows, Levels({"region": regions})) if each.weak}


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
    assert weak(lower, regions) == {"west": "risks are too low"}
    [found] = [each for each in group_scores(lower, Levels({"region": regions})) if each.name == "west"]
    assert value(found.level) == pytest.approx(1.0, abs=0.2)


def value(estimate: Estimate | None) -> float:
    assert estimate is not None
    return estimate.value


def test_a_level_at_which_risks_are_true_is_not_named_for_the_fault_of_the_only_other_one() -> None:
    rows, _ = rows_of(6000, 5)
    regions = np.where(np.arange(6000) % 3 == 0, "south", "north").astype(object)
    log_odds = np.log(rows.risk / (1 - rows.risk)) + 1.0 * (regions == "south")
    higher = ScoredRows(rows.target, 1 / (1 + np.exp(-log_odds)), 0.5, rows.clients)
    assert weak(higher, regions) == {"south": "risks are too high"}


def test_figures_of_a_level_are_those_of_its_rows() -> None:
    rows, regions = rows_of(2000, 3)
    found = {each.name: each for each in group_scores(rows, Levels({"region": regions}, sensitive=["region"]))}
    assert set(found) == {"north", "south", "west", "missing"}
    here = regions == "north"
    flagged = rows.risk[here] >= 0.5
    left = rows.target[here] == 1
    north = found["north"]
    assert (north.rows, north.left, north.sensitive) == (here.sum(), left.sum(), True)
    assert north.flagged.value == pytest.approx(flagged.mean())
    assert value(north.precision) == pytest.approx(left[flagged].mean())
    assert value(north.recall) == pytest.approx(flagged[left].mean())
    assert north.recall is not None
    assert north.recall.low < north.recall.value < north.recall.high


def test_levels_of_few_rows_are_left_out_and_those_of_one_outcome_are_judged_by_neither_ranking_nor_risks() -> (
    None
):
    rows, regions = rows_of(1000, 4)
    regions[:] = "north"
    regions[:60] = "few"
    regions[60:300] = "loyal"
    rows.target[60:300] = 0
    north, loyal = group_scores(rows, Levels({"region": regions}))
    assert (north.name, loyal.name, loyal.left) == ("north", "loyal", 0)
    assert (loyal.recall, loyal.roc_auc, loyal.level, loyal.weak) == (None, None, None, "")
    assert loyal.flagged.low < loyal.flagged.value < loyal.flagged.high


def test_nobody_flagged_is_no_precision_of_0() -> None:
    rows, regions = rows_of(1000, 4)
    calm = ScoredRows(rows.target, rows.risk, 1.0, rows.clients)
    assert {each.precision for each in group_scores(calm, Levels({"region": regions}))} == {None}


def test_numbers_of_many_values_are_parted_at_their_quartiles_and_others_are_levels() -> None:
    ages = np.array([str(age) for age in range(20, 80)] + [None], dtype=object)
    assert set(level_names(ages)) == {"20 to 34", "35 to 49", "50 to 64", "65 to 79", "missing"}
    assert set(level_names(np.array(["1", "2", "2"], dtype=object))) == {"1", "2"}
    names = np.array([f"city {place}" for place in range(40)], dtype=object)
    assert set(level_names(names)) == set(names)


def test_a_column_that_is_known_to_hold_numbers_has_at_most_four_ranges() -> None:
    children = np.array([str(number) for number in (0, 0, 0, 1, 1, 2, 3, 4, 9)], dtype=object)
    found = Levels({"children": children}, numbers=["children"]).of("children")
    assert dict.fromkeys(found) == dict.fromkeys(["0", "1", "2 to 3", "4 to 9"])
    assert set(Levels({"children": children}).of("children")) == set(children)


@pytest.mark.parametrize(
    "numbers", [["5"], ["1", "1", "1", "2"], ["1", "2", "3", "4", "5"], ["1e300", "-1e300"] * 4]
)
def test_few_and_extreme_numbers_have_levels(numbers: list[str]) -> None:
    found = level_names(np.array(numbers, dtype=object), 2)
    assert len(found) == len(numbers)
    assert len(set(found)) <= 4
