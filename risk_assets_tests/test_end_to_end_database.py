"""From a row in PostgreSQL to the version that serves: a real daemon, a real database, no file touched by hand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from risk_assets.domain.simulate import simulate
from risk_assets.settings import load_settings
from risk_assets.storage.deployment.versions import read_decisions, verify_version
from risk_assets.storage.intake.database.landing import land_new_rows
from risk_assets.storage.intake.finaldata import require_ingestion
from risk_assets.storage.remote.mirror import Mirror
from risk_assets_tests.automation.daemon import DaemonHome
from risk_assets_tests.services.postgres import Postgres, running_postgres

if TYPE_CHECKING:
    import pandas as pd

pytestmark = [pytest.mark.slow, pytest.mark.long]

TABLE = """CREATE TABLE clients (corporation text PRIMARY KEY, lastmonth_activity int, lastyear_activity int,
number_of_employees int, exited boolean, updated_at timestamptz DEFAULT now())"""


def test_rows_inserted_into_postgresql_end_in_a_new_version_that_serves(tmp_path: Path) -> None:
    first = simulate(3000, seed=1).frame
    drifted = simulate(3000, seed=3, first_id=2_000_000, drift="reason").frame
    home = DaemonHome(tmp_path / "home")
    with running_postgres() as server:
        server.psql(TABLE)
        url = server.url("postgresql+psycopg")
        source = {"kind": "sql", "name": "crm", "url": url, "table": "clients", "cursor": "updated_at"}
        home.build(retrain_cooldown_minutes=0, sources=[source])
        simulate(1000, seed=9, first_id=9_000_000).frame.to_csv(home.layout.testdata / "testdata.csv", index=False)
        insert(server, first)
        land(home)
        home.run()
        before = home.serving()
        with home.daemon():
            insert(server, drifted)
            home.wait(lambda: home.serving() != before, "a version trained on the new rows to serve")

    files = require_ingestion(home.layout).files
    assert [(file.name[:13], file.accepted) for file in files] == [
        ("crm-00000001-", 3000),
        ("crm-00000002-", 3000),
    ]
    assert [decision.verdict for decision in read_decisions(home.layout)] == ["promoted", "promoted"]
    live = home.serving()
    assert live is not None
    assert verify_version(home.layout, live) == ()
    told = home.reasons("new_source_rows")
    assert [reason.partition(", up to 20")[0] for reason in told if "landed" in reason] == [
        "crm: 3,000 rows landed in 1 file"
    ]


def land(home: DaemonHome) -> None:
    """Land what is there by now, so that a first model can be made of it."""
    settings = load_settings(home.folder / "config.json")
    look = land_new_rows(settings.sources[0], None, Mirror.of(settings), settings.columns.to_columns())
    assert (look.rows, look.complete) == (3000, True)


def insert(server: Postgres, rows: pd.DataFrame) -> None:
    names = ["corporation", "lastmonth_activity", "lastyear_activity", "number_of_employees", "exited"]
    into = f"COPY clients ({', '.join(names)}) FROM STDIN"
    with psycopg.connect(server.url()) as connection, connection.cursor() as cursor, cursor.copy(into) as copy:
        for row in rows[names].itertuples(index=False):
            copy.write_row([*row[:-1], "t" if row[-1] else "f"])
