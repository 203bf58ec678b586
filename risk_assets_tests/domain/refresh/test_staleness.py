from __future__ import annotations

from dataclasses import replace

from risk_assets.domain.refresh.staleness import stale_results
from risk_assets_tests.domain.refresh.test_check_drift import graph


def test_after_new_data_what_is_made_from_a_stale_result_is_stale_too() -> None:
    states = graph()
    states["finaldata"] = replace(states["finaldata"], data_version="new")

    assert stale_results(states) == {
        "trained_model": "finaldata changed",
        "client_risk": "finaldata changed",
        "drift": "finaldata changed",
        "diagnostics": "finaldata changed",
        "report": "client_risk, diagnostics, drift stale",
    }


def test_nothing_is_stale_when_everything_is_made_from_what_is_there() -> None:
    assert stale_results(graph()) == {}
