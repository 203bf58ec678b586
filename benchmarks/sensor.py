"""Time and memory of a look of the sensor over many known files.

    python benchmarks/sensor.py --files 10000 --looks 300

The input folder holds as many small files, all ingested. Every look is the sensor's own function, with its cursor,
on a DAGSTER_HOME in SQLite. Memory is the process's resident set. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import gc
import logging
import os
import statistics
import tempfile
import time
import warnings
from pathlib import Path

import dagster as dg

from risk_assets_tests.automation.small import SmallHome

WARM_UP = 20


def resident_megabytes() -> float:
    """Return the resident set of this process (Linux)."""
    pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def measure(folder: Path, files: int, looks: int) -> tuple[list[float], float, float]:
    """Return the seconds of each look, and the megabytes after the warm-up and after all."""
    with dg.DagsterInstance.local_temp(str(folder)) as instance:
        home = SmallHome(folder, instance)
        home.build()
        for number in range(files):
            home.write(f"clients{number}.csv", f"c{number},1,0\n")
        home.settle()
        home.ingest()
        seconds = []
        for number in range(WARM_UP + looks):
            if number == WARM_UP:
                gc.collect()
                before = resident_megabytes()
            started = time.perf_counter()
            result = home.look()
            seconds.append(time.perf_counter() - started)
            if result.run_requests:
                raise AssertionError("nothing was new")
        gc.collect()
        return seconds[WARM_UP:], before, resident_megabytes()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--looks", type=int, default=300)
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.INFO)
    with tempfile.TemporaryDirectory() as folder:
        seconds, before, after = measure(Path(folder), chosen.files, chosen.looks)
    ordered = sorted(seconds)
    print("| known files | looks | median | 99 % of looks | slowest | memory at first | memory at last |")
    print("|---|---|---|---|---|---|---|")
    print(
        f"| {chosen.files:,} | {chosen.looks:,} | {statistics.median(seconds):.2f} s "
        f"| {ordered[int(0.99 * len(ordered))]:.2f} s | {ordered[-1]:.2f} s | {before:.0f} MB | {after:.0f} MB |"
    )
    print(f"\nload average at the end: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
