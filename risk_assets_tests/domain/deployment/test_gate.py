from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from risk_assets.domain.deployment.comparison import PairedPredictions
from risk_assets.domain.deployment.gate import (
    GateEvidence,
    GateRules,
    judge_challenger,
    smoke_test,
)

RULES = GateRules(samples=500)


def predictions(actual: NDArray[np.bool_], hit_rate: float, alarm_rate: float) -> NDArray[np.bool_]:
    """A model that is right about an exact share of each class, spread evenly over the rows."""
    said = np.zeros(len(actual), dtype=bool)
    for label, rate in ((True, hit_rate), (False, alarm_rate)):
        rows = np.flatnonzero(actual == label)
        said[rows[: round(rate * len(rows))]] = True
    return said


def pair(
    rows: int, champion: tuple[float, float], challenger: tuple[float, float], positive_share: float = 0.2
) -> PairedPredictions:
    """Models given as (true positive rate, false positive rate)."""
    actual = np.arange(rows) < round(positive_share * rows)
    return PairedPredictions(actual, predictions(actual, *challenger), predictions(actual, *champion))


GOOD, BETTER, MUCH_WORSE, ALWAYS_YES = (0.6, 0.15), (0.7, 0.1), (0.3, 0.25), (1.0, 1.0)
NO_RECENT_ROWS = pair(0, GOOD, GOOD)


def evidence(testdata: PairedPredictions, recent: PairedPredictions = NO_RECENT_ROWS) -> GateEvidence:
    return GateEvidence("challenger", "champion", "data", testdata, recent)


def test_a_better_challenger_on_testdata_is_promoted_with_its_figures() -> None:
    verdict = judge_challenger(evidence(pair(2000, GOOD, BETTER)), RULES)
    assert verdict.word == "promoted"
    assert verdict.figures["testdata_challenger_f1"] > verdict.figures["testdata_champion_f1"]
    assert "2,000 testdata rows" in verdict.reason


def test_a_challenger_just_as_good_is_promoted() -> None:
    assert judge_challenger(evidence(pair(2000, GOOD, GOOD)), RULES).word == "promoted"


def test_a_slightly_worse_challenger_is_rejected() -> None:
    verdict = judge_challenger(evidence(pair(2000, GOOD, (0.55, 0.17))), RULES)
    assert verdict.word == "rejected"
    assert "not above -0.02" in verdict.reason


def test_a_challenger_that_few_rows_cannot_tell_from_a_worse_one_is_rejected() -> None:
    shuffled = np.random.default_rng(0).permutation(60)
    rows = pair(60, GOOD, GOOD)
    other_rows = predictions(rows.actual[shuffled], *GOOD)[np.argsort(shuffled)]
    verdict = judge_challenger(evidence(PairedPredictions(rows.actual, other_rows, rows.champion)), RULES)
    assert verdict.word == "rejected"


def test_a_drifted_world_promotes_a_challenger_that_recent_rows_favour() -> None:
    old_world = pair(2000, GOOD, (0.55, 0.18))
    verdict = judge_challenger(evidence(old_world, pair(500, (0.3, 0.3), GOOD)), RULES)
    assert verdict.word == "promoted"
    assert verdict.figures["testdata_difference_bound"] < -RULES.margin


def test_recent_rows_reject_a_challenger_that_testdata_would_promote() -> None:
    verdict = judge_challenger(evidence(pair(2000, GOOD, BETTER), pair(500, GOOD, MUCH_WORSE)), RULES)
    assert verdict.word == "rejected"


def test_recent_rows_too_few_to_be_sure_do_not_stand_in_the_way_of_testdata() -> None:
    recent = pair(300, GOOD, (0.6, 0.15))
    shuffled = replace(recent, challenger=predictions(recent.actual[::-1], *GOOD)[::-1])
    verdict = judge_challenger(evidence(pair(2000, GOOD, BETTER), shuffled), RULES)
    assert verdict.figures["recent_difference_bound"] < -RULES.margin
    assert verdict.word == "promoted"


@pytest.mark.parametrize(
    "recent",
    [
        pair(199, GOOD, MUCH_WORSE),
        pair(1000, GOOD, MUCH_WORSE, positive_share=0.019),
        pair(1000, GOOD, MUCH_WORSE, positive_share=1.0),
    ],
)
def test_too_few_recent_rows_leave_the_decision_to_testdata(recent: PairedPredictions) -> None:
    verdict = judge_challenger(evidence(pair(2000, GOOD, BETTER), recent), RULES)
    assert verdict.word == "promoted"
    assert "testdata rows" in verdict.reason


def test_a_challenger_much_worse_on_testdata_is_held_for_people_whatever_recent_rows_say() -> None:
    verdict = judge_challenger(evidence(pair(2000, GOOD, MUCH_WORSE), pair(500, MUCH_WORSE, GOOD)), RULES)
    assert verdict.word == "held"
    assert "approve or reject it by hand" in verdict.reason


