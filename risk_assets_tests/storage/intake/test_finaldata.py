from __future__ import annotations

import contextlib
import dataclasses
import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from risk_assets.domain.columns import Columns, DerivedColumn, NumericColumn
from risk_assets.domain.dates import DateFormat
from risk_assets.domain.intake.ingestion import Ingestion
from risk_assets.engine.duck.session import DuckSession
from risk_assets.storage.intake.finaldata import IngestionRules, ingest, read_ingestion
from risk_assets.storage.intake.part_files import rows_of, rows_of_files, rows_with_redelivered
from risk_assets.storage.intake.refusal import IngestionError
from risk_assets.storage.intake.set_apart import read_test_rows
from risk_assets.storage.layout import reading_order
from risk_assets.storage.records import write_record
from risk_assets_tests.engine.parts import session_of
from risk_assets_tests.storage.place import COLUMNS, HEADER, NOW, Place

LINES = [
    *(f"A,1,north,{left}" for left in ("0", "1", "", "")),
    "B,,south,0",
    "B,0,south,",
    "C,2,,1",
    "C,x,,1",
    "D,1",
]


@pytest.fixture(name="place")
def _place(tmp_path: Path) -> Place:
    return Place(tmp_path)


Key = tuple[str, float | None, str | None]


def deliveries(lines: Sequence[str]) -> tuple[dict[Key, int | None], int]:
    """What a file delivers: each key at its last place with its last known outcome; how many rows updated one."""
    found: dict[Key, int | None] = {}
    updates = 0
    for line in lines:
        cells = line.split(",")
        if len(cells) == 4 and cells[1] != "x":
            key = (cells[0], float(cells[1]) if cells[1] else None, cells[2] or None)
            left, before = int(cells[3]) if cells[3] else None, found.get(key)
            updates += key in found and left not in (None, before)
            found.pop(key, None)
            found[key] = before if left is None else left
    return found, updates


class Expected:
    """What finaldata must hold, said plainly: the first file holds a row, and a later outcome goes to it."""

    def __init__(self, files: Mapping[str, list[str]]) -> None:
        held: dict[Key, int | None] = {}
        self.updates: list[int] = []
        self.latest: dict[object, Key] = {}
        for name in sorted(files, key=reading_order):
            found, updates = deliveries(files[name])
            for key, left in found.items():
                if key in held and left not in (None, held[key]):
                    updates += 1
                else:
                    self.latest[key[0]] = key
                held[key] = held.get(key) if left is None else left
            self.updates.append(updates)
        self.rows = [(*key, left) for key, left in held.items()]


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**9))
def test_finaldata_depends_on_the_files_alone_however_they_came(tmp_path: Path, seed: int) -> None:
    choose = random.Random(seed)
    names = ["clients2.csv", "clients10.csv", "b.csv", "copy of b.csv"]
    root = Path(tempfile.mkdtemp(dir=tmp_path))
    stepwise, parallel_reads = Place(root / "stepwise"), Place(root / "at once")
    files: dict[str, list[str]] = {}
    for _ in range(4):
        if files and choose.random() < 0.3:
            gone = choose.choice(list(files))
            del files[gone]
            (stepwise.layout.input / gone).unlink()
        name = choose.choice(names)
        files[name] = choose.choices(LINES, k=choose.randint(0, 8))
        stepwise.put(name, *files[name])
        expected = Expected(files)
        if not expected.rows:
            continue
        ingestion = stepwise.ingest(bad=1.0)
        assert stepwise.rows() == expected.rows
        assert {client: row[:-1] for client, row in stepwise.latest().items()} == expected.latest
        assert [file.updates for file in ingestion.files] == expected.updates
        assert [file.read for file in ingestion.files] == [
            len(files[name]) for name in sorted(files, key=reading_order)
        ]
    if Expected(files).rows:
        for name, lines in files.items():
            parallel_reads.put(name, *lines)
        assert parallel_reads.ingest(bad=1.0) == read_ingestion(stepwise.layout)
        assert parallel_reads.contents() == stepwise.contents()


