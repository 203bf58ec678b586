"""Labels follow from rows and dates of leaving, whatever the files these come in."""

from __future__ import annotations

import csv
import os
import random
import tempfile
from dataclasses import replace
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk_assets.domain.file_form import FileForm
from risk_assets.domain.intake.ingestion import Ingestion
from risk_assets.domain.intake.outcomes import OutcomeRules
from risk_assets.storage.intake.set_apart import ids_set_apart, read_test_rows
from risk_assets_tests.panel_reference import Rules, labelled, reached
from risk_assets_tests.storage.dated import ARRIVED, DatedPlace

MONTH = OutcomeRules(horizon_days=30, reported_within_days=0)
DAYS = [f"2025-{month:02d}-{day:02d}" for month in range(1, 7) for day in (1, 15)]


@pytest.fixture
def place(tmp_path: Path) -> DatedPlace:
    return DatedPlace(tmp_path)


def outcomes_of(place: DatedPlace) -> list[tuple[str, str, object]]:
    return [(row["id"], str(row["as_of"].date()), row["has_left"]) for row in place.labelled()]


def refused(place: DatedPlace, folder: str, name: str) -> list[tuple[str, str]]:
    with (place.layout.ingested / folder / name).open(newline="", encoding="utf-8") as file:
        return [(row["line"], row["reason"]) for row in csv.DictReader(file)]


def test_a_row_has_left_when_its_client_leaves_within_the_horizon_and_nobody_knows_before_it_has_passed(
    place: DatedPlace,
) -> None:
    place.put("rows.csv", "A,2025-03-01,1,,", "A,2025-01-01,1,,", "B,2025-03-01,1,,", "C,2025-04-01,1,,")
    place.report("left.csv", "A,2025-03-31", "C,2025-04-10")

    ingestion = place.ingest(MONTH)

    assert outcomes_of(place) == [
        ("A", "2025-01-01", 0),
        ("A", "2025-03-01", 1),
        ("B", "2025-03-01", 0),
        ("C", "2025-04-01", None),
    ]
    assert (ingestion.positives, ingestion.open, ingestion.teaching) == (1, 1, 3)
    assert ingestion.outcomes is not None
    assert (ingestion.outcomes.reached, ingestion.outcomes.complete_until) == ("2025-04-10", "2025-03-11")
    assert place.sheet()["has_left"].tolist()[:3] == [1, 0, 0]


def test_late_reports_and_a_declared_date_move_what_is_complete(place: DatedPlace) -> None:
    place.put("rows.csv", "A,2025-03-01,1,,", "B,2025-03-10,1,,")
    place.report("left.csv", "A,2025-04-10")

    place.ingest(OutcomeRules(30, reported_within_days=10))
    assert [left for *_, left in outcomes_of(place)] == [0, None]
    place.ingest(OutcomeRules(30, reported_within_days=10, until="2025-04-19"))
    assert [left for *_, left in outcomes_of(place)] == [0, 0]


def test_a_stale_listing_is_held_and_counted_and_a_later_row_is_a_client_that_returned(place: DatedPlace) -> None:
    place.put("rows.csv", "A,2025-01-01,1,,", "A,2025-01-20,1,,", "A,2025-02-20,1,,", "A,2025-03-01,1,,")
    place.report("left.csv", "A,2025-01-20", "A,2025-05-01")

    ingestion = place.ingest(MONTH)

    # on the day of leaving, and up to a horizon after it, a row is a stale listing
    assert outcomes_of(place) == [("A", "2025-01-01", 1), ("A", "2025-02-20", 0), ("A", "2025-03-01", 0)]
    assert ingestion.accepted == 4
    assert ingestion.outcomes is not None
    assert dict(ingestion.outcomes.sentences) == {
        "clients left more than once": 1,
        "rows list a client that has gone": 1,
    }


def test_leavings_ahead_of_their_file_say_nothing_of_what_is_known(place: DatedPlace) -> None:
    place.put("rows.csv", "A,2025-03-01,1,,", "B,2025-03-01,1,,")
    place.report("left.csv", "A,2025-03-20", "B,2025-09-01", arrived="2025-03-21")

    ingestion = place.ingest(MONTH)

    assert [left for *_, left in outcomes_of(place)] == [None, None]
    assert ingestion.outcomes is not None
    assert (ingestion.outcomes.reached, ingestion.outcomes.counts.announced) == ("2025-03-20", 1)


