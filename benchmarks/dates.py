"""What dates and outcomes cost: the same rows ingested without them and with them, each in a process of its own.

    python benchmarks/dates.py [--rows 10000000] [--leavings 1000000] [--repeats 1]

Without: id, three numbers and a target in 10 files. With: a date in place of the target, and leavings in a file of
their own. finaldata.csv is off. Prints seconds, peak memory and the ratios.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from risk_assets.domain.columns import Columns, NumericColumn
from risk_assets.domain.intake.outcomes import OutcomeFiles, OutcomeRules
from risk_assets.engine.duck.session import open_duckdb
from risk_assets.storage.intake.finaldata import IngestionRules, ingest
from risk_assets.storage.layout import Layout

NUMERIC = tuple(NumericColumn(name, 0) for name in ("month", "year", "employees"))
PLAIN = Columns("id", "left", "1", "0", NUMERIC)
DATED = Columns("id", "left", "1", "0", NUMERIC, as_of="as_of", has_target=False)
LEAVINGS = Columns("id", "left", "1", "0", (), as_of="left_on", has_target=False, announced=True)
FILES = 10


def main() -> None:
    """Run both sides in turn and print a table; with --side run one and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--leavings", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--side", choices=("plain", "dated"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.side:
        print(json.dumps(_run(arguments.side, arguments.folder)))
        return
    folder = Path(tempfile.mkdtemp(prefix="dates-"))
    try:
        _write(folder, arguments.rows, arguments.leavings)
        rounds = [{side: _measured(side, folder) for side in ("plain", "dated")} for _ in range(arguments.repeats)]
    finally:
        shutil.rmtree(folder)
    seconds, memory = (
        {side: statistics.median(found[side][key] for found in rounds) for side in ("plain", "dated")}
        for key in ("seconds", "gigabytes")
    )
    print(f"{arguments.rows:,} rows, {arguments.leavings:,} leavings, median of {arguments.repeats}:\n")
    print("| | seconds | peak memory, GB |\n|---|---|---|")
    for side, label in (("plain", "without dates"), ("dated", "with dates and outcomes")):
        print(f"| {label} | {seconds[side]:.1f} | {memory[side]:.2f} |")
    print(f"\n- {seconds['dated'] / seconds['plain']:.2f} times the seconds", end=", ")
    print(f"{memory['dated'] / memory['plain']:.2f} times the memory")


def _write(folder: Path, rows: int, leavings: int) -> None:
    """Write the same clients twice: a file is a month of a tenth of all rows."""
    import pandas as pd

    random = np.random.default_rng(0)
    clients = rows // FILES
    ids = np.array([f"c{number:08d}" for number in range(clients)])
    for name in ("plain/in", "plain/test", "dated/in", "dated/test", "dated/outcomes"):
        (folder / name).mkdir(parents=True)
    for number in range(FILES):
        frame = pd.DataFrame({"id": ids} | {column.name: random.poisson(50, clients) for column in NUMERIC})
        frame.assign(left=random.integers(0, 2, clients)).to_csv(folder / f"plain/in/{number}.csv", index=False)
        frame.assign(as_of=f"2025-{number + 1:02d}-01").to_csv(folder / f"dated/in/{number}.csv", index=False)
    gone = random.choice(clients, min(leavings, clients), replace=False)
    days = pd.Timestamp("2025-01-02") + pd.to_timedelta(random.integers(0, 300, len(gone)), unit="D")
    pd.DataFrame({"id": ids[gone], "left_on": days.strftime("%Y-%m-%d")}).to_csv(
        folder / "dated/outcomes/left.csv", index=False
    )


def _measured(side: str, folder: Path) -> dict[str, float]:
    shutil.rmtree(folder / side / "out", ignore_errors=True)
    command = [sys.executable, __file__, "--side", side, "--folder", str(folder / side)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _run(side: str, folder: Path) -> dict[str, float]:
    dated = side == "dated"
    outcomes = OutcomeFiles(LEAVINGS, OutcomeRules(90, 0)) if dated else None
    names = ("in", "test", "out", "models", "live")
    source, test, out, models, live = (folder / name for name in names)
    layout = Layout(folder, source, test, out, models, live, outcomes=folder / "outcomes" if dated else None)
    started = time.perf_counter()
    columns = DATED if dated else PLAIN
    with open_duckdb(columns, memory_limit="4GB", threads=None, spill=out / ".spill") as session:
        ingest(layout, session, IngestionRules(0.5, write_csv=False, outcomes=outcomes), now=datetime.now(UTC))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"seconds": time.perf_counter() - started, "gigabytes": peak * 1024 / 1e9}


if __name__ == "__main__":
    main()
