"""Time from the rename of a drifted file into the input folder to its clients ranked, and to the new version.

    python benchmarks/arrival.py --times 5

Each time in a fresh home: the shipped data and settings, a first model deployed by `risk run`, Dagster's daemon
running with the shipped dagster.yaml. Then, at a random moment, a file of 5,000 clients appears in whose world the
reason for leaving has moved. Prints a Markdown table of the seconds of each stage, from Dagster's records and the
times of what was written, with the median and the worst of each.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import statistics
import tempfile
import time
import warnings
from pathlib import Path

import dagster as dg

from risk_assets.domain.simulate import simulate
from risk_assets_tests.automation.daemon import PATIENCE, ROOT, DaemonHome

ROWS = 5_000
LONGEST_WAIT = 60.0
STAGES = ("noticed", "ingesting", "ranked", "judged", "retraining asked for", "retraining", "in `current`")
#: The ranking and the pointer to what serves are looked at so often, in seconds.
LOOK = 0.05


def build(folder: Path) -> DaemonHome:
    """Return a home with the shipped data, in which a first model serves."""
    home = DaemonHome(folder)
    home.build()
    for name in ("sourcedata", "testdata"):
        shutil.copytree(ROOT / "data" / name, folder / "data" / name, dirs_exist_ok=True)
    home.run()
    return home


def arrive(home: DaemonHome, number: int) -> list[float]:
    """Let the file appear; return the seconds until each stage was reached."""
    drifted = simulate(ROWS, seed=number, drift="reason", first_id=5_000_000).frame
    with home.daemon():
        home.wait(lambda: bool(home.ticks("new_source_files")), "the first look of the sensor")
        time.sleep(random.Random(number).uniform(0, LONGEST_WAIT))
        home.drop("arrival.csv", drifted)
        arrived = time.time()
        ranked = _changed(home.layout.client_risk_parquet, home)
        served = _changed(home.layout.current, home)
        home.wait(lambda: all(run.is_finished for run in home.runs()), "the end of the run")
    noticed, ingesting, *others = _moments(home)
    return [moment - arrived for moment in (noticed, ingesting, ranked, *others, served)]


def _changed(file: Path, home: DaemonHome) -> float:
    """Return when a file took the place of the one that is there now."""
    before = file.stat().st_ino
    deadline = time.monotonic() + PATIENCE
    while file.stat().st_ino == before:
        if time.monotonic() > deadline:
            raise AssertionError(f"{file} was not written anew; the logs are in {home.folder}")
        time.sleep(LOOK)
    return time.time()


def _moments(home: DaemonHome) -> list[float]:
    """Return when the runs of ingest and refresh were asked for, began and, for the first, ended."""
    with home.instance() as instance:
        ingest = instance.get_run_records(dg.RunsFilter(job_name="ingest"))[-1]
        refresh = instance.get_run_records(dg.RunsFilter(job_name="refresh"))[-1]
    return [
        ingest.create_timestamp.timestamp(),
        ingest.start_time or 0.0,
        ingest.end_time or 0.0,
        refresh.create_timestamp.timestamp(),
        refresh.start_time or 0.0,
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--times", type=int, default=5)
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")
    rows = []
    print(f"| time | {' | '.join(STAGES)} | load |")
    print("|---" * (len(STAGES) + 2) + "|")
    for number in range(1, chosen.times + 1):
        with tempfile.TemporaryDirectory() as folder:
            rows.append(arrive(build(Path(folder) / "home"), number))
        seconds = " | ".join(f"{stage:.0f} s" for stage in rows[-1])
        print(f"| {number} | {seconds} | {os.getloadavg()[0]:.1f} |", flush=True)
    for name, summary in (("median", statistics.median), ("worst", max)):
        figures = " | ".join(f"{summary(stage):.0f} s" for stage in zip(*rows, strict=True))
        print(f"| {name} | {figures} | |")


if __name__ == "__main__":
    main()