def test_a_row_soon_after_a_leaving_that_was_announced_ahead_is_a_stale_listing(place: DatedPlace) -> None:
    place.put("rows.csv", "A,2025-03-01,1,,", "A,2025-03-25,1,,", "B,2025-03-25,1,,")
    place.report("left.csv", "A,2025-03-20", arrived="2025-03-10")

    ingestion = place.ingest(MONTH)

    assert [(client, day) for client, day, _ in outcomes_of(place)] == [("A", "2025-03-01"), ("B", "2025-03-25")]
    assert ingestion.outcomes is not None
    assert ingestion.outcomes.counts.announced == 1


def test_outcomes_of_unknown_clients_are_kept_and_count_when_the_client_appears(place: DatedPlace) -> None:
    place.put("a.csv", "A,2025-03-01,1,,")
    place.report("left.csv", "B,2025-03-20", "A,2025-02-01", "C,2025-06-30")

    first = place.ingest(MONTH)
    place.put("b.csv", "B,2025-03-01,1,,")
    second = place.ingest(MONTH)

    assert first.outcomes is not None
    assert dict(first.outcomes.sentences) == {
        "leavings come before every row of their client": 1,
        "clients have an outcome and no row": 2,
        "rows list a client that has gone": 1,
    }
    assert outcomes_of(place) == [("B", "2025-03-01", 1)]
    assert second.outcomes is not None
    assert second.outcomes.counts.unknown_clients == 1


def test_a_folder_of_outcomes_that_is_empty_leaves_all_unknown(place: DatedPlace) -> None:
    place.put("a.csv", "A,2025-03-01,1,,")
    assert place.ingest(MONTH).open == 1
    assert outcomes_of(place) == [("A", "2025-03-01", None)]


def test_bad_dates_are_named_with_line_and_field_and_nothing_is_lost(place: DatedPlace) -> None:
    place.put(
        "rows.csv",
        "A,2025-02-30,1,,",
        "B,,1,,",
        "C,1899-12-31,1,,",
        "D,2026-01-03,1,,",
        "E,2026-01-02,1,,",
        "F,1.2.2025,1,,",
        "G,2025-03-01 12:30,1,,",
    )
    place.report("left.csv", "A,soon", "B,1850-01-01", "E,2027-01-01")

    ingestion = place.ingest(MONTH)

    assert refused(place, "quarantine", "rows.csv") == [
        ("2", 'as_of: "2025-02-30" is not a date as ISO 8601 spells it'),
        ("3", "as_of is empty"),
        ("4", 'as_of: "1899-12-31" is before 1900'),
        ("5", f'as_of: "2026-01-03" is later than the file, which came on {ARRIVED}'),
        ("7", 'as_of: "1.2.2025" is not a date as ISO 8601 spells it'),
    ]
    assert refused(place, "outcomes_quarantine", "left.csv") == [
        ("2", 'left_on: "soon" is not a date as ISO 8601 spells it'),
        ("3", 'left_on: "1850-01-01" is before 1900'),
    ]
    assert ingestion.outcomes is not None
    assert (ingestion.accepted, ingestion.quarantined, ingestion.outcomes.quarantined) == (2, 5, 2)


def test_times_with_and_without_a_zone_in_one_file_refuse_it_whole(place: DatedPlace) -> None:
    place.put("good.csv", "A,2025-03-01,1,,")
    place.put("bad.csv", "A,2025-03-02T10:00Z,1,,", "B,2025-03-02T10:00,1,,")
    place.put("zoned.csv", "A,2025-03-02T01:00+02:00,1,,", "B,2025-03-02T10:00Z,1,,")

    bad, good, zoned = place.ingest(MONTH).files

    assert bad.reason == "as_of: has a time zone in record 1 and none in record 2"
    assert (bad.quarantined, good.accepted, zoned.accepted) == (2, 1, 2)
    assert [str(row["as_of"]) for row in place.labelled()] == [
        "2025-03-01 00:00:00",
        "2025-03-01 23:00:00",
        "2025-03-02 10:00:00",
    ]


def test_the_last_delivery_of_a_row_counts_and_what_it_does_not_say_of_the_carried_stays(
    place: DatedPlace,
) -> None:
    place.put("a.csv", "A,2025-03-01,1,Ann,10", "A,2025-03-01,2,Bob,", "B,2025-03-01,5,Ann,7")
    place.put("b.csv", "A,2025-03-01,3,,20", "B,2025-03-01,5,,")

    first, second = place.ingest(MONTH).files

    assert (first.accepted, first.updates, first.updated) == (2, 1, 1)
    assert (second.accepted, second.updates, second.duplicates) == (0, 1, 1)
    assert [(row["calls"], row["manager"], row["fee"]) for row in place.labelled()] == [
        (3.0, "Bob", 20.0),
        (5.0, "Ann", 7.0),
    ]