def test_the_account_of_a_file_tells_what_became_of_its_rows(place: Place) -> None:
    place.put("a.csv", "A,1,north,0", "A,1.0,north,0", "B,-3,north,1", "C,1,north,1,extra")
    ingestion = place.ingest()
    (file,) = ingestion.files
    assert (file.read, file.accepted, file.duplicates, file.quarantined) == (4, 1, 1, 2)
    assert file.reasons == {"calls is below 0": 1, "wrong number of fields": 1}
    assert (place.layout.quarantine / "a.csv").read_text(encoding="utf-8").splitlines() == [
        "line,reason,raw",
        '4,"calls: ""-3"" is below 0","B,-3,north,1"',
        '5,"5 fields instead of 4","C,1,north,1,extra"',
    ]


def test_of_equal_rows_the_first_in_reading_order_is_held(place: Place) -> None:
    place.put("clients10.csv", "A,1,north,0", "B,1,north,0")
    place.put("clients2.csv", "A,1,north,0", "C,1,north,0")
    ingestion = place.ingest()
    assert [(file.name, file.accepted, file.duplicates) for file in ingestion.files] == [
        ("clients2.csv", 2, 0),
        ("clients10.csv", 1, 1),
    ]
    assert [row[0] for row in place.rows()] == ["A", "C", "B"]


def test_a_client_that_returns_to_an_earlier_state_is_in_that_state(place: Place) -> None:
    place.put("a.csv", "A,1,north,0", "B,1,north,0")
    place.put("b.csv", "A,2,north,0", "B,2,north,0")
    place.put("c.csv", "A,1,north,0", "B,1,north,0", "B,3,north,0")
    place.ingest()
    assert place.latest() == {"A": ("A", 1.0, "north", 0), "B": ("B", 3.0, "north", 0)}
    assert len(place.rows()) == 5


@pytest.mark.parametrize("content", [None, b"", b"no parquet"])
def test_a_lost_or_damaged_file_of_what_is_delivered_again_is_made_again(
    place: Place, content: bytes | None
) -> None:
    place.put("a.csv", "A,1,north,0")
    place.put("b.csv", "A,2,north,0")
    place.put("c.csv", "A,1,north,0")
    place.ingest()
    before = place.contents()
    for path in place.layout.redelivered.iterdir():
        path.unlink()
        if content is not None:
            path.write_bytes(content)
    place.ingest()
    assert place.contents() == before
    assert place.latest() == {"A": ("A", 1.0, "north", 0)}


def test_a_duplicate_held_elsewhere_comes_back_when_its_file_is_deleted(place: Place) -> None:
    place.put("a.csv", "A,1,north,0", "B,1,north,0")
    alone = place.ingest()
    place.put("b.csv", "A,1,north,0")
    both = place.ingest()
    assert both.data_version == alone.data_version
    (place.layout.input / "b.csv").unlink()
    assert place.ingest() == alone
    assert [row[0] for row in place.rows()] == ["A", "B"]


def test_a_copy_of_a_file_adds_nothing_and_the_first_one_holds_the_rows(place: Place) -> None:
    place.put("a.csv", "A,1,north,0")
    alone = place.ingest()
    place.put("b.csv", "A,1,north,0")
    place.put("c.csv", "A,1,north,0")
    ingestion = place.ingest()
    assert [(file.accepted, file.duplicates) for file in ingestion.files] == [(1, 0), (0, 1), (0, 1)]
    assert ingestion.data_version == alone.data_version
    assert place.rows() == [("A", 1.0, "north", 0)]


def test_new_files_of_equal_content_are_read_side_by_side(place: Place) -> None:
    names = [f"{letter}.csv" for letter in "abcdefgh"]
    for name in names:
        place.put(name, *(f"client {number},1,north,0" for number in range(300)))
    for _ in range(5):
        ingestion = place.ingest()
        assert [(file.accepted, file.duplicates) for file in ingestion.files] == [(300, 0), *[(0, 300)] * 7]
        shutil.rmtree(place.layout.ingested)


def test_files_whose_names_differ_in_odd_characters_alone_deliver_each_by_itself(place: Place) -> None:
    for name in ("a.csv", "b#1.csv", "b&1.csv"):
        place.put(name, "A,1,north,0")
    ingestion = place.ingest()
    files = rows_with_redelivered(place.layout, ingestion).parts
    assert len(set(files)) == len(files) == 3


