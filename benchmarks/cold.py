"""How much a cold run of the whole graph, and loading its definitions, cost beyond importing the same libraries.

Cold means a fresh home. With --no-bytecode no process reads or writes compiled Python, as on the very first start.

Both sides are whole processes, taken in turn in one run, so the ratios hold on a busy machine too.

    .venv/bin/python benchmarks/cold.py [--runs 5]
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

#: Dagster's own share: eight assets and eight checks that do nothing, run by the same command.
NOTHING = """
import dagster as dg

KEYS = "abcdefgh"


def make(place):
    key = KEYS[place]
    checks = [dg.AssetCheckSpec("fine", asset=key)]

    @dg.asset(name=key, deps=list(KEYS[:place][-1:]), check_specs=checks)
    def asset():
        return dg.MaterializeResult(check_results=[dg.AssetCheckResult(passed=True, check_name="fine")])

    return asset


defs = dg.Definitions([make(place) for place in range(8)], executor=dg.in_process_executor)
"""

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
LIBRARIES = (
    "dagster",
    "pandas",
    "sklearn.compose",
    "sklearn.linear_model",
    "sklearn.impute",
    "sklearn.pipeline",
    "sklearn.preprocessing",
    "matplotlib.figure",
    "reportlab.platypus",
    "duckdb",
    "scipy.interpolate",
)


def seconds(command: list[str], env: dict[str, str], folder: Path) -> tuple[float, float]:
    """Return the wall and the processor seconds of a process and its children."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, env=env, cwd=folder, check=True, capture_output=True)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def fresh_home(folder: Path) -> dict[str, str]:
    """Lay out an empty home with the shipped data, and return the environment that names it."""
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("sourcedata", "testdata"):
        shutil.copytree(ROOT / "data" / name, folder / "data" / name)
    shutil.copy(ROOT / "config.json", folder)
    (folder / "nothing.py").write_text(NOTHING)
    (folder / "home").mkdir()
    shutil.copy(ROOT / "dagster_home" / "dagster.yaml", folder / "home")
    return {
        **os.environ,
        "DAGSTER_HOME": str(folder / "home"),
        "RISK_ASSETS_CONFIG": str(folder / "config.json"),
    }


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--no-bytecode", action="store_true")
    arguments = parser.parse_args()
    runs = arguments.runs
    python = sys.executable
    materialize = [str(BIN / "dagster"), "asset", "materialize", "--select", "*", "-m"]
    graph, nothing = [*materialize, "risk_assets.definitions"], [*materialize, "nothing"]
    pairs = {
        "whole graph by CLI / a graph that does nothing by CLI": (graph, nothing),
        "whole graph by CLI / importing its libraries": (
            graph,
            [python, "-c", f"import {', '.join(LIBRARIES)}"],
        ),
        "import risk_assets.definitions / import dagster": (
            [python, "-c", "import risk_assets.definitions"],
            [python, "-c", "import dagster"],
        ),
    }
    print("| | wall s | CPU s | ratio of wall (min-max) | ratio of CPU |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "house"
        for name, (ours, floor) in pairs.items():
            taken = []
            for number in range(runs + 1):
                env = fresh_home(folder)
                if arguments.no_bytecode:
                    env["PYTHONPYCACHEPREFIX"] = str(folder / "none")
                    env["PYTHONDONTWRITEBYTECODE"] = "1"
                pair = seconds(ours, env, folder), seconds(floor, env, folder)
                if number:  # the first of each warms the disk's cache
                    taken.append(pair)
            wall = [mine[0] / other[0] for mine, other in taken]
            cpu = statistics.median(mine[1] / other[1] for mine, other in taken)
            columns = [
                " / ".join(f"{statistics.median(pair[side][kind] for pair in taken):.1f}" for side in (0, 1))
                for kind in (0, 1)
            ]
            spread = f"{statistics.median(wall):.2f} ({min(wall):.2f}-{max(wall):.2f})"
            print(f"| {name} | {columns[0]} | {columns[1]} | {spread} | {cpu:.2f} |", flush=True)


if __name__ == "__main__":
    main()
