"""Months of the same clients: how near to the best possible, what past lists are worth, false alarms of drift.

    python benchmarks/panel.py [--clients 10000] [--months 12] [--worlds 60] [--daemon]

First a panel of --months by --clients through the graph: the AUC of the live model on the last complete month
beside the best possible one, the backtest, and what one more month costs beside a full run. Then --worlds
histories of a steady company, in which nothing changes: a model is trained after six months, and drift is judged
after each of the six that follow. Prints how many histories raised an alarm.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import shutil
import tempfile
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pandas as pd

from risk_assets.cli.panel_files import write_panel
from risk_assets.domain.drift.verdict import DriftVerdict
from risk_assets.domain.scoring.backtest import Backtest
from risk_assets.domain.scoring.score import auc_of
from risk_assets.domain.simulate_panel import Panel, simulate_panel
from risk_assets.reporting.wording import backtest_sentence
from risk_assets.storage.model.trained_model import read_model
from risk_assets.storage.records import read_record
from risk_assets_tests.assets.panel import ASSETS, FEATURES, panel_in, settings
from risk_assets_tests.assets.project import Project
from risk_assets_tests.automation.daemon import DaemonHome

HORIZON = 90
START = date(2025, 1, 1)
MODEL = ("finaldata", "trained_model", "latest_score", "deployed_model")
HISTORY_CLIENTS, FIRST_MONTHS, LATER_MONTHS, HISTORY_HORIZON = 1_000, 6, 6, 60


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=10_000)
    parser.add_argument("--months", type=int, default=12)
    parser.add_argument("--worlds", type=int, default=60)
    parser.add_argument("--daemon", action="store_true", help="time how long who has left stays on the list")
    arguments = parser.parse_args()
    if arguments.months:
        _one_panel(arguments.months, arguments.clients)
    if arguments.daemon:
        _vanishing()
    alarms = [_history(world) for world in range(arguments.worlds)]
    if alarms:
        found = sum(map(bool, alarms))
        print(f"\nSteady histories with an alarm: {found} of {len(alarms)} ({found / len(alarms):.1%})")
        for sentence in filter(None, alarms):
            print(f"- {sentence}")


def _one_panel(months: int, clients: int) -> None:
    panel = simulate_panel(
        months=months + 1, clients=clients, horizon_days=HORIZON, seed=0, start=START, carried=True
    )
    with _home(panel, HORIZON) as project:
        last = max(project.layout.input.iterdir())
        assert project.layout.outcomes is not None
        told = max(project.layout.outcomes.iterdir())
        waiting = [shutil.move(file, project.layout.data_root) for file in (last, told)]
        full = _timed(project, *ASSETS)
        _, scorecard = read_model(project.layout)
        known = simulate_panel(months=months, clients=clients, horizon_days=HORIZON, seed=0, start=START)
        assert known.period is not None
        rows = known.rows[known.period]
        risk = scorecard.risk({name: rows[name].to_numpy(dtype=float) for name in FEATURES})
        print(f"Live AUC on {known.months[known.period]}: {auc_of(known.left, risk):.3f}, ", end="")
        print(f"by the true risks {known.reached_auc:.3f}, on average the best possible {known.best_auc:.3f}")
        print(backtest_sentence(read_record(project.layout.backtest, Backtest)))
        for file, folder in zip(waiting, (project.layout.input, project.layout.outcomes), strict=True):
            shutil.move(file, folder)
        more = _timed(project, "finaldata", "drift", "client_risk")
        print(f"One more month refreshes ranking and drift in {more / full:.2f} of a full run ({more:.1f} s)")


def _vanishing() -> None:
    """Print how long after their leavings arrived clients were still listed, with the real daemon."""
    with tempfile.TemporaryDirectory(prefix="panel-") as folder:
        world = panel_in(Path(folder) / "world")
        home = DaemonHome(Path(folder) / "home")
        home.build(**settings())
        outcomes = home.layout.outcomes
        assert outcomes is not None
        assert world.layout.outcomes is not None
        outcomes.mkdir()
        for month in world.layout.input.iterdir():
            shutil.copy2(month, home.layout.input)
        *told, last = sorted(world.layout.outcomes.iterdir())
        for file in told:
            shutil.copy2(file, outcomes)
        home.run()
        left = set(pd.read_csv(last)["corporation"])
        with home.daemon():
            home.wait(lambda: bool(home.ticks("new_source_files")), "the first look")
            started = time.monotonic()
            home.arrive(last, outcomes)
            home.wait(lambda: not left & home.listed(), "the list without them")
            seconds = time.monotonic() - started
            print(f"{len(left)} clients vanished from the list {seconds:.0f} s after their leavings came")


def _history(world: int) -> str:
    """Return the sentence of the first alarm of a steady history, "" where there is none."""
    months = FIRST_MONTHS + LATER_MONTHS
    panel = simulate_panel(
        months=months,
        clients=HISTORY_CLIENTS,
        horizon_days=HISTORY_HORIZON,
        seed=1000 + world,
        start=START,
        carried=True,
        steady=True,
    )
    with _home(panel, HISTORY_HORIZON) as project:
        assert project.layout.outcomes is not None
        rows, told = sorted(project.layout.input.iterdir()), sorted(project.layout.outcomes.iterdir())
        aside = project.layout.data_root / "aside"
        aside.mkdir()
        later = [*rows[FIRST_MONTHS:], *told[FIRST_MONTHS - 1 :]]
        moved = {file: Path(shutil.move(file, aside)) for file in later}
        _timed(project, *MODEL)
        for month in range(LATER_MONTHS):
            for file in (rows[FIRST_MONTHS + month], told[FIRST_MONTHS - 1 + month]):
                shutil.move(moved[file], file)
            _timed(project, "finaldata", "drift")
            verdict = read_record(project.layout.drift, DriftVerdict)
            if verdict.verdict == "drifted":
                return verdict.sentence
    return ""


@contextlib.contextmanager
def _home(panel: Panel, horizon: int) -> Iterator[Project]:
    """Give a project with the files of a panel."""
    with tempfile.TemporaryDirectory(prefix="panel-") as folder:
        outcomes = {"path": "outcomes", "horizon_days": horizon, "reported_within_days": 0}
        changed = settings() | {"outcomes": outcomes, "call_capacity": 100, "backtest_periods": 6}
        project = Project(Path(folder), **changed)
        assert project.layout.outcomes is not None
        with contextlib.redirect_stdout(io.StringIO()):
            write_panel(panel, project.layout.input, project.layout.outcomes, force=True)
        yield project


def _timed(project: Project, *keys: str) -> float:
    started = time.perf_counter()
    with contextlib.redirect_stderr(io.StringIO()):
        project.materialize(*keys)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
