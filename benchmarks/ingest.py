"""Ingestion against pandas: the same CSV files to the same outputs, each side in a process of its own.

    python benchmarks/ingest.py [--rows 10000000] [--files 10] [--repeats 1] [--folder FOLDER]

Both sides leave out rows that occur twice and write finaldata.csv and parquet. pandas has no parquet writer of its
own, so its frame is written by DuckDB. The files hold 2 % of rows that an earlier file holds as well. Then one
more file is added, finaldata.csv off. Each file is compared with those before it, also by a model; what that costs
is measured by turns with and without. Seconds are of the work alone: both sides have imported their libraries.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from risk_assets.domain.columns import Columns, NumericColumn
from risk_assets.domain.model.scorecard import Scorecard
from risk_assets.engine.duck.session import open_duckdb
from risk_assets.storage.intake.finaldata import FeedCheck, IngestionRules, ingest
from risk_assets.storage.layout import Layout
from risk_assets.storage.records import read_record, write_record

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = Columns(
    id="corporation",
    target="exited",
    positive="1",
    negative="0",
    numeric=(
        NumericColumn("lastmonth_activity", 0),
        NumericColumn("lastyear_activity", 0),
        NumericColumn("number_of_employees", 0),
    ),
)
REPEATED_SHARE = 0.02
#: How often files that are checked and files that are not take turns.
TURNS = 9
#: Rows that the model of the checks learns from.
MODEL_ROWS = 10_000
SIDES = ("pandas", "risk_assets", "unchecked", "full", "one more")


def main() -> None:
    """Run both sides and print a table; with --side run one of them and print its figures."""
    arguments = _arguments()
    if arguments.side:
        print(json.dumps(_run(arguments.side, arguments.folder)))
        return
    folder = Path(tempfile.mkdtemp(prefix="ingest-", dir=arguments.folder))
    try:
        _write_files(folder, rows=arguments.rows, files=arguments.files)
        rounds = [_measure_all(folder) for _ in range(arguments.repeats)]
        checks = _measure_checks(folder)
    finally:
        shutil.rmtree(folder)
    found = {side: _median([round_[side] for round_ in rounds]) for side in rounds[0]}
    print(json.dumps({"sides": found}) if arguments.json else _table(found, checks, arguments))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--files", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="for the files; a temporary one by default")
    parser.add_argument("--json", action="store_true", help="print the figures for a program")
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    return parser.parse_args()


def _write_files(folder: Path, *, rows: int, files: int) -> None:
    """Write the input files, and one more in waiting/."""
    import numpy as np
    import pandas as pd

    random = np.random.default_rng(0)
    for name in ("input", "test", "waiting"):
        (folder / name).mkdir()
    earlier = pd.DataFrame()
    for number in range(files + 1):
        count = rows // files
        frame = pd.DataFrame(
            {
                "corporation": [f"client{client}" for client in random.integers(0, rows, count)],
                "lastmonth_activity": random.lognormal(4, 2, count).astype(int),
                "lastyear_activity": random.lognormal(6, 2, count).astype(int),
                "number_of_employees": random.lognormal(5, 2, count).astype(int) + 1,
                "exited": (random.random(count) < REPEATED_SHARE * 10).astype(int),
            }
        )
        frame = pd.concat([frame.iloc[len(earlier) :], earlier])
        earlier = frame.sample(int(count * REPEATED_SHARE), random_state=number)
        place = "input" if number < files else "waiting"
        frame.to_csv(folder / place / f"clients{number + 1}.csv", index=False)
    _write_model(folder, frame)


def _write_model(folder: Path, clients: pd.DataFrame) -> None:
    """Write the scorecard of a model of some clients."""
    from risk_assets.domain.model.training import train
    from risk_assets.domain.model.training_rows import TrainingRows

    some = clients[:MODEL_ROWS]
    features = {column.name: some[column.name].to_numpy("float64") for column in COLUMNS.numeric}
    model = train(TrainingRows(features, some["exited"].to_numpy()), COLUMNS, threshold=None)
    write_record(folder / "scorecard.json", model.scorecard)


def _measure_all(folder: Path) -> dict[str, dict[str, float]]:
    found = {side: _measure(side, folder) for side in ("pandas", "risk_assets", "full")}
    assert found["pandas"]["rows"] == found["risk_assets"]["rows"], "both sides keep the same rows"
    for file in (folder / "waiting").iterdir():
        (folder / "input" / file.name).symlink_to(file)
    found["one more"] = _measure("one more", folder)
    for file in (folder / "waiting").iterdir():
        (folder / "input" / file.name).unlink()
    return found


def _measure_checks(folder: Path) -> dict[str, list[float]]:
    """Return how many times as long checked files take as others, and as much memory, by turns."""
    found: dict[str, list[float]] = {"seconds": [], "gigabytes": []}
    for turn in range(TURNS):
        pair = ("risk_assets", "unchecked")  # either comes first
        taken = {side: _measure(side, folder) for side in (pair if turn % 2 else reversed(pair))}
        for figure, ratios in found.items():
            ratios.append(taken["risk_assets"][figure] / taken["unchecked"][figure])
    return {figure: sorted(ratios) for figure, ratios in found.items()}


def _measure(side: str, folder: Path) -> dict[str, float]:
    """Run one side in a process of its own."""
    if side != "one more":
        shutil.rmtree(folder / "output", ignore_errors=True)
        (folder / "output").mkdir()
    os.sync()  # what an earlier side has written is written by now
    command = [sys.executable, __file__, "--side", side, "--folder", str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def _run(side: str, folder: Path) -> dict[str, float]:
    for library in ("duckdb", "numpy", "pandas"):
        importlib.import_module(library)  # before the clock starts
    started, used = time.perf_counter(), time.process_time()
    rows = _with_pandas(folder) if side == "pandas" else _with_risk_assets(folder, side)
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    return {
        "rows": rows,
        "seconds": time.perf_counter() - started,
        "cpu_seconds": time.process_time() - used,
        "gigabytes": peak * 1024 / 1e9,
    }


def _with_pandas(folder: Path) -> int:
    import duckdb
    import pandas as pd

    frames = [pd.read_csv(file) for file in sorted((folder / "input").iterdir())]
    finaldata = pd.concat(frames, ignore_index=True)
    del frames
    finaldata = finaldata.drop_duplicates(keep="last")
    finaldata.to_csv(folder / "output" / "finaldata.csv", index=False)
    duckdb.sql(f"COPY finaldata TO '{folder / 'output' / 'finaldata.parquet'}' (FORMAT parquet)")
    return len(finaldata)


def _with_risk_assets(folder: Path, side: str) -> int:
    output, check = folder / "output", FeedCheck(read_record(folder / "scorecard.json", Scorecard))
    rules = IngestionRules(
        0.5, write_csv=side in ("risk_assets", "unchecked"), hold=None if side == "unchecked" else check
    )
    layout = Layout(
        data_root=folder,
        input=folder / "input",
        testdata=folder / "test",
        ingested=output,
        models=output / "models",
        deployment=output / "production",
    )
    with open_duckdb(COLUMNS, memory_limit="4GB", threads=None, spill=output / ".spill") as session:
        return ingest(layout, session, rules, now=datetime.now(UTC)).accepted


def _median(rounds: list[dict[str, float]]) -> dict[str, float]:
    return {key: statistics.median(found[key] for found in rounds) for key in rounds[0]}


def _table(
    found: dict[str, dict[str, float]], checks: dict[str, list[float]], arguments: argparse.Namespace
) -> str:
    pandas, ours, full, more = found.values()
    speed, memory = pandas["seconds"] / ours["seconds"], ours["gigabytes"] / pandas["gigabytes"]
    lines = [
        f"{arguments.rows:,} rows in {arguments.files} CSV files, median of {arguments.repeats}:",
        "",
        "| | seconds | CPU seconds | peak memory, GB |",
        "|---|---|---|---|",
        *(
            f"| {label} | {side['seconds']:.1f} | {side['cpu_seconds']:.1f} | {side['gigabytes']:.2f} |"
            for label, side in (
                ("pandas: read, concat, drop_duplicates, write CSV and parquet", pandas),
                ("risk_assets: the same outputs", ours),
                ("risk_assets, finaldata.csv off", full),
                ("risk_assets, finaldata.csv off: one more file added", more),
            )
        ),
        "",
        f"- {speed:.1f} times as fast as pandas, with {memory:.2f} of its memory",
        f"- {_turns(checks['seconds'])} times as long as without checks",
        f"- {_turns(checks['gigabytes'])} times the memory that it takes without checks",
        f"- one more file costs {more['seconds'] / full['seconds']:.2f} of a full ingestion",
    ]
    return "\n".join(lines)


def _turns(ratios: list[float]) -> str:
    return f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"


if __name__ == "__main__":
    main()
