"""Landing from a real PostgreSQL: both ways of reading, commits out of order, servers and processes that die."""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import psycopg
import pytest

from risk_assets.domain.columns import Columns, NumericColumn
from risk_assets.domain.intake.outcomes import OutcomeRules
from risk_assets.settings import SqlSourceSetting
from risk_assets.storage.intake.database.database import SourceError
from risk_assets.storage.intake.database.landing import land_new_rows
from risk_assets.storage.intake.database.reading import Look
from risk_assets.storage.layout import Layout
from risk_assets_tests.services.postgres import Postgres, running_postgres
from risk_assets_tests.storage.dated import COLUMNS as DATED
from risk_assets_tests.storage.dated import LEAVINGS, DatedPlace
from risk_assets_tests.storage.intake.database.crm import local

pytestmark = pytest.mark.slow

COLUMNS = Columns("id", "exited", "1", "0", (NumericColumn("calls"),), ("region",))
MANY = """SELECT 'client' || g AS id, g AS calls, 'north' AS region, 1 AS exited, g AS at
FROM generate_series(1, {rows}) g"""
LAND = """
import json, sys
from pathlib import Path
from risk_assets_tests.storage.intake.database.test_postgres import Landing
landing = Landing(Path(sys.argv[1]), json.loads(sys.argv[2]))
print("begun", flush=True)
print(landing.look().rows)
status = Path("/proc/self/status").read_text()
print(next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")))
"""


