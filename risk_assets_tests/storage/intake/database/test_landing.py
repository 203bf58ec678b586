"""What a look lands, on SQLite: what has come, come late, changed, or come without an order."""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
import threading
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import make_url

from risk_assets.settings import SettingsError
from risk_assets.storage.intake.database.database import SourceError, _connect_args
from risk_assets.storage.intake.database.landing import land_new_rows
from risk_assets.storage.lock import LockedError, writing
from risk_assets_tests.storage.death import deaths
from risk_assets_tests.storage.intake.database.crm import Crm
from risk_assets_tests.storage.place import COLUMNS
from risk_assets_tests.storage.remote.machines import Bucket, machine, new_url


@pytest.fixture
def crm(tmp_path: Path) -> Crm:
    return Crm(tmp_path, look_back=100)


def test_each_look_lands_what_is_new_in_a_file_of_its_own_and_nothing_when_nothing_is(crm: Crm) -> None:
    crm.write("a", "b", at=1000)
    first = crm.look()
    crm.write("c", at=1001)
    second = crm.look()
    third = crm.look()

    assert [(look.rows, len(look.files), look.reached) for look in (first, second, third)] == [
        (2, 1, "1000"),
        (1, 1, "1001"),
        (0, 0, "1001"),
    ]
    assert crm.files == [*first.files, *second.files]
    assert crm.files[0].startswith("crm-00000001-")
    assert sorted(map(str, crm.ids())) == ["a", "b", "c"]


def test_a_file_holds_the_declared_columns_by_their_declared_names_in_the_order_of_the_cursor(
    tmp_path: Path,
) -> None:
    crm = Crm(tmp_path, columns='"ID" TEXT, "Calls", region TEXT, exited, at, secret TEXT DEFAULT "x"')
    for name, at in (("b", 2), ("c", 1), ("a", 2)):
        crm.run("INSERT INTO clients (ID, Calls, region, exited, at) VALUES (?, 3, 'n', 1, ?)", name, at)
    (name,) = crm.look().files
    with duckdb.connect() as connection:
        found = connection.execute(f"FROM '{crm.place.layout.input / name}'")
        assert [column[0] for column in found.description or ()] == ["id", "calls", "region", "exited"]
        assert found.fetchall() == [("c", "3", "n", "1"), ("a", "3", "n", "1"), ("b", "3", "n", "1")]


def test_a_batch_has_at_most_so_many_rows_even_among_equal_cursors(tmp_path: Path) -> None:
    crm = Crm(tmp_path, batch_rows=3)
    crm.write(*"abcdefgh", at=5)
    assert len(crm.look().files) == 3
    assert crm.ids() == [*"abcdefgh"]


def test_a_look_whose_time_is_over_lands_what_it_has_and_the_next_goes_on_amid_equal_cursors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("risk_assets.storage.intake.database.streams.ROWS_AT_ONCE", 2)
    crm = Crm(tmp_path, look_back=0)
    crm.write(*"abcdefg", at=5)
    looks = [crm.look(in_time=lambda: False) for _ in range(4)]
    assert [(look.rows, look.complete) for look in looks] == [(2, False), (2, False), (2, False), (1, False)]
    assert crm.look().complete
    assert sorted(map(str, crm.ids())) == [*"abcdefg"]


def test_a_row_that_comes_late_within_the_look_back_is_landed_and_nothing_besides(crm: Crm) -> None:
    crm.write("a", "b", at=1000)
    crm.look()
    crm.write("late", at=901)
    crm.write("tied", at=1000)
    crm.write("too late", at=899)
    assert crm.look().rows == 2
    assert {"late", "tied"} < set(crm.ids())
    assert crm.look().rows == 0


def test_times_as_text_are_followed_and_after_the_look_back_they_are_read_no_more(tmp_path: Path) -> None:
    crm = Crm(tmp_path, look_back=600)
    crm.write("a", at="2026-03-01T11:59:00.5Z")
    crm.look()
    crm.write("late", at="2026-03-01T11:50:00Z")
    assert crm.look().rows == 1
    crm.wait(600)
    assert crm.look().rows == 0  # this read came to the end after the look-back
    crm.write("beyond the promise", at="2026-03-01T11:58:00Z")
    crm.write("new", at="2026-03-01T12:11:00Z")
    assert crm.look().rows == 1


def test_a_client_that_returns_to_an_earlier_state_is_landed_again_as_its_newest(crm: Crm) -> None:
    for at, calls in ((1000, 1), (1001, 2), (1002, 1)):
        crm.write("a", at=at, calls=calls)
        assert crm.look().rows == 1
    assert crm.finaldata() == [("a", 1.0, "north", 0), ("a", 2.0, "north", 0)]
    assert crm.place.latest() == {"a": ("a", 1.0, "north", 0)}


