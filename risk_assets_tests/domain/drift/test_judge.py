from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk_assets.domain.columns import Columns
from risk_assets.domain.display import Display
from risk_assets.domain.drift.judge import holm, judge_drift, sum_up
from risk_assets.domain.drift.verdict import DriftMeasurements, DriftRules, DriftVerdict, Measurement
from risk_assets.domain.scoring.metrics import Estimate

RULES = DriftRules()
SEED = DriftRules(policy="seed")


def performance(bound: float, change: float, n: int = 500) -> Measurement:
    detail = f"{0.57 + change:.3f} against 0.570 at deployment"
    return Measurement("performance", "F1", n, "F1 difference", bound, -0.02, change, 0.02, detail=detail)


def by_test(name: str, effect: float, p_value: float, kind: str = "feature") -> Measurement:
    return Measurement(kind, name, 500, "Kolmogorov-Smirnov", effect, 0.07, effect, 0.1, p_value)


def index(name: str, psi: float, threshold: float = 0.02, kind: str = "feature") -> Measurement:
    return Measurement(kind, name, 5000, "PSI", psi, threshold, psi, 0.1, detail="median 12 before, 19 now")


HOLDS, FELL = performance(0.01, -0.02), performance(-0.05, -0.11)
FRESH = [by_test(name, 0.03, 0.4) for name in ("activity", "employees", "region")]
SHIFTED = [by_test(name, 0.3, 1e-9) for name in ("activity", "employees", "region")]
SCORE = by_test("risk", 0.03, 0.5, kind="score")


def verdict(*measurements: Measurement, n: int = 500, rules: DriftRules = RULES) -> DriftVerdict:
    measured = DriftMeasurements(n, measurements, Estimate(0.55, 0.5, 0.6))
    judged = judge_drift(measured, rules)
    return sum_up(measured, judged, rules, version="v1", data_version="d", at="2026-05-09T07:33:00+00:00")


def drifted(*measurements: Measurement, rules: DriftRules = RULES) -> list[bool]:
    return [each.drifted for each in judge_drift(DriftMeasurements(500, measurements), rules)]


def test_nothing_moved_is_stable() -> None:
    found = verdict(HOLDS, *FRESH, SCORE)
    assert found.verdict == "stable"
    assert "F1 on 500 new rows holds: 0.550 against 0.570 at deployment" in found.sentence
    assert "0 of 3 features have shifted" in found.sentence


def test_a_fall_of_f1_beyond_chance_and_margin_is_drift() -> None:
    found = verdict(FELL, *FRESH, SCORE)
    assert found.verdict == "drifted"
    assert "F1 on 500 new rows has fallen: 0.460 against 0.570" in found.sentence


@pytest.mark.parametrize(("shifted", "word"), [(1, "stable"), (2, "drifted"), (3, "drifted")])
def test_half_of_the_features_are_drift(shifted: int, word: str) -> None:
    assert verdict(HOLDS, *SHIFTED[:shifted], *FRESH[shifted:], SCORE).verdict == word


def test_a_shifted_score_is_drift_alone() -> None:
    found = verdict(HOLDS, *FRESH, replace(SCORE, value=0.2, effect=0.2, p_value=1e-9))
    assert found.verdict == "drifted"
    assert "The risk scores have shifted: Kolmogorov-Smirnov 0.20, above 0.10" in found.sentence


def test_served_risks_that_shifted_are_judged_but_do_not_decide() -> None:
    found = verdict(HOLDS, *FRESH, SCORE, by_test("risk", 0.6, 1e-9, kind="served"))
    assert found.verdict == "stable"
    assert found.judgements[-1].drifted
    assert "The served risks have shifted" in found.judgements[-1].sentence
    assert found.sentence.endswith(". What was served has shifted: Kolmogorov-Smirnov 0.60, above 0.10.")


def test_served_risks_that_shifted_are_told_where_new_rows_say_nothing_yet() -> None:
    found = verdict(by_test("risk", 0.6, 1e-9, kind="served"), n=5)
    assert found.verdict == "insufficient data"
    assert found.sentence == (
        "5 new rows say nothing yet: 30 are needed. "
        "What was served has shifted: Kolmogorov-Smirnov 0.60, above 0.10."
    )


def test_served_risks_that_hold_are_not_worth_a_word() -> None:
    assert "served" not in verdict(HOLDS, *FRESH, SCORE, by_test("risk", 0.03, 0.4, kind="served")).sentence