@dataclass
class Landing:
    """A folder that a table is landed in."""

    folder: Path
    settings: dict[str, object]

    @property
    def layout(self) -> Layout:
        root = self.folder
        layout = Layout(root, root / "in", root / "test", root / "out", root / "models", root / "production")
        layout.input.mkdir(parents=True, exist_ok=True)
        return layout

    @property
    def files(self) -> list[Path]:
        return sorted(file for file in self.layout.input.iterdir() if not file.name.startswith("."))

    def look(
        self, password: str | None = None, *, in_time: Callable[[], bool] = lambda: True, **changes: object
    ) -> Look:
        source = SqlSourceSetting.model_validate({"name": "crm", "cursor": "at"} | self.settings | changes)
        return land_new_rows(source, password, local(self.layout), COLUMNS, in_time=in_time)

    def rows(self) -> list[tuple[object, ...]]:
        with duckdb.connect() as connection:
            return connection.execute(f"FROM read_parquet({[str(file) for file in self.files]!r})").fetchall()

    def process(self) -> subprocess.Popen[str]:
        """Look in a process of its own, which prints when it begins, the rows landed and its peak memory (KiB)."""
        command = [sys.executable, "-c", LAND, str(self.folder), json.dumps(self.settings)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with running_postgres() as server:
        yield server


@pytest.fixture
def landing(server: Postgres, tmp_path: Path) -> Landing:
    """A table `clients` without rows."""
    server.psql("DROP TABLE IF EXISTS clients CASCADE")
    server.psql("CREATE TABLE clients (id text, calls int, region text, exited int, at timestamptz)")
    return Landing(tmp_path, {"url": server.url("postgresql+psycopg"), "table": "clients"})


def digests(files: list[Path]) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


KINDS = {
    "int2": ("-7", "NULL", "32767"),
    "int8": ("-9007199254740993", "NULL", "9223372036854775807"),
    "numeric": ("12.50", "NULL", "100000000000000000000.000001", "1e-20", "'NaN'"),
    "numeric(12, 4)": ("12.5", "NULL", "-0.0001"),
    "float4": ("0.1", "NULL", "1e20", "'NaN'", "'-infinity'"),
    "float8": ("0.1", "NULL", "1e300", "'NaN'", "'infinity'", "123456789012345678"),
    "boolean": ("true", "NULL", "false"),
    "text": ("''", "NULL", "E'a\\nb\\tc'", "'\\N'", "'naïve – 東京'", "repeat('long', 100000)", "E'\\\\x00'"),
    "varchar(9)": ("'a ,\"b'", "NULL", "''"),
    "char(5)": ("'ab'", "NULL", "''"),
    "date": ("'2024-02-28'", "NULL", "'infinity'", "'0044-03-15 BC'"),
    "timestamptz": ("'2024-02-28 12:00:00.5+02'", "NULL", "'infinity'"),
    "timestamp": ("'2024-02-28 12:00:00.5'", "NULL"),
    "uuid": ("'11111111-2222-3333-4444-555555555555'", "NULL"),
    "jsonb": ("""'{"a": [1, "b"]}'""", "NULL"),
    "bytea": ("'\\x00ff'", "NULL"),
    "int[]": ("'{1,2,NULL}'", "NULL"),
    "interval": ("'1 day 02:03:04'", "NULL"),
    "money": ("12.5", "NULL"),
    "oid": ("12", "NULL"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_both_ways_of_reading_land_equal_files_of_equal_rows_whatever_their_type(
    server: Postgres, landing: Landing, kind: str
) -> None:
    server.psql(f"ALTER TABLE clients ALTER region TYPE {kind} USING NULL::{kind}")
    for place, value in enumerate(KINDS[kind]):
        server.psql(f"INSERT INTO clients VALUES ('c{place}', {place}, {value}, 1, '2024-01-01')")
    slowly = Landing(landing.folder / "slowly", landing.settings | {"url": server.url("postgresql+psycopg2")})
    assert landing.look().rows == slowly.look().rows == len(KINDS[kind])
    assert digests(landing.files) == digests(slowly.files)
    assert landing.rows()[1] == ("c1", 1, None, 1)


CURSORS = {
    "int": ("1", "2", "1000"),
    "numeric": ("1", "1.00000000000000000001", "1000.5"),
    "float8": ("0.1", "0.30000000000000004", "1e300"),
    "float4": ("0.1", "0.2", "16777216"),
    "date": ("'2024-01-01'", "'2024-01-02'", "'2024-02-01'"),
    "timestamp": ("'2024-01-01'", "'2024-01-01 00:00:00.000001'", "'2024-03-01'"),
    "timestamptz": ("'2024-03-29 00:59:59+00'", "'2024-03-29 03:00:00+02'", "'2024-10-25 02:30:00+01'"),
    "text": ("'2024-01-01T00:00:00Z'", "'2024-01-01T00:00:01Z'", "'2024-02-01T00:00:00Z'"),
}


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
@pytest.mark.parametrize("kind", CURSORS)
def test_cursors_of_every_kind_are_followed(server: Postgres, landing: Landing, kind: str, driver: str) -> None:
    landing.settings["url"] = server.url(f"postgresql+{driver}")
    server.psql(f"ALTER TABLE clients ALTER at TYPE {kind} USING NULL::{kind}")
    server.psql("INSERT INTO clients VALUES ('never', 1, 'n', 1, NULL)")
    rows = []
    for name, value in zip("abc", CURSORS[kind], strict=True):
        server.psql(f"INSERT INTO clients VALUES ('{name}', 1, 'n', 1, {value})")
        rows.append(landing.look().rows)
    assert rows == [1, 1, 1]
    server.psql(f"INSERT INTO clients VALUES ('tied', 1, 'n', 1, {CURSORS[kind][2]})")
    look = landing.look(look_back=0)
    assert (look.rows, look.passed_over) == (1, 1)
    assert landing.look().rows == 0
    assert [row[0] for row in landing.rows()] == ["a", "b", "c", "tied"]


@pytest.mark.parametrize("kind", ["timestamptz", "date", "float8"])
def test_endless_cursors_are_passed_over_and_counted(server: Postgres, landing: Landing, kind: str) -> None:
    server.psql(f"ALTER TABLE clients ALTER at TYPE {kind} USING NULL::{kind}")
    for value in ("infinity", "-infinity", "2024" if kind == "float8" else "2024-01-01"):
        server.psql(f"INSERT INTO clients VALUES ('a', 1, 'n', 1, '{value}')")
    look = landing.look()
    assert (look.rows, look.passed_over) == (1, 2)


def test_commits_out_of_their_order_are_landed_all(server: Postgres, landing: Landing) -> None:
    insert = "INSERT INTO clients VALUES (%s, 1, 'n', 1, now())"
    with psycopg.connect(server.url()) as early, psycopg.connect(server.url(), autocommit=True) as late:
        early.execute(insert, ["begun first"])
        late.execute(insert, ["committed first"])
        assert landing.look().rows == 1
        early.commit()
        assert landing.look().rows == 1
    assert [row[0] for row in landing.rows()] == ["committed first", "begun first"]


@pytest.mark.parametrize("kind", ["timestamptz", "timestamp", "date"])
def test_a_row_dated_ahead_hides_no_row_of_now(server: Postgres, landing: Landing, kind: str) -> None:
    server.psql(f"ALTER TABLE clients ALTER at TYPE {kind} USING NULL::{kind}")
    insert = "INSERT INTO clients SELECT '{}', 1, 'n', 1, (now() AT TIME ZONE 'UTC' + interval '{}'){}"
    zone = " AT TIME ZONE 'UTC'" if kind == "timestamptz" else ""
    for name, interval in (("old", "-3 days"), ("ahead", "1 day")):
        server.psql(insert.format(name, interval, zone))
    look = landing.look()
    assert (look.rows, look.ahead) == ((1, True) if zone else (2, False))
    server.psql(insert.format("now", "0", zone))
    assert [landing.look().rows, landing.look().rows] == [1, 0]


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_a_sort_that_takes_too_long_names_the_index_that_would_spare_it(
    server: Postgres, landing: Landing, driver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("risk_assets.storage.intake.database.database.STATEMENT_SECONDS", 1)
    slow = "SELECT 'a' AS id, 1 AS calls, 'n' AS region, 1 AS exited, 1 AS at FROM pg_sleep(20)"
    landing.settings |= {"table": None, "query": slow, "url": server.url(f"postgresql+{driver}")}
    with pytest.raises(SourceError, match=r'statement timeout \(1 s\): an index on "at" and the id would spare'):
        landing.look()


def test_names_that_need_quotes_and_a_schema_are_read(server: Postgres, landing: Landing) -> None:
    server.psql('DROP SCHEMA IF EXISTS "the crm" CASCADE; CREATE SCHEMA "the crm"')
    server.psql(
        'CREATE TABLE "the crm"."Clients, 100%" AS SELECT \'a\' AS "ID", 1 AS calls, \'n\' AS "Region",'
        '1 AS exited, now() AS "At: ""it"""'
    )
    look = landing.look(schema="the crm", table="Clients, 100%", cursor='at: "it"')
    assert (look.rows, landing.rows()) == (1, [("a", 1, "n", 1)])


def test_a_query_with_casts_and_percents_is_read(server: Postgres, landing: Landing) -> None:
    server.psql("INSERT INTO clients VALUES ('50% x', 1, 'n', 1, now()), ('skip', 1, 'n', 1, now())")
    query = "WITH c AS (SELECT * FROM clients WHERE id LIKE '%x' AND id <> ':no') SELECT *, at::date AS d FROM c;"
    assert landing.look(table=None, query=query, cursor="d").rows == 1
    assert landing.rows() == [("50% x", 1, "n", 1)]


def test_rows_and_outcomes_with_dates_mean_what_files_of_them_mean(server: Postgres, tmp_path: Path) -> None:
    files, landed = DatedPlace(tmp_path / "files"), DatedPlace(tmp_path / "landed")
    files.put("rows.csv", "A,2025-03-01,1,Ann,2.5", "B,2025-03-01,,,", "A,2025-04-01 10:30,3,Bob,4")
    files.report("left.csv", "A,2025-03-31", "C,2025-05-05")
    files.ingest(OutcomeRules(30, 0))
    server.psql("DROP TABLE IF EXISTS clients, leavings CASCADE")
    server.psql(
        "CREATE TABLE clients (id text, as_of timestamp, calls int, manager text, fee numeric, at int);"
        "INSERT INTO clients VALUES ('A', '2025-03-01', 1, 'Ann', 2.5, 1), "
        "('B', '2025-03-01', NULL, NULL, NULL, 2), "
        "('A', '2025-04-01 10:30', 3, 'Bob', 4, 3);"
        "CREATE TABLE leavings (id text, left_on date, at int);"
        "INSERT INTO leavings VALUES ('A', '2025-03-31', 1), ('C', '2025-05-05', 2)"
    )
    url = server.url("postgresql+psycopg")
    for table, into, columns in (("clients", "sourcedata", DATED), ("leavings", "outcomes", LEAVINGS)):
        source = {"name": table, "cursor": "at", "url": url, "table": table, "into": into, "look_back": 0}
        assert land_new_rows(SqlSourceSetting.model_validate(source), None, local(landed.layout), columns).rows

    landed.ingest(OutcomeRules(30, 0))

    assert landed.labelled() == files.labelled()


def test_a_password_from_the_environment_opens_the_door_and_is_never_shown(
    server: Postgres, landing: Landing
) -> None:
    server.psql("CREATE ROLE risk LOGIN PASSWORD 'se:c/r@t'; GRANT SELECT ON clients TO risk")
    hba = server.folder / "data" / "pg_hba.conf"
    hba.write_text("host all risk all scram-sha-256\n" + hba.read_text())
    server.psql("SELECT pg_reload_conf(); INSERT INTO clients VALUES ('a', 1, 'n', 1, now())")
    url = server.url("postgresql+psycopg").replace("postgres@", "risk@")
    with pytest.raises(SourceError, match='password authentication failed for user "risk"') as caught:
        landing.look("wr:o/n@g", url=url)
    assert "wr:o" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert landing.look("se:c/r@t", url=url).rows == 1


def test_a_server_that_goes_away_is_an_error_and_the_next_look_goes_on(server: Postgres, landing: Landing) -> None:
    landing.settings |= {"table": None, "query": MANY.format(rows=1_000_000), "batch_rows": 50_000}
    down: list[bool] = []

    def in_time() -> bool:
        if not down:
            server.stop("immediate")
            down.append(True)
        return True

    try:
        with pytest.raises(SourceError, match=r"^crm: .*server closed the connection unexpectedly"):
            landing.look(in_time=in_time)
        before = landing.files
        assert 0 < len(before) < 20
        with pytest.raises(SourceError, match=r"^crm: .*onnection .* failed: .*refused"):
            landing.look()
        assert landing.files == before
    finally:
        server.start()
    assert landing.look().complete
    assert landing.files[: len(before)] == before
    rows = landing.rows()
    assert len(rows) == len(set(rows)) == 1_000_000


def test_killed_again_and_again_it_lands_every_row_and_finaldata_holds_each_once(
    server: Postgres, landing: Landing
) -> None:
    many = "INSERT INTO clients SELECT 'c' || g, g, 'n', 1, '2024-01-01'::timestamptz + g * interval '1 ms' "
    server.psql(many + "FROM generate_series(1, 200000) g")
    landing.settings["batch_rows"] = 5_000
    for pause in (0.0, 0.1, 0.2):
        look = landing.process()
        assert look.stdout is not None
        look.stdout.readline()
        time.sleep(pause)
        look.send_signal(signal.SIGKILL)
        look.communicate()
    killed = len(landing.files)
    assert killed < 40, "it was killed too late"
    landing.look()
    assert len(set(landing.rows())) == 200_000
    assert all(not file.name.startswith(".") for file in landing.layout.input.iterdir())


@pytest.mark.long
def test_memory_does_not_grow_with_the_rows(server: Postgres, tmp_path: Path) -> None:
    for driver, rows in (("psycopg", 250_000), ("psycopg2", 40_000)):
        few, many = (peak_of_a_look(server, tmp_path, driver, count) for count in (rows, 4 * rows))
        assert many < few + 60, driver


def peak_of_a_look(server: Postgres, folder: Path, driver: str, rows: int) -> float:
    """Return the peak memory (MiB) of a process that lands so many rows."""
    settings: dict[str, object] = {"url": server.url(f"postgresql+{driver}"), "query": MANY.format(rows=rows)}
    output, _ = Landing(folder / f"{driver}{rows}", settings).process().communicate()
    _, landed, peak = output.split()
    assert int(landed) == rows
    return int(peak) / 1024
