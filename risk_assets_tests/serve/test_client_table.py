from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from risk_assets.domain.intake.ingestion import Ingestion
from risk_assets.domain.intake.source_file import SourceFile
from risk_assets.settings import Settings
from risk_assets.storage.layout import Layout
from risk_assets.storage.records import write_record
from risk_assets_tests.serve.conftest import Home, opened
from risk_assets_tests.serve.deployed import SURE, deploy, make_settings
from risk_assets_tests.serve.model.test_prediction import risk_of

COUNT = 120


def write_ranking(settings: Settings, *, certain: bool = False) -> None:
    """120 clients, c001 the riskiest; with `certain` each has an interval, which older rankings lack."""
    layout = Layout.of(settings)
    layout.models.mkdir(parents=True, exist_ok=True)
    duckdb.sql(
        f"COPY (SELECT printf('c%03d', i) AS corporation, 1 - i / 200 AS risk, i AS rank, "
        f"{'0.7e0 AS risk_low, 0.84e0 AS risk_high, ' if certain else ''}"
        f"1 + (i - 1) * 10 // {COUNT} AS decile, "
        "'activity is 3: odds × 2.0' AS reason_1, "
        f"CAST(NULL AS VARCHAR) AS reason_2, CAST(NULL AS VARCHAR) AS reason_3 "
        f"FROM range(1, {COUNT + 1}) AS t(i)) TO '{layout.client_risk_parquet}' (FORMAT parquet)"
    )
    clients = f"SELECT printf('c%03d', i) AS corporation, 'current' AS status FROM range(1, {COUNT + 1}) AS t(i)"
    duckdb.sql(f"COPY ({clients} UNION ALL SELECT 'c900', 'left') TO '{layout.client_status}' (FORMAT parquet)")


def write_finaldata(settings: Settings) -> None:
    """Two files of clients in reading order; c001 is in both, c003 returns in the second to what it was."""
    layout = Layout.of(settings)
    layout.finaldata_parquet.mkdir(parents=True)
    layout.redelivered.mkdir()
    rows = {
        "old": "('c001', 1e0, 2e0, 'retail', 0), ('c002', 3e0, 4e0, NULL, 1), "
        "('c003', 7e0, 4e0, 'retail', 0), ('c003', 8e0, 4e0, 'retail', 0)",
        "anew": "('c001', 10e0, 2e0, 'retail', 0), ('c001', 12.5e0, 40e0, 'mining', 1)",
    }
    files = []
    for name, values in rows.items():
        table = f"(VALUES {values}) AS t(corporation, activity, employees, industry, exited)"
        duckdb.sql(f"COPY (FROM {table}) TO '{layout.finaldata_parquet / name}.parquet' (FORMAT parquet)")
        files.append(SourceFile(f"{name}.csv", "0", 1, 2, 2, 0, 0, part=f"{name}.parquet"))
    again = "(VALUES ('c003', 7e0, 4e0, 'retail', 0)) AS t(corporation, activity, employees, industry, exited)"
    duckdb.sql(f"COPY (FROM {again}) TO '{layout.redelivered}/anew.parquet' (FORMAT parquet)")
    files[1] = replace(files[1], redelivered="anew.parquet")
    write_record(layout.ingestion, Ingestion("data-1", "2026-03-01T12:00:00+00:00", 2, tuple(files)))


@pytest.fixture(scope="module")
def ranked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    settings = make_settings(tmp_path_factory.mktemp("ranked"))
    write_ranking(settings)
    write_finaldata(settings)
    with opened(settings, deployed=True) as home:
        yield home


