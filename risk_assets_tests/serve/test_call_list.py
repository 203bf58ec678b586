from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import duckdb
import pytest
from python_calamine import CalamineWorkbook

from risk_assets.domain.contacts.contact import Draft
from risk_assets.domain.intake.outcomes import OutcomeCounts, OutcomeRules, OutcomesAccount
from risk_assets.domain.ranking.risk_summary import RankingOrigin
from risk_assets.serve.contact_desk import ContactDesk
from risk_assets.serve.generated import Generated
from risk_assets.settings.outcomes import OutcomesSetting
from risk_assets.storage.contacts.assignments import AssignmentLog
from risk_assets.storage.contacts.database import ContactsDatabase
from risk_assets.storage.layout import Layout
from risk_assets.storage.records import write_record
from risk_assets_tests.serve.conftest import Home, opened
from risk_assets_tests.serve.deployed import COLUMNS, deploy
from risk_assets_tests.serve.desk import BROWSER, look, send_contact, write_desk
from risk_assets_tests.serve.prepared import prepare
from risk_assets_tests.serve.test_pages import text


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Home]:
    with opened(write_desk(tmp_path), deployed=True) as home:
        yield home


def ids(home: Home, part: str = "calls", **query: str) -> list[str]:
    listed: list[dict[str, Any]] = home.http.get("/calls", query_string=query).get_json()[part]
    return [client["id"] for client in listed]


def test_the_first_address_leads_to_todays_list(desk: Home) -> None:
    answer = look(desk.http, "/")

    assert (answer.status_code, answer.headers["Location"]) == (302, "/calls")
    assert "Whom to call today 10 clients by value at risk" in text(look(desk.http, "/calls"))


def test_after_a_rollback_lists_name_the_version_that_ranked_them_and_flag_by_its_threshold(
    tmp_path: Path,
) -> None:
    settings = prepare(tmp_path)
    before = deploy(settings)
    write_record(Layout.of(settings).client_risk_origin, RankingOrigin("v0002-of-the-ranking", 0.9))
    with opened(settings) as home:
        named = {home.http.get(path).get_json()["version"] for path in ("/calls", "/clients", "/clients/c001")}
        pages = [text(look(home.http, path)) for path in ("/calls", "/clients", "/pages/overview")]
        overview = pages[-1].replace("\xa0", " ")

    assert named == {"v0002-of-the-ranking"}
    assert all(f"made with version v0002-of-the-ranking , and {before} serves now" in page for page in pages)
    assert "20 of 120 with a risk of 90.0 % or more" in overview


def test_the_list_says_how_old_its_data_are(desk: Home) -> None:
    assert "The data is as of 2026-03-01." in text(look(desk.http, "/calls"))


def test_clients_that_left_are_not_among_those_that_were_called(desk: Home) -> None:
    for client, kind in (("c060", "left"), ("c059", "reached")):
        assert desk.http.post("/contacts", json={"client": client, "kind": kind}).status_code == 201

    assert "1 other was called or snoozed lately" in text(look(desk.http, "/calls"))


def test_the_list_holds_as_many_as_can_be_called_by_the_order_that_is_asked_for(desk: Home) -> None:
    assert ids(desk) == [f"c{number:03}" for number in range(60, 50, -1)]
    assert ids(desk, by="risk") == [f"c{number:03}" for number in range(1, 11)]
    assert ids(desk, by="rise")[0] == "c001"
    assert all(int(name[1:]) % 7 == 6 for name in ids(desk, by="uncertainty")[:8])
    assert desk.http.get("/calls?by=luck").status_code == 422


def test_a_manager_sees_those_of_the_list_that_are_theirs(desk: Home) -> None:
    assert ids(desk, **{"in.manager": "Anna"}) == ["c060", "c058", "c056", "c054", "c052"]
    page = text(look(desk.http, "/calls?in.manager=Anna"))
    assert "5 clients by value at risk, manager Anna" in page


def test_who_was_called_makes_room_for_the_next(desk: Home) -> None:
    soon = (datetime.now(UTC) + timedelta(days=9)).date().isoformat()
    answer = send_contact(desk.http, look(desk.http, "/clients/c060"), to="/calls")
    send_contact(desk.http, look(desk.http, "/clients/c059"), kind="note", snooze_until=soon)

    assert answer.headers["Location"] == "/calls"
    assert ids(desk) == [f"c{number:03}" for number in range(58, 48, -1)]


