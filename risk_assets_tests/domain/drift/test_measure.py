from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from risk_assets.domain.drift.measure import measure_drift
from risk_assets.domain.drift.profile import profile_of
from risk_assets.domain.drift.verdict import DriftMeasurements, DriftRules, Measurement, NewRows
from risk_assets_tests.domain.drifting import draw, labels, new_rows, reference, risks_of

RULES = DriftRules(samples=500, permutations=499)
REFERENCE = reference()


def measured(rows: NewRows, rules: DriftRules = RULES) -> DriftMeasurements:
    return measure_drift(rows, REFERENCE, rules)


def named(found: DriftMeasurements, name: str) -> Measurement:
    return next(each for each in found.measurements if each.name == name)


def test_f1_each_feature_and_the_score_are_measured() -> None:
    found = measured(new_rows(500))
    kinds = [(each.kind, each.name) for each in found.measurements]
    assert kinds == [
        ("performance", "F1"),
        ("feature", "activity"),
        ("feature", "employees"),
        ("feature", "region"),
        ("score", "risk"),
    ]
    assert found.n == 500


@pytest.mark.parametrize(
    ("rows", "statistics"),
    [(1000, ["Kolmogorov-Smirnov", "chi-square"]), (1001, ["PSI", "PSI"])],
)
def test_many_rows_are_measured_by_psi_and_few_by_a_test(rows: int, statistics: list[str]) -> None:
    found = measured(new_rows(rows))
    assert [named(found, name).statistic for name in ("activity", "region")] == statistics
    assert (named(found, "activity").p_value is None) == (rows > 1000)


def test_too_few_rows_are_measured_by_f1_alone() -> None:
    assert [each.kind for each in measured(new_rows(29)).measurements] == ["performance"]


@pytest.mark.parametrize("target", [None, np.ones(400, dtype=bool), np.zeros(400, dtype=bool)])
def test_without_labels_of_both_classes_f1_is_not_measured(target: np.ndarray | None) -> None:
    found = measured(replace(new_rows(400), target=target))
    assert "performance" not in {each.kind for each in found.measurements}


def test_a_changed_relation_shows_in_f1_alone() -> None:
    rows = new_rows(2000)
    turned = labels(1 - risks_of(rows.features), seed=3)
    found = measured(replace(rows, target=turned))
    f1 = named(found, "F1")
    assert f1.value < f1.threshold
    assert all(each.value < each.floor for each in found.measurements if each.kind != "performance")


def test_a_shifted_column_shows_its_median_before_and_now() -> None:
    features = draw(500, seed=1)
    features["employees"] = features["employees"].astype(float) + 10
    found = measured(NewRows(features, risks_of(features)))
    assert named(found, "employees").effect > 0.15
    assert "before, " in named(found, "employees").detail
    assert named(found, "activity").effect < 0.1


def test_medians_are_told_as_people_write_them() -> None:
    profile = replace(REFERENCE.profile, numeric=(profile_of("activity", np.full(50, 96410.0)),), categorical=())
    rows = NewRows({"activity": np.full(50, -12345.6)}, np.full(50, 0.5))
    found = measure_drift(rows, replace(REFERENCE, profile=profile), RULES)
    assert named(found, "activity").detail == "median 96,410 before, -12,346 now"


def test_a_rise_of_missing_cells_is_told_for_numbers_and_for_categories() -> None:
    features = draw(1500, seed=1)
    gone = np.arange(1500) % 5 == 0
    features["activity"] = np.where(gone, np.nan, features["activity"].astype(float))
    features["region"] = features["region"].astype(object)
    features["region"][gone] = None
    found = measured(NewRows(features, risks_of(features)))
    for name in ("activity", "region"):
        assert named(found, name).value > 0.1
        assert "missing 0.0% before, 20.0% now" in named(found, name).detail


def test_served_risks_are_measured_beside_the_others() -> None:
    found = measure_drift(new_rows(400), REFERENCE, RULES, served_risks=np.full(50, 0.9))
    assert found.measurements[-1].kind == "served"
    assert found.measurements[-1].effect > 0.5


def test_no_rows_at_all_give_no_measurement_and_no_estimate() -> None:
    empty = NewRows({name: values[:0] for name, values in draw(5, seed=0).items()}, np.array([]))
    assert measured(empty) == DriftMeasurements(0, (), None)


def test_the_same_rows_give_the_same_measurements() -> None:
    assert measured(new_rows(300)) == measured(new_rows(300))
