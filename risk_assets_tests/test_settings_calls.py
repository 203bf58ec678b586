from __future__ import annotations

from pathlib import Path

import pytest

from risk_assets.settings import SettingsError, load_settings
from risk_assets_tests.test_settings import columns_with, config_with

VALUED = columns_with(value="fee")
COSTS = {"call_cost": 20, "share_kept": 0.1}


def test_clients_are_flagged_by_the_best_f1_unless_something_else_is_set(tmp_path: Path) -> None:
    settings = load_settings(config_with(tmp_path))
    assert (settings.threshold_for, settings.call_costs) == ("f1", None)


def test_what_a_call_costs_and_keeps_is_known_by_whatever_rule(tmp_path: Path) -> None:
    settings = load_settings(config_with(tmp_path, columns=VALUED, **COSTS))
    assert settings.call_costs is not None
    assert settings.call_costs.threshold(1000.0) == 0.2
    assert load_settings(config_with(tmp_path, **COSTS)).call_costs is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"threshold_for": "value"}, "threshold_for: value also needs columns.value and call_cost and share_kept"),
        ({"threshold_for": "value", "columns": VALUED, "call_cost": 5}, "value also needs share_kept"),
        ({"threshold_for": "value", **COSTS}, "value also needs columns.value"),
        ({"threshold_for": "capacity", "threshold": 0.4}, "threshold: is given beside threshold_for"),
        ({"threshold_for": "profit"}, "threshold_for: Input should be 'f1', 'capacity' or 'value'"),
        ({"share_kept": 1.5}, "share_kept: Input should be less than or equal to 1"),
        ({"call_cost": 0}, "call_cost: Input should be greater than 0"),
    ],
)
def test_rules_that_lack_what_they_need_are_refused(tmp_path: Path, changes: dict[str, object], said: str) -> None:
    with pytest.raises(SettingsError) as told:
        load_settings(config_with(tmp_path, **changes))
    assert said in str(told.value)
