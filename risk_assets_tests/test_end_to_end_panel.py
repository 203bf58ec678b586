"""The real daemon with months that arrive one by one, and the dates of leaving after them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from risk_assets.domain.drift.verdict import DriftVerdict
from risk_assets.storage.intake.finaldata import require_ingestion
from risk_assets.storage.records import read_record
from risk_assets_tests.assets.panel import panel_in, settings
from risk_assets_tests.automation.daemon import DaemonHome
from risk_assets_tests.test_end_to_end import finished

pytestmark = [pytest.mark.slow, pytest.mark.long]

REFRESHED = "backtest diagnostics report"
FIRST = 6


def test_a_month_and_its_leavings_arrive_and_the_list_follows_while_the_model_stays(tmp_path: Path) -> None:
    world = panel_in(tmp_path / "world")
    months = sorted(world.layout.input.iterdir())
    assert world.layout.outcomes is not None
    leavings = sorted(world.layout.outcomes.iterdir())
    home = DaemonHome(tmp_path / "home")
    home.build(**settings())
    outcomes = home.layout.outcomes
    assert outcomes is not None
    outcomes.mkdir()
    for month in months[:FIRST]:
        home.arrive(month, home.layout.input)
    for told in leavings[: FIRST - 1]:
        home.arrive(told, outcomes)
    home.run()
    live, labels = home.serving(), labelled(home)
    left = set(pd.read_csv(leavings[FIRST - 1])["corporation"])
    assert left & home.listed()

    with home.daemon():
        home.arrive(months[FIRST], home.layout.input)
        home.arrive(leavings[FIRST - 1], outcomes)
        home.wait(lambda: not left & home.listed(), "the list without those who left")
        finished(home, runs=3)

    runs = home.told()
    assert runs[0][:2] == ("everything", "SUCCESS")
    assert all(end == "SUCCESS" for _, end, _ in runs)
    assert [made for job, _, made in runs if job == "refresh"][-1] == REFRESHED
    assert labelled(home) > labels
    assert home.serving() == live
    assert read_record(home.layout.drift, DriftVerdict).verdict != "drifted"


def labelled(home: DaemonHome) -> int:
    return require_ingestion(home.layout).teaching
