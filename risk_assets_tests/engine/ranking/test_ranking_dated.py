"""Rows with dates: who is current, by which row, and what is at stake."""

from __future__ import annotations

import csv
import math
from dataclasses import replace
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from risk_assets.domain.columns import DerivedColumn
from risk_assets.domain.intake.outcomes import OutcomeRules
from risk_assets.domain.model.scorecard import Scorecard
from risk_assets.domain.model.shapes import NumericShape
from risk_assets.engine.ranking.client_risk import RankingFiles, rank_clients
from risk_assets.engine.ranking.risk_summary import ranked_clients, ranking_table, risk_summary
from risk_assets.engine.session import Session
from risk_assets.storage.intake.finaldata import require_ingestion
from risk_assets.storage.intake.part_files import rows_with_redelivered
from risk_assets_tests.panel_reference import Rules, statuses
from risk_assets_tests.storage.dated import ARRIVED, COLUMNS, DatedPlace

CARD = Scorecard(0.0, 0.5, (NumericShape("calls", (0.0, 10.0), ((-3.0, 1.0),), missing=0.0, mean=0.0),), ())
HORIZON = OutcomeRules(30, 0)

ROWS = {
    "b.csv": ("now,2025-06-01,1,Ann,100", "gone,2025-05-01,2,Bob,50", "silent,2025-04-20,3,Bob,10"),
    "a.csv": (
        "now,2025-05-01,9,Eve,90",
        "back,2025-01-01,4,Ann,",
        "back,2025-06-01,5,,70",
        "soon,2025-06-01,6,,1",
    ),
    "c.csv": ("now,2025-04-01,9,Eve,80", "gone,2025-04-01,2,Bob,50", "stale,2025-06-01,1,,"),
}
LEAVINGS = ("gone,2025-05-20", "back,2025-01-15", "stale,2025-05-31", "soon,2026-03-01")


def filled(place: DatedPlace) -> DatedPlace:
    for name, lines in ROWS.items():
        place.put(name, *lines)
    place.report("left.csv", *LEAVINGS)
    return place


def rank(place: DatedPlace, session: Session, card: Scorecard = CARD) -> RankingFiles:
    data = rows_with_redelivered(place.layout, require_ingestion(place.layout))
    folder = place.layout.data_root
    files = RankingFiles(folder / "risk.parquet", folder / "risk.csv", folder / "status.parquet")
    rank_clients(session, data, card, files)
    return files


@pytest.fixture
def ranked(tmp_path: Path) -> tuple[DatedPlace, RankingFiles]:
    place = filled(DatedPlace(tmp_path))
    place.ingest(HORIZON)
    with place.session() as session:
        return place, rank(place, session)


def test_the_latest_row_is_the_one_of_the_greatest_date_in_whatever_file(
    ranked: tuple[DatedPlace, RankingFiles],
) -> None:
    place, files = ranked
    with place.session() as session:
        found = session.run(f"SELECT * FROM {ranking_table(session, files.parquet)} ORDER BY rank").fetchall()
    now, back, soon = ranked_clients(COLUMNS, found)

    assert [client.id for client in (now, back, soon)] == ["now", "back", "soon"]
    assert (now.as_of, now.value, now.carried) == ("2025-06-01", 100.0, {"manager": "Ann"})
    assert now.value_at_risk == pytest.approx(100 * now.risk)
    assert now.previous_risk is not None
    assert now.change == pytest.approx(now.risk - now.previous_risk)
    assert now.change_reason == "calls 9 to 1"
    assert (back.value, back.carried) == (70.0, {"manager": None})
    # the row before the leaving counts as the one before
    assert back.change_reason == "calls 4 to 5"