def test_an_account_in_which_the_last_of_equal_rows_was_held_is_made_anew(place: Place) -> None:
    """Such an account gave a file nothing that a later one repeated, and noted nothing besides."""
    place.put("a.csv", "A,1,north,0")
    place.put("b.csv", "A,1,north,0", "B,1,north,0")
    expected = place.ingest()
    first, second = expected.files
    old = (
        dataclasses.replace(first, accepted=0, duplicates=1, positives=0, part=None, fingerprint="0" * 32),
        dataclasses.replace(second, accepted=2, duplicates=0, part="b.csv.000000000000.parquet"),
    )
    write_record(place.layout.ingestion, dataclasses.replace(expected, files=old))
    (place.layout.input / "b.csv").unlink()
    place.ingest()
    assert place.rows() == [("A", 1.0, "north", 0)]


def test_changed_content_under_an_old_name_counts(place: Place) -> None:
    place.put("a.csv", "A,1,north,0")
    before = place.ingest()
    place.put("a.csv", "A,2,north,0")
    after = place.ingest()
    assert after.data_version != before.data_version
    assert place.rows() == [("A", 2.0, "north", 0)]


def test_the_version_is_the_same_whichever_files_the_rows_are_in(tmp_path: Path) -> None:
    one, two = Place(tmp_path / "one"), Place(tmp_path / "two")
    one.put("a.csv", "A,1,north,0", "B,,north,1", "C,3,,0")
    two.put("x.csv", "C,3,,0")
    two.put("y.csv", "B,,north,1", "A,1,north,0", "A,1,north,0")
    assert one.ingest().data_version == two.ingest().data_version


def test_adding_a_file_parses_no_other_and_leaves_other_parts_alone(place: Place) -> None:
    place.put("a.csv", "A,1,north,0")
    place.put("b.csv", "A,1,north,0", "B,1,north,0")
    before = place.ingest()
    stamps = {path: path.stat().st_mtime_ns for path in rows_of(place.layout, before).parts}
    parsed = {path: path.stat().st_mtime_ns for path in place.layout.parsed.iterdir()}
    place.put("c.csv", "C,1,north,0", "A,1,north,0", "B,1,north,0")
    place.ingest()
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps
    assert {path: path.stat().st_mtime_ns for path in parsed} == parsed


def test_no_usable_row_leaves_the_earlier_finaldata_as_it_was(place: Place) -> None:
    place.put("a.csv", "A,1,north,0")
    place.ingest()
    before = place.everything()
    place.put("a.csv", "A,-1,north,0", "B,x,north,0")
    place.put("b.csv", header="id,calls\n")
    with pytest.raises(IngestionError, match=r"no usable row .*b\.csv: no column .*a\.csv: 2 of 2") as error:
        place.ingest()
    assert place.everything() == before
    details = Path(str(error.value).rpartition("are in ")[2]) / "a.csv"
    assert 'calls: ""-1"" is below 0' in details.read_text(encoding="utf-8")
    place.put("a.csv", "A,1,north,0")
    place.ingest()
    assert not details.parent.exists()


def test_too_large_a_share_of_bad_rows_is_refused_with_the_figures(place: Place) -> None:
    place.put("a.csv", "A,1,north,0", "B,x,north,0", "C,x,north,0")
    with pytest.raises(IngestionError, match=r"2 of 3 rows .* more than 50%: a\.csv: 2 of 3 \(2 × calls is not"):
        place.ingest()
    assert place.ingest(bad=0.7).accepted == 1


def test_an_empty_input_folder_is_a_clear_error(place: Place) -> None:
    with pytest.raises(IngestionError, match="no client files in"):
        place.ingest()


def test_an_unusable_file_is_set_aside_and_the_rest_go_on(place: Place) -> None:
    place.put("a.csv", "A,1,north,0", "B,1,north,0")
    place.put("aa.csv", "D,1,north,0")
    place.put("b.csv", "C,1", header="id,calls\n")
    (place.layout.input / "c.parquet").write_bytes(b"not parquet")
    ingestion = place.ingest()
    reasons = {file.name: file.reason for file in ingestion.files if file.reason}
    assert reasons["b.csv"] == 'no column "region", "exited"'
    assert reasons["c.parquet"].startswith("damaged parquet")
    lines = place.layout.ingestedfiles.read_text(encoding="utf-8").splitlines()
    assert lines == [NOW.isoformat(), "a.csv", "aa.csv"]
    assert {path.name for path in place.layout.quarantine.iterdir()} == {"b.csv", "c.parquet.csv"}


