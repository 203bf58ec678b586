"""Files of a company in a world that goes on, changes and is poisoned, and a home in which a model serves."""

from __future__ import annotations

from pathlib import Path

from risk_assets.domain.simulate import simulate
from risk_assets_tests.automation.daemon import DaemonHome

FIRST = simulate(3000, seed=1).frame
CALM = simulate(300, seed=2, first_id=1_000_000).frame
DRIFTED = simulate(3000, seed=3, first_id=2_000_000, drift="reason").frame
POISONED = simulate(6300, seed=4, first_id=4_000_000, drift="reason").frame.assign(
    exited=lambda rows: 1 - rows["exited"]
)
TESTED = simulate(1000, seed=9, first_id=9_000_000).frame


def home_with_a_model(folder: Path) -> DaemonHome:
    """Build a home in which a first model serves."""
    home = DaemonHome(folder)
    home.build(retrain_cooldown_minutes=0)
    home.drop("clients1.csv", FIRST)
    TESTED.to_csv(home.layout.testdata / "testdata.csv", index=False)
    home.run()
    return home
