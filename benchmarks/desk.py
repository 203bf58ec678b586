"""How quickly the pages of the desk answer with a million clients and a hundred thousand contacts.

Months of simulated clients are ingested and ranked, contacts with some of the current ones are written through the
journal, and a server of one worker is asked for pages in turns. Beside each page stands what the same worker takes
for /healthz, so that a busy machine shows.

    .venv/bin/python benchmarks/desk.py [--clients 1000000] [--contacts 100000] [--rounds 40] [--keep FOLDER]
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import httpx

from risk_assets.domain.contacts.contact import KINDS, Draft
from risk_assets.settings import load_settings
from risk_assets.storage.contacts.database import ContactsDatabase
from risk_assets.storage.contacts.journal import ContactJournal
from risk_assets.storage.layout import Layout

BIN = Path(sys.executable).parent
MONTHS = 5
PORT = 8931
HTML = {"Accept": "text/html"}


def prepare(folder: Path, clients: int) -> None:
    """Simulate months of clients, and rank them by a model of their own."""
    config = json.loads((Path(__file__).parents[1] / "config.panel.json").read_text())
    config["data_root"] = str(folder / "data")
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "dagster_home").mkdir()
    files, outcomes = folder / "data/paneldata/clients", folder / "data/paneldata/outcomes"
    simulate = ["simulate", "--months", str(MONTHS), "--clients", str(clients), "--carried", "--out", str(files)]
    for arguments in ([*simulate, "--outcomes", str(outcomes)], ["run", "--select", '+key:"client_risk"']):
        subprocess.run(
            [BIN / "risk", "--config", folder / "config.json", *arguments], check=True, env=surroundings(folder)
        )


def surroundings(folder: Path) -> dict[str, str]:
    """Return the environment of a project of its own."""
    return {
        **os.environ,
        "DAGSTER_HOME": str(folder / "dagster_home"),
        "RISK_ASSETS_CONFIG": str(folder / "config.json"),
    }


def write_contacts(folder: Path, contacts: int) -> float:
    """Write contacts with clients all over the ranking, and return the seconds."""
    settings = load_settings(folder / "config.json")
    layout = Layout.of(settings)
    query = f"SELECT corporation FROM '{layout.client_risk_parquet}' USING SAMPLE {contacts} ROWS (reservoir, 1)"
    names = [name for (name,) in duckdb.connect().execute(query).fetchall()]
    database = ContactsDatabase.of(settings, layout)
    journal, now, started = ContactJournal(database, settings.recall_days), datetime.now(UTC), time.perf_counter()
    for number in range(contacts):
        draft = Draft(names[number % len(names)], KINDS[number % len(KINDS)], f"what was said in call {number}")
        at = now - timedelta(days=number % 60)
        journal.add(draft, token=f"{number}", by=f"manager {number % 8}", now=at)
    database.close()
    return time.perf_counter() - started


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[httpx.Client]:
    """Serve the project, and yield a client of it."""
    command = [
        str(BIN / "risk"),
        "--config",
        str(folder / "config.json"),
        "serve",
        "--port",
        str(PORT),
        "--workers",
        "1",
    ]
    with (folder / "serve.log").open("wb") as log:
        server = subprocess.Popen(command, env=surroundings(folder), stdout=log, stderr=log)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{PORT}", timeout=60, trust_env=False) as http:
            while True:
                with contextlib.suppress(httpx.TransportError):
                    if http.get("/readyz").is_success:
                        break
                time.sleep(0.2)
            yield http
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()


def addresses(http: httpx.Client) -> dict[str, str]:
    """Return what is asked for, by what it shows."""
    filters = "in.manager=Adler&min.number_of_employees=50"
    cursor = None
    for _ in range(200):  # far down the list
        page = http.get("/clients", params={"after": cursor} if cursor else {}).json()
        cursor = page["after"]
    name = page["clients"][0]["id"]
    return {
        "/healthz": "/healthz",
        "today's list": "/calls",
        "today's list of a manager": "/calls?in.manager=Adler",
        "the list of clients": "/clients",
        "filtered by manager and employees": f"/clients?{filters}",
        "filtered, by value at risk": f"/clients?{filters}&sort=-value_at_risk",
        "page 201 by cursor": f"/clients?page=201&after={cursor}",
        "page 10,000 by number": "/clients?page=10000",
        "part of an id": "/clients?q=qz",
        "a client": f"/clients/{name}",
        "contacts": "/contacts",
    }


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=1_000_000)
    parser.add_argument("--contacts", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--keep", type=Path, help="a folder that is made once and used again")
    given = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = given.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "config.json").exists():
            prepare(folder, given.clients)
            seconds = write_contacts(folder, given.contacts)
            print(f"{given.contacts:,} contacts written in {seconds:.0f} s, each synced to the disk")
        http = stack.enter_context(serving(folder))
        asked = addresses(http)
        taken: dict[str, list[float]] = {name: [] for name in asked}
        for turn in range(given.rounds + 1):
            for name, address in asked.items():
                started = time.perf_counter()
                http.get(address, headers=HTML).raise_for_status()
                if turn:
                    taken[name].append(1000 * (time.perf_counter() - started))
        print("| page | median ms | p95 ms |\n|---|---|---|")
        for name, times in taken.items():
            print(f"| {name} | {statistics.median(times):.1f} | {statistics.quantiles(times, n=20)[-1]:.1f} |")


if __name__ == "__main__":
    main()