@pytest.fixture(scope="module")
def sure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A home whose model has a pair and says how sure it is."""
    settings = make_settings(tmp_path_factory.mktemp("sure"))
    write_ranking(settings, certain=True)
    write_finaldata(settings)
    deploy(settings, SURE)
    with opened(settings) as home:
        yield home


def ask(home: Home, **query: Any) -> dict[str, Any]:
    answer = home.http.get("/clients", query_string=query)
    assert answer.status_code == 200
    content: dict[str, Any] = answer.get_json()
    return content


@pytest.mark.parametrize("name", ["/lead", "a//b", "//"])
def test_a_client_is_found_whatever_slashes_its_id_has(tmp_path: Path, name: str) -> None:
    settings = make_settings(tmp_path)
    write_ranking(settings)
    write_finaldata(settings)
    left = f"SELECT '{name}' AS corporation, 'left' AS status"
    duckdb.sql(f"COPY ({left}) TO '{Layout.of(settings).client_status}' (FORMAT parquet)")
    with opened(settings, deployed=True) as home:
        answer = home.http.get(f"/clients/{name}")

    assert (answer.status_code, answer.get_json()["status"]) == (200, "left")


def test_the_first_page_shows_the_clients_at_the_highest_risk(ranked: Home) -> None:
    page = ask(ranked)

    assert (page["total"], page["page"], page["pages"]) == (COUNT, 1, 3)
    assert page["clients"][0] == {
        "id": "c001",
        "status": "current",
        "left_on": None,
        "as_of": None,
        "value": None,
        "value_at_risk": None,
        "carried": {},
        "risk": 0.995,
        "risk_low": None,
        "risk_high": None,
        "rank": 1,
        "decile": 1,
        "previous_risk": None,
        "change": None,
        "reasons": ["activity is 3: odds × 2.0"],
        "change_reason": None,
    }
    assert len(page["clients"]) == 50


def test_pages_follow_each_other_and_end(ranked: Home) -> None:
    assert [ask(ranked, page=page)["clients"][0]["id"] for page in (1, 2, 3)] == ["c001", "c051", "c101"]
    assert ask(ranked, page=4)["clients"] == []


@pytest.mark.parametrize(("sort", "first"), [("risk", "c120"), ("-risk", "c001"), ("id", "c001"), ("-id", "c120")])
def test_clients_are_sorted_as_asked(ranked: Home, sort: str, first: str) -> None:
    assert ask(ranked, sort=sort)["clients"][0]["id"] == first


def test_clients_are_found_by_a_part_of_their_id_and_by_risk(ranked: Home) -> None:
    assert [client["id"] for client in ask(ranked, q="C11")["clients"]] == [f"c11{digit}" for digit in range(10)]
    assert ask(ranked, min_risk=0.99)["total"] == 2
    assert ask(ranked, q="c1", min_risk=0.5)["total"] == 1


@pytest.mark.parametrize(
    "q", ["'", "%", "_", "\\", "' OR 1=1 --", '"; DROP TABLE x', "c001'; COPY x TO '/tmp/x", "\x00"]
)
def test_a_search_is_text_and_nothing_else(ranked: Home, q: str) -> None:
    assert ask(ranked, q=q)["total"] == 0
    assert ranked.http.get(f"/clients/{q or 'x'}").status_code in {404, 308}


def test_a_client_is_told_with_the_shape_values_behind_its_risk(ranked: Home) -> None:
    answer = ranked.http.get("/clients/c001").get_json()
    told = answer["explanation"]
    assert answer["client"]["rank"] == 1
    assert told["risk"] == pytest.approx(risk_of({"activity": 12.5, "employees": 40, "industry": "mining"}))
    assert [shape["feature"] for shape in told["shapes"]] == ["activity", "industry", "employees"]
    assert told["shapes"][0]["value"] == 12.5
    assert told["shapes"][0]["text"] == "activity is 12.50: odds × 2.1"
    assert told["shapes"][0]["odds_factor"] == pytest.approx(2.117, abs=1e-3)


def test_a_client_is_told_with_reasons_interval_and_what_columns_do_together(sure: Home) -> None:
    answer = sure.http.get("/clients/c001").get_json()
    told, shapes = answer["explanation"], {shape["feature"]: shape for shape in answer["explanation"]["shapes"]}

    assert (answer["client"]["risk_low"], answer["client"]["risk_high"]) == (0.7, 0.84)
    assert told["risk_low"] < told["risk"] < told["risk_high"]
    assert told["reasons"][0] == "industry is mining (usual: retail): 84 %, with the usual value 55 %"
    assert shapes["activity x industry"]["value"] == "12.50 and mining"
    assert shapes["activity x industry"]["text"] == "activity x industry is 12.50 and mining: odds × 1.4"
    added = sum(shape["log_odds"] - shape["average"] for shape in shapes.values())
    assert told["base_log_odds"] + added == pytest.approx(math.log(told["risk"] / (1 - told["risk"])))


def test_a_version_of_the_first_format_tells_no_interval(ranked: Home) -> None:
    told = ranked.http.get("/clients/c001").get_json()["explanation"]

    assert (told["risk_low"], told["risk_high"]) == (None, None)
    assert told["reasons"] == [
        "industry is mining (usual: retail): 78 %, with the usual value 57 %",
        "activity is 12.50 (usual: 30): 78 %, with the usual value 72 %",
    ]


def test_a_client_that_returned_to_an_earlier_state_is_told_by_that(ranked: Home) -> None:
    shapes = ranked.http.get("/clients/c003").get_json()["explanation"]["shapes"]

    assert next(shape["value"] for shape in shapes if shape["feature"] == "activity") == 7.0


def test_a_missing_value_is_explained_as_missing(ranked: Home) -> None:
    shapes = ranked.http.get("/clients/c002").get_json()["explanation"]["shapes"]

    assert [shape["text"] for shape in shapes if shape["value"] is None] == ["industry is missing: odds ÷ 1.1"]


def test_a_client_that_finaldata_no_longer_holds_has_no_explanation(ranked: Home) -> None:
    assert ranked.http.get("/clients/c100").get_json()["explanation"] is None


def test_a_client_that_has_left_is_found_with_that_word_and_is_not_ranked(ranked: Home) -> None:
    answer = ranked.http.get("/clients/c900").get_json()
    assert (answer["status"], answer["client"]) == ("left", None)
    assert "c900" not in [client["id"] for client in ask(ranked, q="c9")["clients"]]
    page = ranked.http.get("/pages/client", query_string={"id": "c900"}).get_data(as_text=True)
    assert "has left" in page


def test_a_row_that_was_delivered_again_is_told_once_and_a_return_as_a_row_of_its_own(ranked: Home) -> None:
    told = {
        name: [row["features"]["activity"] for row in ranked.http.get(f"/clients/{name}").get_json()["history"]]
        for name in ("c001", "c002", "c003")
    }
    assert told == {"c001": [1.0, 10.0, 12.5], "c002": [3.0], "c003": [7.0, 8.0, 7.0]}


def test_clients_that_have_left_are_listed_where_they_are_asked_for(ranked: Home) -> None:
    assert [client["id"] for client in ask(ranked, status="left")["clients"]] == ["c900"]
    every = ask(ranked, status="all", page=3)
    assert (every["total"], every["clients"][-1]["id"]) == (COUNT + 1, "c900")
    assert ask(ranked, status="all", min_risk=0.1)["total"] == COUNT


def test_without_a_column_of_value_the_order_is_that_of_risk(ranked: Home) -> None:
    assert ask(ranked, sort="-value_at_risk")["clients"] == ask(ranked, sort="-risk")["clients"]
    assert ask(ranked, sort="value_at_risk")["clients"] == ask(ranked, sort="risk")["clients"]


def test_a_client_that_nobody_knows_is_not_found(ranked: Home) -> None:
    answer = ranked.http.get("/clients/nobody")

    assert (answer.status_code, answer.get_json()["detail"]) == (
        404,
        "no client of that id is known",
    )
