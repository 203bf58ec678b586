"""The graph at 1, 10 and 100 million rows: time and peak memory of each asset, each in a process of its own.

    python benchmarks/scale.py [--rows 1000000 10000000 100000000] [--kind csv] [--folder FOLDER] [--clean]
                               [--write docs/scaling.md]

A home of each size is made in the folder (see scale_data.py) with memory_limit 4 GB and finaldata.csv off, and
`dagster asset materialize` makes one asset after the other. Then one more file of a million rows at the most comes
in, and one with a tenth of the rows. At 10 million rows pandas and scikit-learn do the same (scale_sides.py).

Memory is the resident memory of the process tree, summed over its processes and looked at every 50 ms. Results
are kept in results.json of the folder step by step: what is there is not measured again, so a long run goes on
where it was ended, sizes may be measured one by one, and --write makes the table of all that is there.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scale_data import write_home
from scale_table import ASSETS, BASE, LATER, SIDES, START, table_of
from watched import watch

BEGIN, END = "<!-- scale: begin -->", "<!-- scale: end -->"
BIN = Path(sys.executable).parent


def main() -> None:
    """Measure what is not measured yet, and print or write the table of all there is."""
    arguments = _arguments()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for rows in arguments.rows:
        _measure(arguments.folder, rows, arguments)
        if arguments.clean:
            shutil.rmtree(_home(arguments.folder, rows), ignore_errors=True)
    table = table_of(_read(arguments.folder))
    print(table)
    if arguments.write:
        _put(table, arguments.write)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="*", default=[1_000_000, BASE, 100_000_000])
    parser.add_argument("--kind", choices=("csv", "parquet"), default="csv", help="of the client files")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "risk-scale")
    parser.add_argument("--memory-limit", default="4GB", help="of the engine")
    parser.add_argument(
        "--sides-at", type=int, default=BASE, help="the size at which the other sides are measured"
    )
    parser.add_argument("--clean", action="store_true", help="remove each home once it is measured")
    parser.add_argument("--write", type=Path, help="put the table between the marks of this file")
    return parser.parse_args()


def _home(folder: Path, rows: int) -> Path:
    return folder / f"rows{rows}"


def _read(folder: Path) -> dict[str, Any]:
    file = folder / "results.json"
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return found


def _measure(folder: Path, rows: int, arguments: argparse.Namespace) -> None:
    """Take the steps of a size that have no result yet, and keep each result at once."""
    for name, step in _steps(_home(folder, rows), rows, arguments):
        results = _read(folder)
        size = results.setdefault(str(rows), {"machine": _machine(), "kind": arguments.kind, "steps": {}})
        if name in size["steps"]:
            continue
        load = os.getloadavg()[0]
        found = {**step(), "load": load, "at": datetime.now(UTC).isoformat(timespec="seconds")}
        size["steps"][name] = found
        (folder / "results.json").write_text(json.dumps(results, indent=1), encoding="utf-8")
        print(
            f"{rows:>11,} {name}: {found['seconds']:.1f} s, {found['gigabytes']:.2f} GB, load {load:.1f}",
            flush=True,
        )


def _steps(
    home: Path, rows: int, arguments: argparse.Namespace
) -> Iterator[tuple[str, Callable[[], dict[str, Any]]]]:
    """Yield the steps by name, in order; the home is made for the first one that is taken."""
    config = home / "config.json"

    def run(*command: str) -> dict[str, Any]:
        if not config.exists():
            limits = {"memory_limit": arguments.memory_limit}
            write_home(home, rows=rows, kind=arguments.kind, settings=limits)
            (home / "dagster").mkdir(exist_ok=True)
        watched = watch(command, {"RISK_ASSETS_CONFIG": str(config), "DAGSTER_HOME": str(home / "dagster")})
        told = [json.loads(line) for line in watched.output.splitlines() if line.startswith("{")]
        figures = {name: value for name, value in asdict(watched).items() if name != "output"}
        return {**figures, **(told[-1] if told else {})}

    def materialize(asset: str, later: str | None = None) -> dict[str, Any]:
        if later:
            _bring(home, LATER[later])
        return run(
            str(BIN / "dagster"), "asset", "materialize", "--select", asset, "-m", "risk_assets.definitions"
        )

    yield START, lambda: run(str(BIN / "dagster"), "asset", "list", "-m", "risk_assets.definitions")
    for asset in ASSETS:
        yield asset, lambda asset=asset: materialize(asset)  # type: ignore[misc]
    if rows == arguments.sides_at:
        script = str(Path(__file__).with_name("scale_sides.py"))
        for side in ("train", *(side for side, _ in SIDES.values())):
            yield side, lambda side=side: run(sys.executable, script, side, str(config))  # type: ignore[misc]
        ingest = str(Path(__file__).with_name("ingest.py"))
        yield "ingest", lambda: run(sys.executable, ingest, "--rows", str(rows), "--json")
    for later in LATER:
        for asset in ("finaldata", "drift"):
            yield f"{asset}, {later}", lambda asset=asset, later=later: materialize(asset, later)  # type: ignore[misc]


def _bring(home: Path, place: int) -> None:
    """Let a waiting file come in."""
    file = sorted((home / "data" / "waiting").iterdir())[place]
    target = home / "data" / "sourcedata" / file.name
    if not target.exists():
        os.link(file, target)


def _machine() -> str:
    import duckdb

    cpu = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    model = next((line.partition(": ")[2] for line in cpu.splitlines() if line.startswith("model name")), "")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    versions = f"Python {platform.python_version()}, DuckDB {duckdb.__version__}"
    return f"{os.cpu_count()} cores ({model or platform.machine()}), {memory:.0f} GB, {versions}"


def _put(table: str, file: Path) -> None:
    """Put the table between the marks of a file, which is made if it is not there."""
    text = file.read_text(encoding="utf-8") if file.exists() else f"# Scaling, measured\n\n{BEGIN}\n{END}\n"
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{file}: has no {BEGIN} and {END}")
    file.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