def test_a_follow_up_comes_back_on_its_day_before_all_others(tmp_path: Path) -> None:
    settings, clock = write_desk(tmp_path), [datetime(2026, 3, 1, 12, tzinfo=UTC)]
    with opened(settings, deployed=True) as home:
        desk = ContactDesk(settings, Layout.of(settings), home.serving.clients, lambda: clock[0])
        desk.add(Draft("c060", "reached"), token="1", by="Anna")
        desk.add(Draft("c001", "reached", follow_up_on="2026-03-10"), token="2", by="Ben")
        today = desk.call_list()
        clock[0] += timedelta(days=9)
        later = desk.call_list()
        ben, anna = desk.call_list(levels={"manager": "Ben"}), desk.call_list(levels={"manager": "Anna"})

    assert (next(call.ranked.id for call in today.calls), today.due, today.resting) == ("c059", (), 2)
    assert [call.ranked.id for call in later.due] == ["c001"]
    assert later.resting == 1
    assert (len(ben.due), len(anna.due)) == (1, 0)


def test_a_share_is_left_uncalled_at_random_and_stays_so(tmp_path: Path) -> None:
    settings = write_desk(tmp_path, uncalled_share=0.5, manager_column="manager")
    with opened(settings, deployed=True) as home:
        first, second = ids(home), ids(home)
        page = text(look(home.http, "/calls"))

    assert len(first) == 10
    assert first == second
    twenty = {f"c{number:03}" for number in range(41, 61)}
    assert set(first) < twenty
    assert sum(int(name[1:]) % 2 == 0 for name in first) == 5
    assert "10 clients of today’s list are left uncalled at random, to tell." in page


def test_the_list_stays_full_while_calls_go_on_and_the_share_is_kept(tmp_path: Path) -> None:
    settings = write_desk(tmp_path, uncalled_share=0.2, manager_column="manager")
    with opened(settings, deployed=True) as home:
        desk, written = home.serving.desk, 0
        for _ in range(4):  # forty of sixty clients are called, ten at a time
            calls = desk.call_list().calls
            assert len(calls) == 10
            for call in calls:
                written += 1
                desk.add(Draft(call.ranked.id, "reached"), token=f"{written}", by="Anna")
        drawn = AssignmentLog(ContactsDatabase.of(settings, home.serving.layout)).all()

    assert len({one.client for one in drawn}) == len(drawn)
    assert abs(sum(one.uncalled for one in drawn) - 0.2 * len(drawn)) < 2
    assert sum(not one.uncalled for one in drawn) == 40


def test_looking_at_the_list_in_another_order_draws_nobody(tmp_path: Path) -> None:
    settings = write_desk(tmp_path, uncalled_share=0.5)
    with opened(settings, deployed=True) as home:
        usual = ids(home)
        by_risk = ids(home, by="risk")
        drawn = AssignmentLog(ContactsDatabase.of(settings, home.serving.layout)).all()

    assert by_risk == [f"c{number:03}" for number in range(1, 11)]
    assert {one.client for one in drawn if not one.uncalled} == set(usual)


def test_an_empty_list_of_a_manager_leads_to_all_that_are_theirs(desk: Home) -> None:
    page = look(desk.http, "/calls?by=risk&in.manager=Carla").get_data(as_text=True)
    [address] = re.findall(r'href="([^"]+)">all clients that do', page)

    assert look(desk.http, unescape(address)).status_code == 200


def test_without_a_comparison_the_page_says_why_it_cannot_tell(desk: Home) -> None:
    assert "Whether calls help cannot be told: all listed clients are called" in text(look(desk.http, "/calls"))


def test_what_calls_did_is_told_once_outcomes_are_known(tmp_path: Path) -> None:
    columns = COLUMNS.model_copy(
        update={"carried": ("manager",), "value": "worth", "target": None, "as_of": "month"}
    )
    settings = write_desk(
        tmp_path,
        columns=columns,
        outcomes=OutcomesSetting(path="outcomes", left_on="left_on", horizon_days=90, reported_within_days=0),
        uncalled_share=0.5,
        call_capacity=30,
    )
    layout = Layout.of(settings)
    account = OutcomesAccount(
        (), OutcomeRules(90, 0), "2026-12-31", "2026-10-02", "none", OutcomeCounts(0, 0, 0, 0)
    )
    ingestion = Generated(layout).ingestion()
    write_record(layout.ingestion, replace(ingestion, outcomes=account))
    clock = datetime(2026, 3, 1, 12, tzinfo=UTC)
    with opened(settings, deployed=True) as home:
        desk = ContactDesk(settings, layout, home.serving.clients, lambda: clock)
        called = {call.ranked.id for call in desk.call_list().calls}
        left = {f"c{number:03}" for number in range(1, 61)} - called
        leavings = ", ".join(f"('{name}', 'left', DATE '2026-04-01')" for name in left)
        kept = ", ".join(f"('{name}', 'current', NULL)" for name in called)
        clients = f"(VALUES {leavings}, {kept}) AS t(corporation, status, left_on)"
        duckdb.sql(f"COPY (FROM {clients}) TO '{layout.client_status}' (FORMAT parquet)")
        found, why_not = desk.effect()

    assert found
    assert (found.called, found.uncalled, found.left_called, found.left_uncalled) == (30, 30, 0, 30)
    assert (found.difference, why_not) == (1.0, "")