def test_more_rows_than_can_be_kept_within_the_look_back_are_told_and_not_landed_again(crm: Crm) -> None:
    crm.write(*"abcdef", at=1000)
    assert crm.look(most_rows=3).shortened
    assert crm.look(most_rows=3).rows == 0
    crm.write("g", at=1001)
    assert crm.look(most_rows=3).rows == 1


def test_an_empty_table_lands_nothing(crm: Crm) -> None:
    look = crm.look()
    assert (look.rows, look.files, look.reached, look.complete) == (0, (), None, True)
    assert crm.files == []


def test_rows_without_a_cursor_are_counted_and_passed_over(crm: Crm) -> None:
    crm.write("a", at=1)
    crm.write("b", "c", at=None)
    look = crm.look()
    assert (look.rows, look.passed_over) == (1, 2)


def test_a_row_dated_far_ahead_waits_for_its_time_and_holds_up_no_other(crm: Crm) -> None:
    crm.write("a", at="2026-03-01 11:00:00")
    crm.write("ahead", at="2026-04-01 00:00:00")
    look = crm.look()
    assert (look.rows, look.ahead, look.reached) == (1, True, "2026-03-01 11:00:00")
    crm.write("b", at="2026-03-01 11:30:00")
    assert crm.look().rows == 1
    crm.wait(30 * 86_400)
    assert [crm.look().rows, crm.look().ahead] == [1, False]


