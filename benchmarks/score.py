"""`risk score` beside pandas' read_csv of the same file, as whole commands and without their start.

    python benchmarks/score.py --rows 1000000 --repeats 5

A first model is deployed by `risk run` on the shipped data, in a fresh home. Then each side takes its turn, a
process each: pandas reads the file and does nothing more; risk_assets reads it by the rules of ingestion, scores
each client and writes the risks. Prints a Markdown table of medians, and the ratios to pandas.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from risk_assets.domain.simulate import simulate
from risk_assets_tests.automation.daemon import ROOT, DaemonHome

PANDAS = """
import sys, time
import pandas
started = time.perf_counter()
pandas.read_csv(sys.argv[1])
print(time.perf_counter() - started)
"""
RISK = """
import sys, time
from risk_assets.cli import main
import duckdb, numpy
started = time.perf_counter()
main(sys.argv[1:], prog_name="risk", standalone_mode=False)
print(time.perf_counter() - started)
"""
SIDES = {
    "pandas.read_csv, nothing written": None,
    "risk score, to CSV": ("--out", "scores.csv"),
    "risk score, to Parquet": ("--out", "scores.parquet"),
    "risk score --features --interval --reasons 3, to CSV": (
        "--features",
        "--interval",
        "--reasons",
        "3",
        "--out",
        "scores.csv",
    ),
}


def timed(side: tuple[str, ...] | None, home: DaemonHome, clients: Path) -> tuple[float, float, float]:
    """Run one side; return the seconds of its process, of its work without imports, and its gigabytes at most."""
    code = [PANDAS, str(clients)] if side is None else [RISK, "score", str(clients), *side]
    environment = {**os.environ, "RISK_ASSETS_CONFIG": str(home.folder / "config.json")}
    before = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", *code],
        cwd=clients.parent,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{side}: ended with {process.returncode}")
    return time.perf_counter() - before, float(said.split()[-1]), _gigabytes(used)


def _gigabytes(used: resource.struct_rusage) -> float:
    return used.ru_maxrss * 1024 / 1e9


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = DaemonHome(Path(folder) / "home")
        home.build()
        for name in ("sourcedata", "testdata"):
            shutil.copytree(ROOT / "data" / name, home.folder / "data" / name, dirs_exist_ok=True)
        home.run()
        clients = Path(folder) / "clients.csv"
        simulate(chosen.rows, seed=3).frame.to_csv(clients, index=False)
        print(f"{chosen.rows:,} rows, {clients.stat().st_size / 1e6:.0f} MB, median of {chosen.repeats}:\n")
        found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in SIDES}
        for _ in range(chosen.repeats):
            for name, side in SIDES.items():
                found[name].append(timed(side, home, clients))
    _print_table(found)


def _print_table(found: dict[str, list[tuple[float, float, float]]]) -> None:
    medians = {
        name: [statistics.median(each) for each in zip(*times, strict=True)] for name, times in found.items()
    }
    first = next(iter(medians.values()))
    print("| | command, s | ratio | without imports, s | ratio | peak memory, GB |")
    print("|---|---|---|---|---|---|")
    for name, (whole, work, memory) in medians.items():
        ratios = whole / first[0], work / first[1]
        print(f"| {name} | {whole:.2f} | {ratios[0]:.1f} | {work:.2f} | {ratios[1]:.1f} | {memory:.2f} |")
    print(f"\nload average at the end: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