@pytest.mark.parametrize("kind", ["DATE", "TIMESTAMP", "TIMESTAMPTZ", "VARCHAR"])
def test_parquet_files_with_dates_of_any_type_mean_what_texts_mean(
    place: DatedPlace, tmp_path: Path, kind: str
) -> None:
    lines = ("A,2025-03-01,1,Ann,2", "B,2025-03-01,,,", "A,2025-04-01,3,Bob,4")
    place.put("rows.csv", *lines)
    place.report("left.csv", "A,2025-03-31")
    place.ingest(MONTH)
    other = DatedPlace(tmp_path / "parquet")
    for path, name in (
        (place.layout.input / "rows.csv", other.layout.input / "rows.parquet"),
        (place.layout.data_root / "outcomes/left.csv", other.layout.data_root / "outcomes/left.parquet"),
    ):
        date = "as_of" if "rows" in path.name else "left_on"
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            texts = f"read_csv('{path}', all_varchar = true)"
            connection.execute(
                f"COPY (SELECT * REPLACE (CAST({date} AS {kind}) AS {date}) FROM {texts}) TO '{name}'"
            )
        os.utime(name, (path.stat().st_mtime, path.stat().st_mtime))

    other.ingest(MONTH)

    assert other.labelled() == place.labelled()


def test_testdata_gets_its_labels_from_the_same_dates(place: DatedPlace) -> None:
    place.put("rows.csv", "A,2025-03-01,1,,", "B,2025-03-01,1,,")
    place.report("left.csv", "A,2025-03-31", "T,2025-03-20", "U,2025-05-01")
    (place.layout.testdata / "test.csv").write_text(
        "id,as_of,calls\nT,2025-03-01,1\nU,2025-03-01,2\nU,2025-04-10,3\nA,2025-03-01,9\n"
    )
    place.ingest(MONTH)
    with place.session() as session:
        rows, refused = read_test_rows(place.layout, session)
        once, _ = read_test_rows(place.layout, session, independent=True)
        apart = [name for (name,) in session.run(ids_set_apart(place.layout, session)).fetchall()]

    found = sorted(zip(rows.ids, rows.features["calls"], rows.target, strict=True))
    assert found == [("A", 9.0, 1), ("T", 1.0, 1), ("U", 2.0, 0)]
    assert refused == 0
    assert len(set(once.ids)) == len(once.ids)
    assert sorted(apart) == ["A", "T", "U"]


def test_testdata_may_be_written_in_another_way_than_client_files(place: DatedPlace) -> None:
    place.put("rows.csv", "A,2025-03-01,1,,")
    place.report("left.csv", "T,2025-03-20", "A,2025-06-01")
    (place.layout.testdata / "test.csv").write_text('id,as_of,calls\nT,2025-03-01,"1,234"\n')
    place.ingest(MONTH)
    for decimal, calls in ((",", 1.234), (".", 1234.0)):
        with place.session() as session:
            layout = replace(place.layout, test_form=FileForm(decimal=decimal))
            rows, _ = read_test_rows(layout, session)
        assert rows.features["calls"].tolist() == [calls]


def test_without_testdata_a_share_of_the_clients_is_set_apart_whatever_files_come(place: DatedPlace) -> None:
    layout = replace(place.layout, test_share=0.3)
    place.put("a.csv", *(f"c{number},2025-01-01,1,," for number in range(300)))
    place.report("left.csv", "c1,2025-03-31")
    place.ingest(MONTH)
    with place.session() as session:
        first = set(session.run(ids_set_apart(layout, session)).fetchall())
        rows, _ = read_test_rows(layout, session)
    place.put("b.csv", *(f"c{number},2025-02-01,1,," for number in range(200, 600)))
    place.ingest(MONTH)
    with place.session() as session:
        second = set(session.run(ids_set_apart(layout, session)).fetchall())

    assert 60 < len(first) < 120
    assert {(name,) for name in rows.ids} == first
    assert first < second
    assert {name for name in second if int(name[0][1:]) < 300} == first