@pytest.mark.parametrize("form", ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S.%fZ", "%Y-%m-%d %H:%M", "%Y-%m-%d"])
def test_a_row_dated_a_little_ahead_is_landed_once_and_hides_no_row_of_now(crm: Crm, form: str) -> None:
    def write(name: str, seconds: float = 0) -> None:
        crm.write(name, at=f"{crm.time + timedelta(seconds=seconds):{form}}")

    write("old", -86_400)
    write("ahead", 86_400)
    assert crm.look().rows == 2
    for hour in range(0, 30, 6):
        crm.wait(6 * 3600)
        write(f"of now {hour}")
        write(f"late {hour}", -90)
        assert crm.look().rows == 2, hour
        assert crm.look().rows == 0, hour
    assert len(crm.ids()) == 12


def test_after_a_pause_rows_of_the_pause_are_landed_though_one_was_dated_ahead(crm: Crm) -> None:
    crm.write("ahead", at="2026-03-02 12:00:00")
    crm.look()
    crm.write("just after", at="2026-03-01 12:00:01")
    crm.wait(40_000)
    assert [crm.look().rows, crm.look().rows] == [1, 0]
    for _ in range(3):
        crm.wait(40_000)
        assert crm.look().rows == 0
    assert crm.look().reached == "2026-03-02 12:00:00"


def test_a_look_cut_short_below_a_row_dated_ahead_goes_on_where_it_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("risk_assets.storage.intake.database.streams.ROWS_AT_ONCE", 2)
    crm = Crm(tmp_path, look_back=100)
    crm.write("ahead", at="2026-03-02 12:00:00")
    crm.look()
    for minute, name in enumerate("abcdef"):
        crm.write(name, at=f"2026-03-01 12:0{minute}:00")
    crm.wait(7200)
    looks = [crm.look(in_time=lambda: False) for _ in range(4)]
    assert sum(look.rows for look in looks) == 6
    assert sorted(map(str, crm.ids())) == sorted([*"abcdef", "ahead"])


def test_texts_of_any_length_with_anything_in_them_come_through(crm: Crm) -> None:
    names = ["x" * 100_000, 'quo"te, and\r\nline', "nul\0l", "naïve – 東京", "1e5", "\\N"]
    for name in names:
        crm.write(name, at=1)
    crm.look()
    assert set(crm.ids()) == set(names)


def test_values_are_spelled_as_a_client_file_would_spell_them(crm: Crm) -> None:
    for name, calls in (("whole", 12.0), ("part", 0.1), ("none", None), ("text", "7"), ("wrong", "many")):
        crm.write(name, at=1, calls=calls)
    crm.look()
    assert {row[0]: row[1] for row in crm.finaldata()} == {"whole": 12.0, "part": 0.1, "none": None, "text": 7.0}
    (refused,) = (crm.place.layout.quarantine).iterdir()
    assert 'calls: ""many"" is not a number' in refused.read_text()


@pytest.mark.parametrize("at", ["soon", b"\x01", "01ARZ3NDEKTSV4RRFFQ69G5FAV"])
def test_a_cursor_that_is_no_order_is_an_error_that_names_it(crm: Crm, at: object) -> None:
    crm.write("a", at=at)
    with pytest.raises(SourceError, match=r'^crm: table clients: column "at" cannot be followed: .* is neither a'):
        crm.look()
    assert crm.files == []


@pytest.mark.parametrize("at", ["20260101", "20260101T000000", "2026-W01-1", "2026-01-01T00", "2026-01-01T0000"])
def test_a_text_that_does_not_compare_as_its_time_does_is_an_error_before_anything_lands(
    crm: Crm, at: str
) -> None:
    crm.write("a", at=at)
    with pytest.raises(SourceError, match=rf"^crm: .* cannot be followed: .{at}. is not written as 2026-01-31"):
        crm.look()
    assert crm.files == []


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2", "pg8000"])
def test_a_driver_is_told_only_what_it_understands(driver: str) -> None:
    told = _connect_args(make_url(f"postgresql+{driver}://db/crm"))
    assert ("keepalives_idle" in told) == (driver != "pg8000")


def test_a_cursor_of_several_kinds_is_an_error(crm: Crm) -> None:
    crm.write("a", at=1)
    crm.write("b", at="2026-01-01 00:00:00")
    with pytest.raises(SourceError, match=r"cannot be followed: .* not of one kind"):
        crm.look()


def test_a_column_that_is_gone_is_named_and_reading_goes_on_where_it_was_once_it_is_back(crm: Crm) -> None:
    crm.write("a", at=1)
    crm.look()
    before = crm.state.read_bytes()
    crm.run("ALTER TABLE clients RENAME COLUMN region TO area")
    with pytest.raises(SourceError, match=r'^crm: table clients has no column "region"$'):
        crm.look()
    assert crm.state.read_bytes() == before
    crm.run("ALTER TABLE clients RENAME COLUMN area TO region")
    crm.write("b", at=2)
    assert crm.look().rows == 1


def test_a_column_whose_type_changed_is_named_and_removing_the_state_reads_it_anew(tmp_path: Path) -> None:
    crm = Crm(tmp_path, columns="id TEXT, calls INTEGER, region TEXT, exited, at")
    crm.write("a", at=1)
    crm.look()
    crm.run("DROP TABLE clients")
    crm.run("CREATE TABLE clients (id TEXT, calls TEXT, region TEXT, exited, at)")
    crm.write("a", at=1)
    crm.write("b", at=2)
    told = r'^crm: column "calls" of table clients was int and is str now; to read it anew as it is, remove '
    with pytest.raises(SourceError, match=told):
        crm.look()
    crm.state.unlink()
    crm.look()
    assert crm.ids() == ["a", "b"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"cursor": "when"}, r'table clients has no column "when"'),
        ({"id": "key"}, r'table clients has no column "key"'),
        ({"table": "customers"}, "no such table: customers"),
        ({"table": None, "query": "SELECT * FROM customers"}, "no such table: customers"),
        ({"url": "sqlite:////nowhere/crm.db"}, "unable to open database file"),
    ],
)
def test_what_cannot_be_read_is_an_error_in_one_line(crm: Crm, change: dict[str, object], told: str) -> None:
    crm.settings |= change
    with pytest.raises(SourceError, match=rf"^crm: {told}$"):
        crm.look()


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("nosuch://db/crm", "Can't load plugin: sqlalchemy.dialects:nosuch"),
        ("oracle+oracledb://db/crm", "url: the driver oracledb is not installed"),
    ],
)
def test_a_database_without_a_driver_is_an_error_in_the_settings(crm: Crm, url: str, told: str) -> None:
    crm.settings["url"] = url
    with pytest.raises(SettingsError, match=told) as caught:
        crm.look()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("library", ["sqlalchemy", "pyarrow"])
def test_without_the_extra_the_error_names_it(crm: Crm, library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "risk_assets.storage.intake.database.database.find_spec", lambda name: name != library or None
    )
    with pytest.raises(SettingsError, match=rf'^sources: crm needs {library}: pip install "risk_assets\[sql\]"$'):
        crm.look()


def test_a_query_is_read_like_a_table(crm: Crm) -> None:
    crm.settings |= {"table": None, "query": "SELECT *, at + 1 AS seen FROM clients WHERE id <> ':skip' ; "}
    crm.settings["cursor"] = "seen"
    crm.write("a", ":skip", "50%", at=10)
    assert crm.look().reached == "11"
    assert sorted(map(str, crm.ids())) == ["50%", "a"]


