from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from risk_assets.domain.drift.counts import ColumnCounts, count_column
from risk_assets.domain.drift.judge import judge_drift
from risk_assets.domain.drift.levels import level_shares, moved_most
from risk_assets.domain.drift.measure import measure_drift
from risk_assets.domain.drift.profile import CategoricalProfile, NumericProfile
from risk_assets.domain.drift.verdict import DriftRules, NewRows
from risk_assets_tests.domain.drifting import new_rows, numeric_profile, reference

COUNTRIES = CategoricalProfile("country", 100, 10, distinct=2, counts=(("Spain", 60), ("Peru", 30)))


def test_shares_of_numbers_stand_in_order_and_add_up_to_all_rows() -> None:
    known = numeric_profile("fee", np.arange(1000.0))
    shares = level_shares(known, count_column(known, np.array([np.nan, *np.arange(500.0, 1999.0)])))
    assert [each.name for each in shares][:2] == ["up to 99.90", "99.90 to 199.8"]
    assert [each.name for each in shares][-2:] == ["above 899.1", "missing"]
    assert sum(each.before for each in shares) == pytest.approx(1)
    assert sum(each.now for each in shares) == pytest.approx(1)
    assert shares[-2].now > 0.7 > shares[-2].before


def test_numbers_below_a_lowest_value_that_many_rows_share_have_a_range_of_their_own() -> None:
    known = numeric_profile("fee", np.repeat([0.0, 5.0], 500))
    shares = level_shares(known, count_column(known, np.array([-3.0, 0.0, 5.0, 9.0])))
    assert (shares[0].name, shares[0].now) == ("below 0", 0.25)


def test_a_column_without_any_number_before_has_one_range() -> None:
    nothing = NumericProfile("fee", 10, 10, None, None, None, None, None)
    shares = level_shares(nothing, ColumnCounts((4, 0)))
    assert [(each.name, each.before, each.now) for each in shares] == [("any number", 0, 1), ("missing", 1, 0)]


def test_a_new_category_is_named_and_counted_apart_from_all_others() -> None:
    rows = np.array(["Kenya"] * 40 + ["Chad"] * 5 + ["Mali", "Togo", "Benin"] + ["Spain"] * 52, dtype=object)
    counts = count_column(COUNTRIES, rows)
    assert counts.unlisted == (("Kenya", 40), ("Chad", 5), ("Benin", 1))
    shares = level_shares(COUNTRIES, counts)
    assert sum(each.now for each in shares) == pytest.approx(1)
    assert moved_most(COUNTRIES, shares) == "Kenya is new: 40.0% now; Peru 30.0% before, 0.0% now"


def test_where_a_profile_lists_only_some_values_none_is_called_new() -> None:
    known = dataclasses.replace(COUNTRIES, distinct=40, other=5, missing=5)
    shares = level_shares(known, ColumnCounts((30, 30, 40, 0), unlisted=(("Kenya", 40),)))
    assert "Kenya" not in {each.name for each in shares}
    assert moved_most(known, shares).startswith("all others 5.0% before, 40.0% now")


@pytest.mark.parametrize("number", [600, 4000])
def test_the_sentence_on_a_column_says_which_level_is_new(number: int) -> None:
    rows = new_rows(number)
    regions = rows.features["region"].copy()
    regions[: number // 3] = "Kenya"
    changed = NewRows({**rows.features, "region": regions}, rows.risks, rows.target)
    judged = judge_drift(measure_drift(changed, reference(), DriftRules(samples=50)), DriftRules())
    [found] = [each for each in judged if each.measurement.name == "region"]
    assert found.drifted
    assert "(Kenya is new: 33.3% now; north 49.7% before, 33" in found.sentence
    others = [each.measurement for each in judged if each.measurement.name in {"activity", "employees"}]
    assert [each.shares for each in others] == [(), ()], "what has not moved is not told level by level"
