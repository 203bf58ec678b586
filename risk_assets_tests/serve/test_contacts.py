from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from python_calamine import CalamineWorkbook

from risk_assets.domain.access.roles import Role
from risk_assets.settings.outcomes import OutcomesSetting
from risk_assets.storage.access.audit import AuditLine
from risk_assets.storage.access.keys import revoke_key
from risk_assets.storage.contacts.export import outcomes_csv
from risk_assets.storage.layout import Layout
from risk_assets.storage.records import read_history
from risk_assets_tests.serve.conftest import Home, opened
from risk_assets_tests.serve.desk import BROWSER, hidden, look, make_keys, send_contact, sign_in, write_desk
from risk_assets_tests.serve.test_pages import text


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Home]:
    with opened(write_desk(tmp_path), deployed=True) as home:
        yield home


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[tuple[Home, dict[Role, str]]]:
    settings = write_desk(tmp_path)
    keys = make_keys(settings)
    with opened(settings, deployed=True) as home:
        yield home, keys


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def contacts(home: Home, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = home.http.get("/contacts", query_string=query).get_json()["contacts"]
    return found


def test_a_contact_is_written_on_the_page_of_a_client_and_shown_there(desk: Home) -> None:
    page = look(desk.http, "/clients/c001")
    answer = send_contact(desk.http, page, note="wants <b>more</b> & 'better'")
    after = look(desk.http, "/clients/c001").get_data(as_text=True)

    assert (answer.status_code, answer.headers["Location"]) == (303, "/clients/c001")
    assert "wants &lt;b&gt;more&lt;/b&gt; &amp; &#39;better&#39;" in after
    assert "<b>more" not in after
    assert [(one["client"], one["kind"], one["risk"]) for one in contacts(desk)] == [("c001", "reached", 0.99)]


def test_all_contacts_are_listed_with_their_clients(desk: Home) -> None:
    send_contact(desk.http, look(desk.http, "/clients/c001"), kind="will_leave", note="found another supplier")
    words = text(look(desk.http, "/contacts"))

    assert "somebody c001 Says it will leave risk then 99.0 % found another supplier" in words


def test_a_form_sent_twice_or_from_two_tabs_writes_one_contact_and_refuses_the_other_tab(desk: Home) -> None:
    page, tab = look(desk.http, "/clients/c001"), look(desk.http, "/clients/c001")
    first = send_contact(desk.http, page, note="once")
    again = send_contact(desk.http, page, note="once")
    late = send_contact(desk.http, tab, note="typed with care")
    shown = late.get_data(as_text=True)

    assert [first.status_code, again.status_code, late.status_code] == [303, 303, 409]
    assert "Somebody wrote down a contact with c001 in the meantime" in shown
    assert "typed with care</textarea>" in shown
    assert hidden(late, "seen") == "1"
    assert send_contact(desk.http, late, note="typed with care").status_code == 303
    assert [one["note"] for one in contacts(desk, client="c001")] == ["typed with care", "once"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"kind": "note"}, "“Note” is empty"),
        ({"kind": "sold"}, "Choose what came of it"),
        ({"follow_up_on": "1999-01-01"}, "“Follow up on” is 1999-01-01, which is too early"),
        ({"left_on": "2026-02-20"}, "“Left on” is for a client that “has left”"),
        ({"token": ""}, "The form is not whole"),
        ({"seen": "-1"}, "The form is not whole"),
    ],
)
def test_a_form_that_cannot_be_taken_is_shown_again_with_the_fault(
    desk: Home, fields: dict[str, str], words: str
) -> None:
    answer = send_contact(desk.http, look(desk.http, "/clients/c001"), **fields)

    assert answer.status_code == 422
    assert words.lower() in answer.get_data(as_text=True).lower()
    assert contacts(desk) == []


def test_a_form_sent_again_with_another_note_is_shown_with_it_and_can_be_saved(desk: Home) -> None:
    page = look(desk.http, "/clients/c001")
    send_contact(desk.http, page, note="first")
    changed = send_contact(desk.http, page, note="changed afterwards")

    assert changed.status_code == 422
    assert "contact #1 with c001; this one is not saved" in changed.get_data(as_text=True)
    assert "changed afterwards</textarea>" in changed.get_data(as_text=True)
    assert send_contact(desk.http, changed, note="changed afterwards").status_code == 303
    assert [one["note"] for one in contacts(desk)] == ["changed afterwards", "first"]