def test_another_table_or_cursor_under_the_same_name_is_read_from_the_beginning(crm: Crm) -> None:
    crm.write("a", at=10)
    crm.look()
    crm.run("CREATE TABLE others AS SELECT 'z' AS id, 1 AS calls, 'n' AS region, 1 AS exited, 1 AS at")
    crm.settings["table"] = "others"
    assert crm.look().rows == 1
    assert crm.ids() == ["a", "z"]


def test_without_its_state_everything_is_read_again_and_finaldata_holds_nothing_twice(tmp_path: Path) -> None:
    crm = Crm(tmp_path, batch_rows=4)
    crm.write(*"abcdefghij", at=1)
    crm.look()
    before = crm.files
    crm.state.unlink()
    assert crm.look().files == ()  # each batch is there already
    crm.state.write_text("damaged")
    crm.write("k", at=0)
    crm.look()
    assert crm.files > before
    assert sorted(map(str, crm.ids())) == [*"abcdefghijk"]


def test_files_that_people_removed_are_not_landed_again(crm: Crm) -> None:
    crm.write("a", at=1)
    (name,) = crm.look().files
    (crm.place.layout.input / name).unlink()
    crm.write("b", at=2)
    (second,) = crm.look().files
    assert second.startswith("crm-00000002-")


def test_only_one_process_reads_a_source_at_a_time(crm: Crm) -> None:
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with writing(crm.state.parent, "the test"):
            held.set()
            done.wait()

    other = threading.Thread(target=hold)
    other.start()
    held.wait()
    with pytest.raises(LockedError, match="the test"):
        crm.look()
    done.set()
    other.join()


def test_a_missing_input_folder_is_a_setting_that_is_wrong(crm: Crm) -> None:
    crm.place.layout.input.rmdir()
    with pytest.raises(SettingsError, match=r"^input_folder_path: no such folder"):
        crm.look()


def test_wherever_a_look_dies_the_next_one_ends_with_all_rows_and_each_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # This process lives on and would keep the lock of the one that died.
    monkeypatch.setattr(
        "risk_assets.storage.intake.database.landing.writing", lambda *_, **__: contextlib.nullcontext()
    )
    begun: list[Crm] = []

    def begin() -> None:
        folder = tmp_path / str(len(begun))
        folder.mkdir()
        begun.append(Crm(folder, batch_rows=4, look_back=100))
        begun[-1].write(*"abcdefgh", at=1000)

    for step in deaths(lambda: begun[-1].look(), begin):  # noqa: PLW0108  # the last one is another each time
        crm = begun[-1]
        crm.write("i", at=1000)
        crm.write("a", at=1001, calls=9)
        crm.look()
        found = crm.finaldata()
        assert {row[0] for row in found} == {*"abcdefghi"}, step
        assert len(found) == len(set(found)), step
        assert [row[1] for row in found if row[0] == "a"] in ([9.0], [1.0, 9.0]), step
        assert {row[1] for row in found if row[0] != "a"} == {1.0}, step
    assert len(begun) > 10


def test_what_a_killed_look_left_half_written_is_gone_after_the_next(crm: Crm) -> None:
    (crm.place.layout.input / ".crm.part").write_bytes(b"half")
    crm.write("a", at=1)
    crm.look()
    assert [file.name for file in crm.place.layout.input.iterdir()] == crm.files


def test_a_locked_database_is_an_error_and_the_next_look_goes_on(crm: Crm) -> None:
    crm.settings["url"] = f"sqlite:///{crm.database}?timeout=0.1"
    crm.write("a", at=1)
    blocker = sqlite3.connect(crm.database, isolation_level=None)
    blocker.execute("BEGIN EXCLUSIVE")
    with pytest.raises(SourceError, match="crm: database is locked"):
        crm.look()
    blocker.close()
    assert crm.look().rows == 1


def test_equal_rows_make_equal_files_whoever_lands_them(tmp_path: Path) -> None:
    digests = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        crm = Crm(tmp_path / name)
        crm.write(*"abc", at=1)
        crm.look()
        digests.append([hashlib.sha256((crm.place.layout.input / f).read_bytes()).hexdigest() for f in crm.files])
    assert digests[0] == digests[1]


def test_rows_land_in_a_bucket_and_another_machine_goes_on_where_one_has_ended(crm: Crm, tmp_path: Path) -> None:
    url = new_url()
    names: list[str] = []
    for place, client in enumerate("abc"):
        crm.write(client, at=1000 + place)
        machine_of_its_own = machine(tmp_path / f"machine{place}", url)
        look = land_new_rows(crm.source, None, machine_of_its_own, COLUMNS)
        assert look.rows == 1
        names += look.files
    assert [name[:12] for name in names] == ["crm-00000001", "crm-00000002", "crm-00000003"]
    assert sorted(Bucket(f"{url}/input").content()) == names