def test_saying_yes_to_everyone_does_not_go_live_on_mislabelled_recent_rows() -> None:
    weak_champion = (0.5, 0.3)
    mislabelled = pair(500, (0.3, 0.5), ALWAYS_YES, positive_share=0.8)
    verdict = judge_challenger(evidence(pair(2000, weak_champion, ALWAYS_YES), mislabelled), RULES)
    assert verdict.figures["recent_challenger_f1"] > verdict.figures["recent_champion_f1"] + 0.2
    assert verdict.word in {"rejected", "held"}
    assert verdict.word == "held" or "tells no more about the recent rows" in verdict.reason


def test_saying_yes_more_often_does_not_go_live_on_recent_rows_with_more_yes() -> None:
    half_positive = pair(500, (0.5, 0.3), (0.7, 0.5), positive_share=0.5)
    verdict = judge_challenger(evidence(pair(2000, GOOD, (0.75, 0.3)), half_positive), RULES)
    assert verdict.figures["recent_difference_bound"] > 0
    assert verdict.figures["testdata_difference_bound"] < -RULES.margin
    assert verdict.word == "rejected"


def test_a_challenger_that_recent_rows_favour_but_that_knows_nothing_of_testdata_is_held() -> None:
    old_world = pair(2000, (0.35, 0.2), (0.6, 0.6))
    verdict = judge_challenger(evidence(old_world, pair(500, MUCH_WORSE, GOOD)), RULES)
    assert verdict.word == "held"


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_nothing_is_promoted_on_testdata_of_one_class(share: float) -> None:
    one_class = pair(2000, GOOD, BETTER, positive_share=share)
    assert judge_challenger(evidence(one_class, pair(500, MUCH_WORSE, GOOD)), RULES).word == "rejected"


def test_the_model_that_serves_already_is_no_news() -> None:
    same = replace(evidence(pair(2000, GOOD, GOOD)), challenger_sha256="champion", smoke_faults=("broken",))
    assert judge_challenger(same, RULES).word == "unchanged"


def test_a_rolled_back_model_stays_out_until_the_data_changes() -> None:
    found = replace(evidence(pair(2000, GOOD, BETTER)), barred=frozenset({("challenger", "data")}))
    verdict = judge_challenger(found, RULES)
    assert verdict.word == "unchanged"
    assert "once the data changes" in verdict.reason
    assert judge_challenger(replace(found, data_version="newer data"), RULES).word == "promoted"


def test_a_smoke_fault_rejects_any_challenger_the_first_included() -> None:
    broken = replace(evidence(pair(2000, GOOD, BETTER)), smoke_faults=("3 of 9 risks are not finite",))
    for found in (broken, replace(broken, champion_sha256=None)):
        verdict = judge_challenger(found, RULES)
        assert verdict.word == "rejected"
        assert "3 of 9 risks are not finite" in verdict.reason


def test_the_first_model_goes_live_without_a_warning_when_it_beats_always_yes() -> None:
    testdata = replace(pair(2000, GOOD, GOOD), champion=None)
    verdict = judge_challenger(replace(evidence(testdata), champion_sha256=None), RULES)
    assert (verdict.word, verdict.warning) == ("promoted", None)


def test_the_figures_of_a_first_model_name_its_rival_for_what_it_is() -> None:
    testdata = replace(pair(2000, GOOD, GOOD), champion=None)
    figures = judge_challenger(replace(evidence(testdata), champion_sha256=None), RULES).figures
    assert 0 < figures["testdata_always_yes_f1"] < figures["testdata_challenger_f1"]
    assert "testdata_champion_f1" not in figures


def test_the_first_model_goes_live_with_a_warning_when_it_does_not_beat_always_yes() -> None:
    testdata = replace(pair(2000, GOOD, (0.1, 0.1)), champion=None)
    verdict = judge_challenger(replace(evidence(testdata), champion_sha256=None), RULES)
    assert verdict.word == "promoted"
    assert verdict.warning is not None
    assert "does not beat calling every client positive" in verdict.warning


def test_predictions_over_other_rows_are_refused() -> None:
    rows = pair(10, GOOD, GOOD)
    with pytest.raises(ValueError, match="9 predictions for 10 labels"):
        PairedPredictions(rows.actual, rows.challenger[1:], rows.champion)


def test_the_verdict_does_not_depend_on_anything_but_evidence_and_rules() -> None:
    found = evidence(pair(2000, GOOD, BETTER), pair(500, GOOD, BETTER))
    assert judge_challenger(found, RULES) == judge_challenger(found, RULES)


@pytest.mark.parametrize(
    ("risks", "fault"),
    [
        ([0.1, np.nan, np.inf], "2 of 3 risks are not finite"),
        ([0.1, 1.2], "beyond 0 to 1"),
        ([-0.1, 0.2], "beyond 0 to 1"),
        ([0.3, 0.3, 0.3], "the same risk, 0.3"),
        ([], "no golden rows"),
    ],
)
def test_the_smoke_test_names_the_fault(risks: list[float], fault: str) -> None:
    assert fault in " ".join(smoke_test(np.array(risks, dtype=float)))


@pytest.mark.parametrize("risks", [[0.0, 1.0], [0.2]])
def test_the_smoke_test_passes_sound_risks(risks: list[float]) -> None:
    assert smoke_test(np.array(risks)) == ()