def test_a_file_that_is_mended_loses_its_quarantine(place: Place) -> None:
    place.put("a.csv", "A,1,north,0", "B,x,north,0")
    place.ingest()
    assert (place.layout.quarantine / "a.csv").exists()
    place.put("a.csv", "A,1,north,0", "B,2,north,0")
    place.ingest()
    assert not (place.layout.quarantine / "a.csv").exists()


def test_finaldata_csv_holds_the_rows_as_people_write_them_or_is_absent(place: Place) -> None:
    place.put("a.csv", 'A,1,"x, y",0', "B,0.5,,1")
    place.ingest()
    assert place.layout.finaldata_csv.read_text(encoding="utf-8") == HEADER + 'A,1,"x, y",0\nB,0.5,,1\n'
    place.ingest(csv=False)
    assert not place.layout.finaldata_csv.exists()


def test_a_changed_schema_reads_everything_anew(place: Place) -> None:
    place.put("a.csv", "A,-1,north,0", "B,1,north,1")
    assert place.ingest().accepted == 1
    columns = Columns("id", "exited", "1", "0", (NumericColumn("calls"),))
    assert place.ingest(columns=columns).accepted == 2
    assert place.rows() == [("A", -1.0, 0), ("B", 1.0, 1)]


def test_a_lost_part_is_made_again(place: Place) -> None:
    place.put("a.csv", "A,1,north,0")
    ingestion = place.ingest()
    for path in [*rows_of(place.layout, ingestion).parts, *place.layout.parsed.glob("*.parquet")]:
        path.unlink()
    assert place.ingest() == ingestion
    assert place.rows() == [("A", 1.0, "north", 0)]


def test_a_file_still_being_written_counts_as_it_was(place: Place) -> None:
    place.put("a.csv", "A,1,north,0")
    place.put("b.csv", "B,1,north,0")
    before = place.ingest()
    place.put("b.csv", "C,1,nor")
    place.put("new.csv", "D,1,north,0")
    assert place.ingest(leave_out={"b.csv", "new.csv"}) == before


def test_parts_of_some_files_are_found_by_name(place: Place) -> None:
    for name in "abc":
        place.put(f"{name}.csv", f"{name},1,north,0")
    ingestion = place.ingest()
    every = rows_of(place.layout, ingestion).parts
    assert rows_of_files(place.layout, ingestion, {"c.csv", "a.csv"}).parts == (every[0], every[2])


def test_testdata_is_read_by_the_same_rules(place: Place) -> None:
    (place.layout.testdata / "t.csv").write_text(HEADER + "A,1,n,0\nB,x,n,0\nC,,n,1\n", encoding="utf-8")
    with session_of(COLUMNS, place.layout.data_root / "spill") as session:
        rows, refused = read_test_rows(place.layout, session)
        assert (list(rows.ids), list(rows.target), refused) == (["A", "C"], [0, 1], 1)
        (place.layout.testdata / "t.csv").write_text(HEADER, encoding="utf-8")
        with pytest.raises(IngestionError, match="no usable row"):
            read_test_rows(place.layout, session)


@dataclasses.dataclass(frozen=True)
class MeddlingSession(DuckSession):
    """A session that, the first `times` it is about to parse a file, lets somebody change what was scanned."""

    change: Callable[[], object]
    times: int = 1
    done: list[bool] = dataclasses.field(default_factory=list)

    @contextlib.contextmanager
    def new_connection(self, columns: Columns | None = None) -> Iterator[DuckSession]:
        if len(self.done) < self.times:
            self.done.append(True)
            self.change()
        with super().new_connection(columns) as connection:
            yield connection


@pytest.mark.parametrize("times", [1, 3])
def test_a_file_that_grows_meanwhile_is_read_again_or_named(place: Place, times: int) -> None:
    def grow() -> None:
        with (place.layout.input / "a.csv").open("a", encoding="utf-8") as file:
            file.write("M,1,north,0\n")

    place.put("a.csv", "A,1,north,0")
    with session_of(COLUMNS, place.layout.data_root / "spill") as session:
        meddling = MeddlingSession(COLUMNS, session.connection, grow, times)
        if times == 1:
            ingest(place.layout, meddling, IngestionRules(0.5, write_csv=True), now=NOW)
            assert [row[0] for row in place.rows()] == ["A", "M"]
        else:
            with pytest.raises(IngestionError, match=r"a\.csv: changed while it was read"):
                ingest(place.layout, meddling, IngestionRules(0.5, write_csv=True), now=NOW)