def test_the_status_of_every_client_is_told_with_the_day_it_left(ranked: tuple[DatedPlace, RankingFiles]) -> None:
    place, files = ranked
    with duckdb.connect() as connection:
        found = connection.execute("FROM read_parquet(?)", [str(files.status)]).df()

    told = dict(zip(found["id"], found["status"], strict=True))
    assert told == {
        "back": "current",
        "gone": "left",
        "now": "current",
        "silent": "known before",
        "soon": "current",
    }
    assert dict(zip(found["id"], found["left_on"].astype(str), strict=True))["gone"] == "2025-05-20"
    assert told == statuses(*by_pandas(), Rules(30))
    with place.session() as session:
        summary = risk_summary(session, files.parquet, files.status, threshold=0.5)
    assert (summary.clients, summary.left, summary.known_before) == (3, 1, 1)
    assert summary.value_at_risk == pytest.approx(sum(client.value_at_risk or 0 for client in summary.top))
    assert summary.expected == pytest.approx(sum(client.risk for client in summary.top))


def test_the_summary_says_who_came_to_be_at_high_risk_and_who_no_longer_is(
    ranked: tuple[DatedPlace, RankingFiles],
) -> None:
    place, files = ranked
    with place.session() as session:
        clients = risk_summary(session, files.parquet, files.status, threshold=0.5).top
        compared = [(each.previous_risk, each.risk) for each in clients if each.previous_risk is not None]
        assert compared
        for threshold in (0.0, *(risk for pair in compared for risk in pair), 1.0):
            found = risk_summary(session, files.parquet, files.status, threshold=threshold)
            assert found.compared == len(compared)
            assert found.risen == sum(before < threshold <= now for before, now in compared)
            assert found.fallen == sum(now < threshold <= before for before, now in compared)
            assert (found.flagged_value_at_risk or 0) == pytest.approx(
                sum(each.value_at_risk or 0 for each in clients if each.risk >= threshold)
            )


def by_pandas() -> tuple[pd.DataFrame, pd.DataFrame]:
    rows = pd.DataFrame(
        [line.split(",")[:2] for lines in ROWS.values() for line in lines], columns=["id", "as_of"]
    )
    leavings = pd.DataFrame([line.split(",") for line in LEAVINGS], columns=["id", "left_on"])
    rows["as_of"], leavings["left_on"] = pd.to_datetime(rows["as_of"]), pd.to_datetime(leavings["left_on"])
    leavings["arrived"] = pd.Timestamp(ARRIVED)
    return rows, leavings


def test_the_sheet_has_dates_money_and_who_looks_after_the_client(ranked: tuple[DatedPlace, RankingFiles]) -> None:
    _, files = ranked
    with files.csv.open(newline="", encoding="utf-8") as file:
        head, first, *_ = csv.reader(file)
    assert head[:12] == [
        "id", "as_of", "risk", "risk_low", "risk_high", "rank", "decile", "previous_risk", "change", "fee",
        "value_at_risk", "manager",
    ]  # fmt: skip
    assert (first[0], first[1], first[9], first[11]) == ("now", "2025-06-01", "100.000000", "Ann")


def test_other_dates_are_shown_with_a_client_and_teach_by_what_is_derived_of_them(tmp_path: Path) -> None:
    age = DerivedColumn("age", "days_between", ("start", "as_of"))
    columns = replace(COLUMNS, date_columns=("start",), derived=(age,))
    place = DatedPlace(tmp_path)
    header = "id,as_of,calls,start\n"
    place.put("a.csv", "young,2025-06-01,1,2025-05-30", "old,2025-06-01,1,2015-01-01 10:30", header=header)
    place.put("b.csv", "new,2025-06-01,1,", header=header)
    place.report("left.csv", "young,2025-12-01")
    shape = NumericShape("age", (0.0, 4000.0), ((-3.0, 1.0),), missing=-9.0, mean=0.0)

    with place.session(columns) as session:
        place.ingest(HORIZON, session=session)
        files = rank(place, session, Scorecard(0.0, 0.5, (shape,), (), derived=(age,)))

    with files.csv.open(encoding="utf-8", newline="") as ranking:
        found = {row["id"]: row for row in csv.DictReader(ranking)}
    assert {name: row["start"] for name, row in found.items()} == {"old": "2015-01-01 10:30:00", "new": ""}
    assert float(found["old"]["risk"]) == pytest.approx(1 / (1 + math.exp(3.0 * 3804 / 4000 - 1)), abs=1e-6)
    assert found["new"]["risk"] == "0.000123"
