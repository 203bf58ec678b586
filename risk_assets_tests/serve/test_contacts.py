from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from risk_assets.domain.access.roles import Role
from risk_assets.settings.outcomes import OutcomesSetting
from risk_assets.storage.access.audit import AuditLine
from risk_assets.storage.access.keys import revoke_key
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
        ({"kind": "note"}, "Note is empty"),
        ({"kind": "sold"}, "Choose what came of it"),
        ({"follow_up_on": "1999-01-01"}, "follow_up_on 1999-01-01 is too early"),
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


def test_a_contact_with_nobody_we_know_is_refused(desk: Home) -> None:
    page = look(desk.http, "/clients/c001")

    assert send_contact(desk.http, page, client="c999").status_code == 404
    assert desk.http.post("/contacts", json={"client": "c999", "kind": "reached"}).status_code == 404


def test_programs_write_once_per_idempotency_key(desk: Home) -> None:
    body = {"client": "c002", "kind": "called", "note": "no answer"}
    first = desk.http.post("/contacts", json=body, headers={"Idempotency-Key": "k1"})
    again = desk.http.post("/contacts", json=body, headers={"Idempotency-Key": "k1"})
    stale = desk.http.post("/contacts", json={**body, "seen": 0})

    assert (first.status_code, again.status_code, stale.status_code) == (201, 200, 409)
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
    forged = desk.http.post("/pages/contact", data={"client": "c001", "kind": "reached"}, headers=BROWSER)

    assert plain.status_code in {415, 422}
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


def test_a_reader_sees_no_form_and_its_forgery_is_refused(locked: tuple[Home, dict[Role, str]]) -> None:
    home, keys = locked
    visitor = home.app.test_client()
    sign_in(visitor, keys["read"])
    page = look(visitor, "/clients/c001")
    token = hidden(page, "form_token")
    data = {"form_token": token, "token": "t", "client": "c001", "seen": "0", "kind": "reached"}

    assert "What came of it</legend>" not in page.get_data(as_text=True)
    assert visitor.post("/pages/contact", data=data, headers=BROWSER).status_code == 403


def test_a_session_ends_when_its_key_is_revoked(
    locked: tuple[Home, dict[Role, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    home, keys = locked
    visitor: FlaskClient = home.app.test_client()
    sign_in(visitor, keys["write"])
    assert look(visitor, "/calls").status_code == 200

    revoke_key(Layout.of(home.settings), "writeer")
    monkeypatch.setattr(home.serving.guard, "_read_at", float("-inf"))

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


def test_leavings_that_managers_say_are_a_file_for_the_folder_of_outcomes(desk: Home) -> None:
    send_contact(desk.http, look(desk.http, "/clients/c001"), kind="left", left_on="2026-02-20")

    made = desk.http.get("/contacts/outcomes.csv")
    assert made.data == b"corporation,left_on\r\nc001,2026-02-20\r\n"
    name = made.headers["Content-Disposition"].partition("filename=")[2]
    rules = OutcomesSetting(path="outcomes", horizon_days=90, reported_within_days=0)
    assert fnmatch(name, rules.partial_files)


def test_contacts_that_cannot_be_reached_leave_the_clients_on_show(desk: Home) -> None:
    layout = Layout.of(desk.settings)
    layout.contacts.write_bytes(b"this is no database" * 100)
    page = look(desk.http, "/clients/c001")

    assert page.status_code == 200
    assert "contacts (contacts.sqlite) cannot be reached" in page.get_data(as_text=True).lower()
    assert desk.http.get("/contacts").status_code == 503
    assert desk.http.get("/clients").status_code == 200