def test_an_index_must_be_beyond_both_its_floor_and_chance() -> None:
    assert drifted(index("a", 0.31), index("b", 0.09), index("c", 0.31, threshold=0.4)) == [True, False, False]


def test_a_manager_reads_what_has_shifted_by_how_much_and_from_where_to_where() -> None:
    (found,) = judge_drift(DriftMeasurements(5000, (index("lastmonth_activity", 0.31),)), RULES)
    assert found.sentence == "lastmonth_activity has shifted: PSI 0.31, above 0.10 (median 12 before, 19 now)."


def test_columns_are_called_by_their_labels() -> None:
    columns = Columns("id", "left", "1", "0", (), display=(Display("activity", "Activity last month"),))
    measured = DriftMeasurements(5000, (index("activity", 0.31), index("size", 0.02)))
    judged = judge_drift(measured, RULES, columns)
    found = sum_up(measured, judged, RULES, version=None, data_version=None, at=None, schema=columns)

    assert [each.sentence.partition(" has ")[0] for each in judged] == ["Activity last month", "size"]
    assert found.sentence == "Over 5,000 new rows: 1 of 2 features have shifted: Activity last month."


def test_a_large_effect_on_few_rows_is_called_chance() -> None:
    (found,) = judge_drift(DriftMeasurements(40, (by_test("activity", 0.2, 0.3),)), RULES)
    assert not found.drifted
    assert "not shifted beyond chance" in found.sentence


def test_a_tiny_effect_on_many_rows_is_no_drift_however_certain() -> None:
    assert drifted(by_test("activity", 0.05, 1e-12)) == [False]


def test_tests_are_corrected_for_their_number() -> None:
    lucky = by_test("activity", 0.2, 0.005)
    assert drifted(lucky) == [True]
    assert drifted(lucky, *FRESH) == [False, False, False, False]


@pytest.mark.parametrize("rules", [RULES, SEED])
def test_without_a_new_row_nothing_is_new_and_nothing_is_wrong(rules: DriftRules) -> None:
    found = verdict(n=0, rules=rules)
    assert (found.verdict, found.sentence) == ("nothing new", "There is nothing new since the model was trained.")


def test_too_few_rows_say_nothing_whatever_they_show() -> None:
    found = verdict(performance(-0.3, -0.5, n=29), n=29)
    assert found.verdict == "insufficient data"
    assert found.sentence == "29 new rows say nothing yet: 30 are needed."
    assert not any(each.drifted for each in found.judgements)


def test_rows_without_labels_of_both_classes_wait_for_them_unless_they_shifted() -> None:
    assert verdict(*FRESH, SCORE).verdict == "no labels yet"
    assert verdict(*SHIFTED, SCORE).verdict == "drifted"


@pytest.mark.parametrize(("change", "word"), [(-0.001, "drifted"), (0.0, "stable"), (0.1, "stable")])
def test_the_seed_policy_calls_any_fall_of_f1_drift(change: float, word: str) -> None:
    found = verdict(performance(0.4, change, n=5), *SHIFTED, SCORE, n=5, rules=SEED)
    assert (found.verdict, found.policy) == (word, "seed")


def test_the_seed_policy_waits_for_labels() -> None:
    assert verdict(*SHIFTED, SCORE, rules=SEED).verdict == "no labels yet"


def test_the_verdict_carries_the_estimate_without_labels_and_what_it_is_about() -> None:
    found = verdict(HOLDS, *FRESH, SCORE)
    assert (found.estimated_f1, found.estimated_f1_low, found.estimated_f1_high) == (0.55, 0.5, 0.6)
    assert (found.version, found.data_version, found.n) == ("v1", "d", 500)


def test_holm_steps_down_as_in_the_paper() -> None:
    assert holm([0.01, 0.04, None, 0.03]) == pytest.approx([0.03, 0.06, None, 0.06])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holm_keeps_the_order_and_never_lowers_a_p_value(p_values: list[float]) -> None:
    corrected = [p for p in holm(p_values) if p is not None]
    assert all(after >= before for before, after in zip(p_values, corrected, strict=True))
    ordered = [after for _, after in sorted(zip(p_values, corrected, strict=True))]
    assert ordered == sorted(ordered)
    assert max(corrected) <= 1