def test_one_address_answers_in_every_form(desk: Home) -> None:
    for address in ("/calls", "/clients", "/contacts"):
        kinds = {
            suffix: desk.http.get(f"{address}{suffix}").content_type for suffix in ("", ".json", ".csv", ".xlsx")
        }
        assert kinds[""] == kinds[".json"] == "application/json"
        assert kinds[".csv"] == "text/csv; charset=utf-8"
        assert kinds[".xlsx"].endswith("spreadsheetml.sheet")
        assert look(desk.http, address).content_type == "text/html; charset=utf-8"
        assert desk.http.get(address, headers={"Accept": "text/csv"}).content_type == kinds[".csv"]


def test_every_list_links_its_data_with_the_same_filters(desk: Home) -> None:
    page = look(desk.http, "/clients?in.manager=Anna&min.activity=10").get_data(as_text=True)

    for suffix in ("csv", "xlsx", "json"):
        assert f'href="/clients.{suffix}?in.manager=Anna&amp;min.activity=10.0"' in page


def test_the_csv_has_features_to_six_digits(desk: Home) -> None:
    rows = list(csv.DictReader(io.StringIO(desk.http.get("/clients.csv?q=c001").get_data(as_text=True))))

    assert [(row["corporation"], row["employees"], row["reason_2"]) for row in rows] == [
        ("c001", "10.123457", "'=cmd()")
    ]


def test_the_excel_file_has_numbers_as_numbers_and_no_formula(desk: Home) -> None:
    book = CalamineWorkbook.from_filelike(io.BytesIO(desk.http.get("/clients.xlsx?sort=id").data))
    head, first, *rest = book.get_sheet_by_index(0).to_python()
    row = dict(zip(head, first, strict=True))

    assert len(rest) == 59
    assert (row["corporation"], row["risk"], row["employees"], row["worth"]) == ("c001", 0.99, 10.123457, 1.0)
    assert row["reason_2"] == "=cmd()"


@pytest.mark.parametrize("sort", ["-risk", "risk", "id", "-id", "-value_at_risk", "change", "uncertainty"])
def test_pages_by_cursor_join_without_a_gap(desk: Home, sort: str) -> None:
    whole = [client["id"] for client in desk.http.get(f"/clients?sort={sort}").get_json()["clients"]]
    first = desk.http.get(f"/clients?sort={sort}&page=1").get_json()
    rest = desk.http.get("/clients", query_string={"sort": sort, "page": 2, "after": first["after"]}).get_json()

    assert whole == [client["id"] for client in first["clients"]]
    assert len({client["id"] for client in (*first["clients"], *rest["clients"])}) == 60
    assert (len(first["clients"]), len(rest["clients"]), rest["after"]) == (50, 10, None)
    plain = desk.http.get(f"/clients?sort={sort}&page=2").get_json()
    assert plain["clients"] == rest["clients"]


@pytest.mark.parametrize(
    ("after", "status"), [("x", 404), ("WzFd", 404), ("W251bGwsbnVsbCxudWxsXQ", 404), ("!!", 422), ("é", 422)]
)
def test_a_cursor_of_another_list_is_refused(desk: Home, after: str, status: int) -> None:
    assert desk.http.get("/clients", query_string={"after": after}).status_code == status


def test_fields_of_a_form_that_are_left_blank_are_no_part_of_the_address(desk: Home) -> None:
    answer = look(desk.http, "/clients?q=&in.manager=Anna&min.activity=&max.activity=7")

    assert answer.headers["Location"] == "/clients?in.manager=Anna&max.activity=7"
    assert desk.http.get("/clients?min.activity=").status_code == 422


def test_filters_by_columns_and_values_narrow_the_list(desk: Home) -> None:
    query = {"in.manager": "Anna", "min.activity": "10", "max.employees": "200.5"}
    found = desk.http.get("/clients", query_string={**query, "sort": "id"}).get_json()

    assert [client["id"] for client in found["clients"]] == ["c010", "c012", "c014", "c016", "c018", "c020"]
    assert found["total"] == 6
    for wrong in ("in.nobody=1", "min.industry=1", "min.activity=many", "min.activity=nan"):
        assert desk.http.get(f"/clients?{wrong}").status_code == 422


@pytest.mark.parametrize("name", ["c001", "a/b", "..", "?q", "ü ß", "%2e%2e", "x.json"])
def test_every_client_has_a_page_whatever_its_id(desk: Home, name: str) -> None:
    from risk_assets.serve.pages.site import client_address

    with desk.app.test_request_context():
        address = client_address(name)
    words = text(desk.http.get(address, headers=BROWSER))

    assert "Attrition risk" in words
    assert (name == "c001") == ("No client of that id" not in words)
