"""Files whose content looks broken are held back, and stay so until somebody says otherwise."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from operator import itemgetter
from pathlib import Path

import pytest

from risk_assets.domain.intake.ingestion import Ingestion
from risk_assets.domain.model.scorecard import Scorecard
from risk_assets.domain.model.shapes import CategoricalShape, NumericShape
from risk_assets.storage.intake.feed_verdicts import FeedError, FeedVerdict, accept, refuse
from risk_assets.storage.intake.finaldata import FeedCheck, IngestionRules, ingest
from risk_assets.storage.layout import Layout
from risk_assets.storage.records import read_history
from risk_assets_tests.engine.parts import session_of
from risk_assets_tests.storage.place import COLUMNS, HEADER, Place

NOW = datetime(2026, 9, 1, tzinfo=UTC)


@pytest.fixture(name="place")
def _place(tmp_path: Path) -> Place:
    place = Place(tmp_path)
    for number in (1, 2, 3):
        write(place, f"clients{number}.csv", clients(number))
    return place


def write(place: Place, name: str, content: str) -> None:
    (place.layout.input / name).write_text(content, encoding="utf-8")


def clients(seed: int, *, rows: int = 200, times: float = 1, left: str = "") -> str:
    rng = random.Random(seed)
    lines = []
    for row in range(rows):
        calls, region = times * rng.randint(1, 100), rng.choice(["north", "south"])
        lines.append(f"{seed}-{row},{calls:g},{region},{left or rng.randint(0, 1)}\n")
    return HEADER + "".join(lines)


def run(place: Place, *, hold: bool = True, live: Scorecard | None = None) -> Ingestion:
    with session_of(COLUMNS, place.layout.data_root / "spill") as session:
        rules = IngestionRules(0.5, write_csv=True, hold=FeedCheck(live) if hold else None)
        return ingest(place.layout, session, rules, now=NOW)


def held(ingestion: Ingestion) -> list[str]:
    return [file.name for file in ingestion.held]


def test_a_file_a_hundredfold_is_held_back_whole_and_the_others_go_in(place: Place) -> None:
    write(place, "clients4.csv", clients(4, times=100))
    write(place, "clients5.csv", clients(5))
    found = run(place)

    assert held(found) == ["clients4.csv"]
    assert [file.name for file in found.files] == [f"clients{number}.csv" for number in (1, 2, 3, 5)]
    [reason] = found.held[0].reasons
    assert reason.startswith("calls: the middle half is ")
    assert reason.endswith(": about 97.1 times as large")


def test_the_first_file_is_never_held_and_nothing_is_where_it_is_off(tmp_path: Path) -> None:
    place = Place(tmp_path)
    write(place, "clients1.csv", clients(1, times=100))
    assert held(run(place)) == []
    write(place, "clients2.csv", clients(2))
    assert held(run(place, hold=False)) == []


def test_an_accepted_file_goes_in_and_is_what_later_ones_are_compared_with(place: Place) -> None:
    write(place, "clients4.csv", clients(4, times=100, rows=800))
    run(place)
    accept(place.layout, "clients4.csv", now=NOW)
    write(place, "clients5.csv", clients(5, times=100))
    assert held(run(place)) == []


def test_a_refused_file_stays_out_and_a_changed_delivery_is_judged_afresh(place: Place) -> None:
    write(place, "clients4.csv", clients(4, times=100))
    run(place)
    refuse(place.layout, "clients4.csv", now=NOW)
    found = run(place)
    assert [(file.name, file.verdict) for file in found.held] == [("clients4.csv", "refused")]
    write(place, "clients4.csv", clients(4))
    assert held(run(place)) == []


def test_who_decided_and_when_is_in_the_journal(place: Place) -> None:
    write(place, "clients4.csv", clients(4, times=100))
    run(place)
    said = accept(place.layout, "clients4.csv", now=NOW)
    assert read_history(place.layout.feed_verdicts, FeedVerdict)[-1] == said
    assert (said.at, bool(said.by)) == ("2026-09-01T00:00:00+00:00", True)


def test_a_file_that_comes_earlier_or_a_rebuild_changes_no_verdict(place: Place) -> None:
    write(place, "clients4.csv", clients(4, times=100))
    first = run(place)
    write(place, "clients0.csv", clients(0, times=100))
    for file in (
        *place.layout.finaldata_parquet.iterdir(),
        *place.layout.parsed.iterdir(),
        place.layout.ingestion,
    ):
        file.unlink()
    again = run(place)
    assert again.held == first.held
    assert "clients0.csv" in [file.name for file in again.files]


def test_without_the_journal_all_files_are_judged_in_reading_order(place: Place) -> None:
    write(place, "clients4.csv", clients(4, times=100))
    first = run(place)
    place.layout.feed_verdicts.unlink()
    assert run(place).held == first.held


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (clients(4, left="1"), "all 200 clients left; in the files before"),
        (clients(4, rows=10), "10 rows; the files before have 200"),
        (
            clients(4).replace("north", "N").replace("south", "S"),
            "region: 100% of the values were never seen before",
        ),
        (clients(4, times=0), "calls: one value holds 100% of the rows; in the files before"),
    ],
)
def test_the_reason_says_what_looks_broken_and_what_was_usual(place: Place, content: str, reason: str) -> None:
    write(place, "clients4.csv", content)
    [file] = run(place).held
    assert any(found.startswith(reason) for found in file.reasons)


def test_clients_that_come_several_times_where_each_came_once_are_told(place: Place) -> None:
    again = "".join(f"4-{row},{1000 + row}.{time},north,1\n" for row in range(40) for time in (1, 2, 3))
    write(place, "clients4.csv", clients(4) + again)
    [file] = run(place).held
    assert file.reasons == ("1.6 rows a client; in the files before 1 at most",)


def test_a_stale_copy_of_an_old_file_brings_nothing_and_is_no_fault(place: Place) -> None:
    first = run(place)
    lines = clients(1).splitlines()
    write(place, "clients4.csv", "\n".join([lines[0], *reversed(lines[1:])]) + "\n")
    again = run(place)
    assert held(again) == []
    assert (again.accepted, again.duplicates) == (first.accepted, 200)


@pytest.mark.parametrize(("kind", "expected"), [("upside down", ["clients2.csv"]), ("usual", [])])
def test_outcomes_upside_down_are_told_in_a_large_file_that_is_sorted_by_them(
    tmp_path: Path, kind: str, expected: list[str]
) -> None:
    place, rng = Place(tmp_path), random.Random(0)
    for name, flipped in (("clients1.csv", False), ("clients2.csv", kind == "upside down")):
        calls = [rng.randint(1, 100) for _ in range(50_000)]
        rows = sorted(((each, (rng.random() < each / 100) != flipped) for each in calls), key=itemgetter(1))
        lines = (f"{name}-{row},{each},north,{left:d}\n" for row, (each, left) in enumerate(rows))
        write(place, name, HEADER + "".join(lines))
    shape = NumericShape("calls", (0.0, 100.0), ((6.0, -3.0),), missing=0.0, mean=0.0)
    region = CategoricalShape("region", {"north": 0.0}, 0.0, missing=0.0, mean=0.0)

    found = run(place, live=Scorecard(0.0, 0.5, (shape,), (region,)))

    assert held(found) == expected
    assert all("upside down: AUC 0." in reason for file in found.held for reason in file.reasons)


def test_outcomes_that_are_not_known_yet_are_no_fault(place: Place) -> None:
    rows = clients(4).splitlines()
    write(place, "clients4.csv", "\n".join([rows[0], *(row.rpartition(",")[0] + "," for row in rows[1:])]))
    assert held(run(place)) == []


def test_only_a_file_that_is_held_can_be_accepted(place: Place) -> None:
    run(place)
    layout: Layout = place.layout
    with pytest.raises(FeedError, match=r"clients1\.csv: is not held back; held: none is"):
        accept(layout, "clients1.csv", now=NOW)