def ingest_and_spoil(place: Place, change: Callable[[Path], object]) -> Ingestion:
    """Ingest a.csv, and then b.csv too, which somebody changes meanwhile."""
    place.put("a.csv", "A,1,north,0")
    place.ingest()
    place.put("b.csv", "B,1,north,0")
    file = place.layout.input / "b.csv"
    with session_of(COLUMNS, place.layout.data_root / "spill") as session:
        meddling = MeddlingSession(COLUMNS, session.connection, lambda: change(file))
        return ingest(place.layout, meddling, IngestionRules(1.0, write_csv=True), now=NOW)


def test_a_file_that_goes_away_after_it_was_hashed_is_left_out(place: Place) -> None:
    assert [file.name for file in ingest_and_spoil(place, Path.unlink).files] == ["a.csv"]


def test_what_a_file_held_meanwhile_is_not_taken_for_what_was_hashed(place: Place) -> None:
    def write_other_rows(file: Path) -> None:
        file.write_bytes(HEADER.encode() + b"B,x,north,0\nC,1")

    ingest_and_spoil(place, write_other_rows)
    place.put("b.csv", "B,1,north,0")
    assert place.ingest().quarantined == 0
    assert [row[0] for row in place.rows()] == ["A", "B"]


#: Ingests, and is killed before the n-th change of a file or folder; prints how many there are when n is 0.
KILLED = """
import os, signal, sys
from datetime import datetime
from pathlib import Path
from risk_assets.storage.intake.finaldata import IngestionRules, ingest
from risk_assets.storage.layout import Layout
from risk_assets_tests.engine.parts import session_of
from risk_assets_tests.storage.place import COLUMNS, NOW

root, last, changes = Path(sys.argv[1]), int(sys.argv[2]), 0
layout = Layout(root, root / "in", root / "test", root / "out", root / "models", root / "production")

def count_change(event, arguments):
    global changes
    if event in ("os.rename", "os.remove", "os.link", "os.mkdir", "os.rmdir") or (
        event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR)
    ):
        changes += 1
        if changes == last:
            os.kill(os.getpid(), signal.SIGKILL)

with session_of(COLUMNS, root / "spill") as session:
    sys.addaudithook(count_change)
    ingest(layout, session, IngestionRules(0.5, write_csv=True), now=NOW)
    print(changes)
"""


def put_killed_case(place: Place) -> Ingestion:
    place.put("a.csv", "A,1,north,0", "B,1,north,0")
    before = place.ingest()
    place.put("0.csv", "A,1,north,0", "C,x,north,0")
    return before


def killed(place: Place, change: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", KILLED, str(place.layout.data_root), str(change)]
    return subprocess.run(command, check=False, capture_output=True, text=True)


@pytest.fixture(name="undisturbed", scope="module")
def _undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Place, int]:
    """The place after an ingestion that nobody killed, and how many changes of files that made."""
    place = Place(tmp_path_factory.mktemp("undisturbed"))
    put_killed_case(place)
    return place, int(killed(place, 0).stdout)


@pytest.mark.parametrize("share", [0, 0.3, 0.6, 0.8, 0.95, 1])
def test_a_killed_ingestion_leaves_the_old_or_the_new_finaldata(
    place: Place, undisturbed: tuple[Place, int], share: float
) -> None:
    finished, changes = undisturbed
    before = put_killed_case(place)
    assert killed(place, max(1, round(share * changes))).returncode == -signal.SIGKILL
    assert read_ingestion(place.layout) in (before, read_ingestion(finished.layout))
    assert sorted(str(row[0]) for row in place.rows()) == ["A", "B"]
    place.ingest()
    assert sorted(place.everything().values()) == sorted(finished.everything().values())


def test_ingestion_json_is_readable_without_this_package(place: Place) -> None:
    place.put("a.csv", "A,1,north,0")
    ingestion = place.ingest()
    told = json.loads(place.layout.ingestion.read_text(encoding="utf-8"))
    assert told["data_version"] == ingestion.data_version
    assert told["files"][0]["bytes"] == (place.layout.input / "a.csv").stat().st_size