def test_saving_leads_back_to_the_list_as_it_was_filtered(desk: Home) -> None:
    came_from = "http://localhost/calls?in.manager=Anna"
    page = desk.http.get("/clients/c002", headers={**BROWSER, "Referer": came_from})
    found = re.search('name="to" value="([^"]*)"', page.get_data(as_text=True))

    assert found
    assert send_contact(desk.http, page, to=found[1]).headers["Location"] == "/calls?in.manager=Anna"
    elsewhere = send_contact(desk.http, look(desk.http, "/clients/c004"), to="/calls.evil")
    assert elsewhere.headers["Location"] == "/clients/c004"


def test_a_contact_with_nobody_we_know_is_refused(desk: Home) -> None:
    page = look(desk.http, "/clients/c001")

    assert send_contact(desk.http, page, client="c999").status_code == 404
    assert desk.http.post("/contacts", json={"client": "c999", "kind": "reached"}).status_code == 404


def test_programs_write_once_per_idempotency_key(desk: Home) -> None:
    body = {"client": "c002", "kind": "called", "note": "no answer"}
    first = desk.http.post("/contacts", json=body, headers={"Idempotency-Key": "k1"})
    again = desk.http.post("/contacts", json=body, headers={"Idempotency-Key": "k1"})
    other = desk.http.post("/contacts", json={**body, "client": "c003"}, headers={"Idempotency-Key": "k1"})
    stale = desk.http.post("/contacts", json={**body, "seen": 0})

    assert (first.status_code, again.status_code, stale.status_code) == (201, 200, 409)
    assert other.status_code == 422
    assert "Idempotency-Key, came before with other content" in other.get_json()["detail"]
    assert first.get_json() == again.get_json()
    assert stale.get_json()["detail"].startswith("somebody wrote down a contact with c002 in the meantime")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"client": "c001", "kind": "sold"}, 422),
        ({"client": "c001", "kind": "reached", "hidden": 1}, 422),
        ({"client": "c001", "kind": "reached", "follow_up_on": "soon"}, 422),
        ({"kind": "reached"}, 422),
    ],
)
def test_a_wrong_body_is_refused_with_its_field(desk: Home, body: dict[str, object], status: int) -> None:
    answer = desk.http.post("/contacts", json=body)

    assert answer.status_code == status
    assert answer.get_json()["faults"]


def test_a_form_of_elsewhere_is_no_contact(desk: Home) -> None:
    plain = desk.http.post("/contacts", data='{"client": "c001", "kind": "reached"}', content_type="text/plain")
    broken = desk.http.post("/contacts", data='{"client": ', content_type="application/json")
    forged = desk.http.post("/pages/contact", data={"client": "c001", "kind": "reached"}, headers=BROWSER)

    assert (plain.status_code, plain.get_json()["detail"]) == (415, 'send application/json, not "text/plain"')
    assert (broken.status_code, broken.get_json()["detail"]) == (400, "the body is not a JSON object")
    assert forged.status_code == 403
    assert contacts(desk) == []


def test_each_role_may_do_what_it_says_and_no_more(locked: tuple[Home, dict[Role, str]]) -> None:
    home, keys = locked
    body = {"client": "c001", "kind": "reached"}

    def written(key: str) -> int:
        return home.http.post("/contacts", json=body, headers=bearer(key)).status_code

    assert home.http.get("/calls", headers=bearer(keys["read"])).status_code == 200
    assert [written(keys[role]) for role in ("read", "write", "operate")] == [403, 201, 201]
    assert written("no key of ours") == 401
    assert [line.who for line in read_history(Layout.of(home.settings).audit_log, AuditLine)] == [
        "writeer",
        "operateer",
    ]
    assert Layout.of(home.settings).audit_log.stat().st_mode & 0o777 == 0o600


def test_a_reader_sees_no_form_and_its_forgery_is_refused(locked: tuple[Home, dict[Role, str]]) -> None:
    home, keys = locked
    visitor = home.app.test_client()
    sign_in(visitor, keys["read"])
    page = look(visitor, "/clients/c001")
    token = hidden(page, "form_token")
    data = {"form_token": token, "token": "t", "client": "c001", "seen": "0", "kind": "reached"}

    assert "What came of it</legend>" not in page.get_data(as_text=True)
    refused = visitor.post("/pages/contact", data=data, headers=BROWSER)
    assert refused.status_code == 403
    assert "<h1>You may not do that</h1>" in refused.get_data(as_text=True)
    assert "This needs a key that may write" in refused.get_data(as_text=True)


