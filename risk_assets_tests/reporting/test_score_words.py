from __future__ import annotations

from dataclasses import replace

import pytest

from risk_assets.domain.scoring.metrics import CalibrationFit, Estimate, Gains, GroupScore
from risk_assets.reporting.score_words import calibration_sentence, lift_sentence, weak_sentence
from risk_assets_tests.reporting.samples import metrics, scored_metrics


def fit(slope: tuple[float, float] | None, level: tuple[float, float]) -> CalibrationFit:
    ends = None if slope is None else Estimate(sum(slope) / 2, *slope)
    return CalibrationFit(0.021, 0.012, ends, Estimate(sum(level) / 2, *level))


def test_the_first_to_call_are_told_with_how_many_left_and_how_many_times_as_many() -> None:
    found = Gains(500, 320, Estimate(4.13, 3.9, 4.4), ((1.0, 1.0),))
    assert lift_sentence(replace(metrics(), gains=found)) == (
        "Of the first 500 of 2,000 test rows, 320 left: 4.1 times as many as at random (3.9 to 4.4)."
    )


def test_the_first_by_value_are_told_by_what_they_are_worth() -> None:
    found = Gains(500, 120, Estimate(4.13, 3.9, 4.4), ((1.0, 1.0),), by_value=True)
    assert lift_sentence(replace(metrics(), gains=found)) == (
        "Of the first 500 of 2,000 test rows by value at risk, 120 left, with 4.1 times as much as at random of "
        "what leavers are worth (3.9 to 4.4)."
    )


@pytest.mark.parametrize(
    ("slope", "level", "end"),
    [
        ((0.9, 1.1), (-0.1, 0.1), "Nothing speaks against their being true."),
        (None, (-0.1, 0.1), "Nothing speaks against their being true."),
        ((0.5, 0.8), (-0.1, 0.1), "They are too far apart."),
        ((1.2, 1.5), (0.1, 0.3), "They are on the whole too low and too close together."),
        ((0.9, 1.1), (-0.3, -0.1), "They are on the whole too high."),
    ],
)
def test_how_true_risks_are_is_said_in_words(
    slope: tuple[float, float] | None, level: tuple[float, float], end: str
) -> None:
    said = calibration_sentence(replace(metrics(), calibration_fit=fit(slope, level)))
    assert said.startswith(
        "Risks are off by 0.021 on average over ten groups, where true ones would be by chance by 0.012; "
    )
    assert said.endswith(f"level {sum(level) / 2:.2f} ({level[0]:.2f} to {level[1]:.2f}). {end}")
    assert ("slope" in said) == (slope is not None)


def test_weak_levels_are_named_and_many_are_counted() -> None:
    some = Estimate(0.5, 0.4, 0.6)
    good = GroupScore("region", "north", 200, 40, some, some, some, some, some)
    assert weak_sentence([good]) == "At none of 1 level is the model worse than elsewhere beyond chance."
    bad = [replace(good, name=f"level {place}", weak="ranks worse") for place in range(8)]
    assert weak_sentence([good, bad[0]]) == "Worse than elsewhere, beyond chance: region level 0: ranks worse."
    assert weak_sentence(bad).endswith("level 5: ranks worse; and 2 more.")


def test_a_score_of_an_earlier_release_says_nothing_of_these() -> None:
    assert lift_sentence(metrics()) == calibration_sentence(metrics()) == ""


def test_the_sample_score_says_all_of_them() -> None:
    assert lift_sentence(scored_metrics())
    assert calibration_sentence(scored_metrics())
