"""Rows of PostgreSQL landed in the input folder against COPY into a file, side by side in one run.

    python benchmarks/sql_source.py [--rows 5000000] [--repeats 1] [--folder FOLDER] [--write FILE]

It starts a PostgreSQL of its own and fills a table of the shipped columns and a time, indexed by time and id. Each
round runs `psql` with COPY of the whole table TO STDOUT, then with COPY of the very query that landing runs
(declared columns and cursor, in order), each redirected to a file, and then a look at the table from its first
row, in a process of its own that has imported its libraries: files of a million rows are landed and synced and
the state is written. The last lines are the look of a source without the fast way, on a tenth of the rows, and a
look that finds nothing new.
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
from collections.abc import Sequence
from pathlib import Path

from risk_assets.domain.columns import Columns, NumericColumn
from risk_assets.settings import SqlSourceSetting
from risk_assets.settings.object_storage import ObjectStorageSetting
from risk_assets.storage.intake.database.landing import land_new_rows
from risk_assets.storage.layout import Layout
from risk_assets.storage.remote.mirror import Mirror
from risk_assets_tests.services.postgres import Postgres, running_postgres

NUMBERS = ("lastmonth_activity", "lastyear_activity", "number_of_employees")
COLUMNS = Columns("corporation", "exited", "1", "0", tuple(NumericColumn(name, 0) for name in NUMBERS))
AIM = 0.5
LIBRARIES = (
    "duckdb",
    "pyarrow.parquet",
    "sqlalchemy",
    "psycopg",
    "psycopg2",
    "adbc_driver_postgresql.dbapi",
    "numpy",
)
FILL = """
CREATE TABLE clients AS SELECT 'client' || g AS corporation, (random() * 1000)::int AS lastmonth_activity,
  (random() * 10000)::int AS lastyear_activity, (random() * 5000)::int + 1 AS number_of_employees,
  (random() < 0.2)::int AS exited, timestamptz '2024-01-01' + g * interval '10 ms' AS updated_at
FROM generate_series(1, {rows}) g;
CREATE INDEX ON clients (updated_at, corporation);
CREATE VIEW tenth AS SELECT * FROM clients WHERE updated_at <= timestamptz '2024-01-01' + {rows} * interval '1 ms';
"""
WHOLE = "COPY clients TO STDOUT"
QUERY = (
    "COPY (SELECT corporation, lastmonth_activity, lastyear_activity, number_of_employees, exited, updated_at "
    "FROM clients WHERE updated_at IS NOT NULL ORDER BY updated_at, corporation) TO STDOUT"
)


def main() -> None:
    """Run all sides and print a table; with --look run one look and print its figures."""
    arguments = _arguments()
    if arguments.look:
        print(json.dumps(_look(arguments.look, arguments.url, arguments.folder)))
        return
    folder = Path(tempfile.mkdtemp(prefix="sql-source-", dir=arguments.folder))
    try:
        with running_postgres() as server:
            server.psql(FILL.format(rows=arguments.rows))
            server.psql("VACUUM ANALYZE clients")
            server.psql("CHECKPOINT")
            rounds = [_measure(server, folder) for _ in range(arguments.repeats)]
    finally:
        shutil.rmtree(folder)
    table = _table(rounds, arguments.rows)
    print(table)
    if arguments.write:
        arguments.write.write_text(table + "\n", encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="for the files; a temporary one by default")
    parser.add_argument("--write", type=Path, help="a markdown file for the table")
    parser.add_argument("--look", help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    return parser.parse_args()


def _measure(server: Postgres, folder: Path) -> dict[str, dict[str, float]]:
    found = {"whole": _copy(server, WHOLE, folder), "query": _copy(server, QUERY, folder)}
    url = server.url("postgresql+psycopg")
    found["landed"], found["nothing"] = _looks("clients", url, folder)
    found["slowly"], _ = _looks("tenth", server.url("postgresql+psycopg2"), folder)
    return found


def _copy(server: Postgres, sql: str, folder: Path) -> dict[str, float]:
    """Redirect what COPY writes to a file."""
    target = folder / "copied"
    started = time.perf_counter()
    with target.open("wb") as file:
        subprocess.run(server.command(sql), stdout=file, check=True)
        os.fsync(file.fileno())
    seconds = time.perf_counter() - started
    with target.open("rb") as file:
        rows = sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
    target.unlink()
    return {"seconds": seconds, "rows": rows}


def _looks(table: str, url: str, folder: Path) -> tuple[dict[str, float], dict[str, float]]:
    """Look twice in processes of their own: at all rows, and at nothing new."""
    home = folder / "home"
    home.mkdir()
    command = [sys.executable, __file__, "--look", table, "--url", url, "--folder", str(home)]
    found: list[dict[str, float]] = []
    for _ in range(2):
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        found.append(json.loads(done.stdout))
    shutil.rmtree(home)
    return found[0], found[1]


def _look(table: str, url: str, folder: Path) -> dict[str, float]:
    for library in LIBRARIES:
        importlib.import_module(library)  # before the clock starts
    layout = Layout(folder, folder / "in", folder / "test", folder / "out", folder / "models", folder / "live")
    layout.input.mkdir(exist_ok=True)
    source = SqlSourceSetting(name="crm", url=url, table=table, cursor="updated_at")
    started = time.perf_counter()
    look = land_new_rows(source, None, Mirror(layout, ObjectStorageSetting()), COLUMNS)
    seconds = time.perf_counter() - started
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    return {"seconds": seconds, "rows": look.rows, "gigabytes": peak * 1024 / 1e9}


def _table(rounds: Sequence[dict[str, dict[str, float]]], rows: int) -> str:
    seconds = {side: statistics.median(found[side]["seconds"] for found in rounds) for side in rounds[0]}
    memory = {side: found.get("gigabytes") for side, found in rounds[-1].items()}
    counts = {side: int(found["rows"]) for side, found in rounds[-1].items()}
    assert counts["whole"] == counts["query"] == counts["landed"] == rows, counts
    labels = {
        "whole": "psql: COPY of the whole table to a file, in no order",
        "query": "psql: COPY of landing's query to a file, in order",
        "landed": "risk_assets: landed as parquet files of a million rows",
        "slowly": "risk_assets: a tenth of the rows, by a driver without the fast way",
        "nothing": "risk_assets: a look that finds nothing new",
    }
    lines = [
        f"{rows:,} rows, median of {len(rounds)}:",
        "",
        "| | seconds | million rows per s | peak memory, GB |",
        "|---|---|---|---|",
    ]
    for side, label in labels.items():
        rate = f"{counts[side] / seconds[side] / 1e6:.2f}" if counts[side] else ""
        size = f"{memory[side]:.2f}" if memory[side] else ""
        lines.append(f"| {label} | {seconds[side]:.2f} | {rate} | {size} |")
    ratios = {side: seconds[side] / seconds["landed"] for side in ("whole", "query")}
    lines += [
        "",
        f"- landed at {ratios['whole']:.2f} of the rate of COPY of the whole table (aim: {AIM})",
        f"- and at {ratios['query']:.2f} of the rate of COPY of the same rows in the same order",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