def test_a_proxy_that_adds_the_key_shows_pages(locked: tuple[Home, dict[Role, str]]) -> None:
    home, keys = locked
    page = home.http.get("/calls", headers={**BROWSER, **bearer(keys["read"])})
    wrong = home.http.get("/calls", headers={**BROWSER, **bearer("no key of ours")})

    assert page.status_code == 200
    assert 'href="/pages/overview"' in page.get_data(as_text=True)
    assert wrong.status_code == 401


def test_a_file_of_contacts_holds_all_that_fit_the_filter_of_the_page(desk: Home) -> None:
    for number in range(101):
        desk.http.post("/contacts", json={"client": "c001" if number % 2 else "c002", "kind": "reached"})
    page = look(desk.http, "/contacts?by=somebody").get_data(as_text=True)

    assert 'href="/contacts.csv?by=somebody"' in page
    assert desk.http.get("/contacts.csv?by=somebody").data.count(b"reached") == 101
    assert desk.http.get("/contacts.csv?client=c001").data.count(b"reached") == 50


def test_a_session_ends_when_its_key_is_revoked(
    locked: tuple[Home, dict[Role, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    home, keys = locked
    visitor: FlaskClient = home.app.test_client()
    sign_in(visitor, keys["write"])
    page = look(visitor, "/clients/c001")
    assert page.status_code == 200

    revoke_key(Layout.of(home.settings), "writeer")
    monkeypatch.setattr(home.serving.guard, "_read_at", float("-inf"))

    lost = send_contact(visitor, page, note="typed for a while")
    assert lost.status_code == 401
    assert "typed for a while</textarea>" in lost.get_data(as_text=True)
    assert 'href="/pages/sign-in"' in lost.get_data(as_text=True)
    assert look(visitor, "/calls").status_code == 303
    assert home.http.get("/calls", headers=bearer(keys["write"])).status_code == 401


def test_signing_in_takes_nothing_over_from_the_session_before(locked: tuple[Home, dict[Role, str]]) -> None:
    home, keys = locked
    visitor = home.app.test_client()
    before = hidden(visitor.get("/pages/sign-in"), "form_token")
    sign_in(visitor, keys["write"])

    assert hidden(look(visitor, "/clients/c001"), "form_token") != before


def test_notes_are_exported_without_formulas(desk: Home) -> None:
    send_contact(desk.http, look(desk.http, "/clients/c001"), note="=HYPERLINK(1)")
    [row] = csv.DictReader(io.StringIO(desk.http.get("/contacts.csv").get_data(as_text=True)))

    assert row["note"] == "'=HYPERLINK(1)"


def test_numbers_of_contacts_are_numbers_in_excel(desk: Home) -> None:
    send_contact(desk.http, look(desk.http, "/clients/c001"))
    book = CalamineWorkbook.from_filelike(io.BytesIO(desk.http.get("/contacts.xlsx").data))
    heads, row = book.get_sheet_by_index(0).to_python()

    assert dict(zip(heads, row, strict=True)) | {"number": 1.0, "revision": 1.0} == dict(
        zip(heads, row, strict=True)
    )


def test_the_document_asks_for_a_key_that_was_made(locked: tuple[Home, dict[Role, str]]) -> None:
    document = locked[0].http.get("/openapi/openapi.json").get_json()

    assert document["security"] == [{"key": []}]


def test_leavings_that_managers_say_are_a_file_for_the_folder_of_outcomes(desk: Home) -> None:
    send_contact(desk.http, look(desk.http, "/clients/c001"), kind="left", left_on="2026-02-20")

    made = desk.http.get("/contacts/outcomes.csv")
    assert made.data == b"corporation,left_on\r\nc001,2026-02-20\r\n"
    name = made.headers["Content-Disposition"].partition("filename=")[2]
    rules = OutcomesSetting(path="outcomes", horizon_days=90, reported_within_days=0)
    assert fnmatch(name, rules.partial_files)


@pytest.mark.parametrize("client", ["-7", "+49 30", "=c"])
def test_a_file_of_outcomes_names_clients_as_they_are_called(desk: Home, client: str) -> None:
    """A ' before an id, as lists for people have it, would make it that of another client."""
    assert outcomes_csv(desk.settings, [(client, "2026-02-20")]).splitlines()[1].decode() == f"{client},2026-02-20"


def test_contacts_that_cannot_be_reached_leave_the_clients_on_show(desk: Home) -> None:
    layout = Layout.of(desk.settings)
    layout.contacts.write_bytes(b"this is no database" * 100)
    page = look(desk.http, "/clients/c001")

    assert page.status_code == 200
    assert "contacts (contacts.sqlite) cannot be reached" in page.get_data(as_text=True).lower()
    assert desk.http.get("/contacts").status_code == 503
    assert desk.http.get("/clients").status_code == 200