def test_an_outcome_that_comes_later_goes_to_the_row_that_is_held(place: Place) -> None:
    place.put("a.csv", "A,1,north,", "B,1,north,")
    place.ingest()
    place.put("b.csv", "A,1,north,1", "B,2,north,")
    ingestion = place.ingest()
    assert place.rows() == [("A", 1.0, "north", 1), ("B", 1.0, "north", None), ("B", 2.0, "north", None)]
    assert [(file.accepted, file.updates, file.open) for file in ingestion.files] == [(2, 0, 1), (1, 1, 1)]
    assert (ingestion.updates, ingestion.open, ingestion.positives) == (1, 2, 1)
    (place.layout.input / "b.csv").unlink()
    assert place.ingest().open == 2
    assert place.rows() == [("A", 1.0, "north", None), ("B", 1.0, "north", None)]


def test_a_file_that_comes_between_two_others_has_its_outcomes_judged_in_its_place(place: Place) -> None:
    place.put("a.csv", "A,1,north,")
    place.put("c.csv", "A,1,north,1")
    place.ingest()
    place.put("b.csv", "A,1,north,0")
    ingestion = place.ingest()
    assert place.rows() == [("A", 1.0, "north", 1)]
    assert [(file.name, file.updates) for file in ingestion.files] == [("a.csv", 0), ("b.csv", 1), ("c.csv", 1)]


def test_the_version_tells_that_an_outcome_came_and_that_a_file_no_longer_waits(place: Place) -> None:
    place.put("a.csv", *(f"A{n},1,north,{n % 2 if n < 10 else ''}" for n in range(20)))
    waiting = place.ingest()
    assert waiting.files[0].waiting == "the outcomes of 10 of its 20 rows are not known yet"
    with session_of(COLUMNS, place.layout.data_root / "spill") as session:
        final = ingest(place.layout, session, IngestionRules(0.5, write_csv=True, final={"a.csv"}), now=NOW)
    assert (final.files[0].waiting, final.teaching) == (None, 10)
    place.put("b.csv", *(f"A{n},1,north,{n % 2}" for n in range(10, 20)))
    known = place.ingest()
    assert len({waiting.data_version, final.data_version, known.data_version}) == 3
    assert [file.waiting for file in known.files] == [None, None]


def test_a_derived_column_changes_nothing_of_what_finaldata_holds_and_no_file_is_parsed_again(
    place: Place,
) -> None:
    columns = dataclasses.replace(COLUMNS, numeric=(NumericColumn("calls", 0), NumericColumn("visits")))
    place.put("a.csv", "A,3,6,north,1", "B,,0,south,0", header="id,calls,visits,region,exited\n")
    before = place.ingest(columns=columns)
    rows, parsed = place.contents(), sorted(place.layout.parsed.iterdir())

    derived = (DerivedColumn("rate", "ratio", ("calls", "visits")),)
    after = place.ingest(columns=dataclasses.replace(columns, derived=derived))

    assert sorted(place.layout.parsed.iterdir()) == parsed
    assert after.data_version == before.data_version
    assert place.contents() == rows
    assert "rate" not in place.layout.finaldata_csv.read_text(encoding="utf-8")


def test_a_date_is_read_as_its_format_says_kept_and_refused_where_it_is_none(place: Place) -> None:
    columns = dataclasses.replace(COLUMNS, dates=DateFormat("%d.%m.%Y"), date_columns=("start",))
    header = "id,calls,region,start,exited\n"
    lines = ("A,1,north,1.9.2026,1", "B,1,north, ,0", "C,1,north,2026-09-01,0", "D,1,north,31.12.1899,0")
    place.put("a.csv", *lines, header=header)

    ingestion = place.ingest(columns=columns, bad=0.9)

    assert [row[3] for row in place.rows()] == [datetime(2026, 9, 1), None]  # noqa: DTZ001  # as files have them
    assert dict(ingestion.files[0].reasons) == {
        "start is not a date as %d.%m.%Y spells it": 1,
        "start is before 1900": 1,
    }
    assert place.layout.finaldata_csv.read_text(encoding="utf-8").splitlines()[1:] == [
        "A,1,north,2026-09-01,1",
        "B,1,north,,0",
    ]


def test_a_file_without_a_declared_date_is_refused_whole(place: Place) -> None:
    columns = dataclasses.replace(COLUMNS, date_columns=("start",))
    place.put("a.csv", "A,1,north,2026-09-01,1", header="id,calls,region,start,exited\n")
    place.put("b.csv", "B,1,north,1")
    assert [file.reason for file in place.ingest(columns=columns, bad=0.9).files] == [None, 'no column "start"']