def test_an_outcome_that_arrives_changes_no_count_of_a_file_and_rewrites_no_part(place: DatedPlace) -> None:
    place.put("a.csv", "A,2025-03-01,1,,", "B,2025-03-01,1,,")
    before = place.ingest(MONTH)
    stamps = {path: path.stat().st_mtime_ns for path in place.layout.finaldata_parquet.iterdir()}
    place.report("left.csv", "A,2025-04-01")
    after = place.ingest(MONTH)

    assert before.files == after.files
    assert before.data_version != after.data_version
    assert stamps == {path: path.stat().st_mtime_ns for path in place.layout.finaldata_parquet.iterdir()}


def test_files_of_equal_content_count_by_the_day_on_which_the_last_of_them_came(place: DatedPlace) -> None:
    place.put("rows.csv", "A,2025-01-01,1,,")
    place.report("late.csv", "A,2025-01-15", arrived="2025-01-15")
    place.report("later.csv", "A,2025-01-15", arrived="2025-01-10")
    place.ingest(OutcomeRules(10, 0))
    assert [row["has_left"] for row in place.labelled()] == [0]


rows_strategy = st.lists(
    st.tuples(st.sampled_from("ABCD"), st.sampled_from(DAYS), st.integers(0, 3)), min_size=1, max_size=12
)
leavings_strategy = st.lists(
    st.tuples(st.sampled_from("ABCDX"), st.sampled_from(DAYS), st.integers(0, 20)), max_size=5
)


def conserved(ingestion: Ingestion) -> bool:
    assert ingestion.outcomes is not None
    return all(
        file.accepted + file.duplicates + file.updates + file.quarantined == file.read
        for file in (*ingestion.files, *ingestion.outcomes.files)
    )


@settings(max_examples=8)
@given(
    rows_strategy,
    leavings_strategy,
    st.integers(10, 60),
    st.integers(0, 20),
    st.randoms(use_true_random=False),
)
def test_labels_depend_on_rows_and_leavings_alone_in_any_files_and_steps(
    rows: list[tuple[str, str, int]],
    leavings: list[tuple[str, str, int]],
    horizon: int,
    late: int,
    chance: random.Random,
) -> None:
    rules = OutcomeRules(horizon, late)
    with tempfile.TemporaryDirectory() as folder:
        place, at_once = DatedPlace(Path(folder) / "steps"), DatedPlace(Path(folder) / "at once")
        jobs = [("row", place_) for place_ in range(len(rows))] + [("left", n) for n in range(len(leavings))]
        chance.shuffle(jobs)
        for step, (kind, number) in enumerate(jobs):
            for each in (place, at_once):
                if kind == "row":
                    client, day, calls = rows[number]
                    each.put(f"r{number:02d}.csv", f"{client},{day},{calls},,")
                else:
                    client, day, after = leavings[number]
                    arrived = str((pd.Timestamp(day) + pd.Timedelta(days=after - 5)).date())
                    each.report(f"l{number:02d}.csv", f"{client},{day}", arrived=arrived)
            if kind == "row" and (step % 5 == 0 or step == len(jobs) - 1):
                assert conserved(place.ingest(rules))
        found, expected = place.ingest(rules), at_once.ingest(rules)

        assert (found.data_version, found.files, found.outcomes) == (
            expected.data_version,
            expected.files,
            expected.outcomes,
        )
        assert place.labelled() == at_once.labelled() == by_pandas(rows, leavings, Rules(horizon, late))


def by_pandas(
    rows: list[tuple[str, str, int]], leavings: list[tuple[str, str, int]], rules: Rules
) -> list[dict[str, object]]:
    """The same by the reference; of a row that is delivered again the last delivery counts."""
    frame = pd.DataFrame(rows, columns=["id", "as_of", "calls"]).drop_duplicates(["id", "as_of"], keep="last")
    frame["as_of"] = pd.to_datetime(frame["as_of"])
    gone = pd.DataFrame(leavings, columns=["id", "left_on", "after"])
    gone["left_on"] = pd.to_datetime(gone["left_on"])
    gone["arrived"] = gone["left_on"] + pd.to_timedelta(gone["after"] - 5, unit="D")
    found = labelled(frame, gone, rules).sort_values(["id", "as_of"])
    return [
        {
            "id": row["id"],
            "calls": float(row["calls"]),
            "manager": None,
            "fee": None,
            "as_of": row["as_of"].to_pydatetime(),
            "has_left": None if pd.isna(row["left"]) else int(row["left"]),
        }
        for row in found.to_dict("records")
    ]


def test_the_reference_knows_no_date_where_every_leaving_lies_ahead() -> None:
    day = pd.Timestamp("2025-01-01")
    assert reached(pd.DataFrame({"left_on": [day], "arrived": [day - pd.Timedelta(days=3)]})) is None
