"""A manager's day: a real server, killed in the middle, and two people with browsers."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page

from risk_assets.domain.access.roles import Role
from risk_assets.settings import Settings
from risk_assets_tests.serve.browsing import LOOKS, Check, Open
from risk_assets_tests.serve.deployed import deploy
from risk_assets_tests.serve.desk import make_keys, write_desk
from risk_assets_tests.serve.running import Server, running, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.needs("chromium")]
ADDRESSES = ["/calls", "/clients?in.manager=Anna&min.activity=5", "/clients/c001", "/contacts", "/pages/decide"]


@pytest.fixture
def office(tmp_path: Path) -> tuple[Settings, dict[Role, str]]:
    """Settings of a home with a call list, and a key of each role."""
    settings = write_desk(tmp_path)
    deploy(settings)
    return settings, make_keys(settings)


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on which contacts were written."""
    settings = write_desk(tmp_path_factory.mktemp("furnished"))
    deploy(settings)
    with running(settings) as server:
        with server.http() as http:
            for kind in ("called", "reached", "will_stay"):
                body = {"client": "c001", "kind": kind, "note": "a long note " * 20 + "x" * 200}
                assert http.post("/contacts", json=body).status_code == 201
        yield server


def sign_in(page: Page, key: str) -> None:
    page.get_by_label("API key").fill(key)
    page.get_by_role("button", name="Sign in").click()


def test_a_manager_calls_notes_and_snoozes_and_a_colleague_sees_it(
    office: tuple[Settings, dict[Role, str]], opened_page: Open
) -> None:
    settings, keys = office
    with running(settings, workers=2) as server:
        page = opened_page(f"{server.url}/")
        sign_in(page, keys["write"])
        page.get_by_label("manager").select_option("Anna")
        page.get_by_role("button", name="Show").click()
        assert page.get_by_role("row").count() == 1 + 5

        page.get_by_role("link", name="c060", exact=True).click()
        page.get_by_label("reached", exact=True).check()
        page.get_by_label("Note", exact=True).fill("Wants a new offer by June.")
        page.get_by_role("button", name="Save, back to today’s list").click()
        assert page.get_by_role("link", name="c060", exact=True).count() == 0
        assert page.get_by_label("manager").input_value() == "Anna"

        page.get_by_role("link", name="c058", exact=True).click()
        page.get_by_label("only a note").check()
        page.evaluate(
            "document.getElementById('snooze_until').valueAsDate = new Date(Date.now() + 9 * 24 * 3600 * 1000)"
        )
        page.get_by_role("button", name="Save", exact=True).click()
        assert "snoozed until" in page.locator("main").inner_text()

        colleague = opened_page(f"{server.url}/clients/c060", "phone")
        sign_in(colleague, keys["read"])
        assert "Wants a new offer by June." in colleague.locator("main").inner_text()
        assert colleague.get_by_role("button", name="Save").count() == 0


def test_a_form_survives_the_death_of_the_server_and_is_written_once(
    office: tuple[Settings, dict[Role, str]], opened_page: Open
) -> None:
    settings, keys = office
    with running(settings) as server:
        page = opened_page(f"{server.url}/clients/c001")
        sign_in(page, keys["write"])
        page.get_by_label("reached", exact=True).check()
        page.get_by_label("Note", exact=True).fill("typed before the lights went out")
        server.kill()
        with contextlib.suppress(Exception):
            page.get_by_role("button", name="Save", exact=True).click()
    with running(settings, port=server.port) as server:
        page.go_back()
        page.get_by_role("button", name="Save", exact=True).click()
        assert "typed before the lights went out" in page.locator("main").inner_text()
        headers = {"Authorization": f"Bearer {keys['read']}"}
        with server.http(headers=headers) as http:
            assert len(http.get("/contacts").json()["contacts"]) == 1


def test_contacts_that_are_being_written_when_the_server_is_killed_are_neither_lost_nor_doubled(
    office: tuple[Settings, dict[Role, str]],
) -> None:
    settings, keys = office
    headers = {"Authorization": f"Bearer {keys['write']}"}
    answered, names = set[str](), [f"n{number}" for number in range(400)]

    def write(server: Server, wanted: list[str]) -> None:
        with server.http(headers=headers) as http, contextlib.suppress(httpx.TransportError):
            for name in wanted:
                body = {"client": "c002", "kind": "note", "note": name}
                if http.post("/contacts", json=body, headers={"Idempotency-Key": name}).is_success:
                    answered.add(name)

    with running(settings, workers=2) as server:
        threads = [threading.Thread(target=write, args=(server, names[place::4])) for place in range(4)]
        for thread in threads:
            thread.start()
        wait_until(lambda: len(answered) > 40)
        server.kill()
        for thread in threads:
            thread.join()
    before = set(answered)
    with running(settings, workers=2) as server:
        write(server, names)
        with server.http(headers=headers) as http:
            notes = [one["note"] for one in http.get("/contacts", params={"client": "c002"}).json()["contacts"]]

    assert len(before) < len(names)
    assert sorted(notes) == sorted(names)


def test_lists_need_no_scrolling_on_paper_and_show_reasons_on_a_phone(
    furnished: Server, opened_page: Open
) -> None:
    page = opened_page(f"{furnished.url}/clients", "phone")
    reasons = page.locator("tbody .reasons").first.bounding_box()
    page.emulate_media(media="print")
    overflow = "all => all.filter(one => getComputedStyle(one).overflowX !== 'visible').length"

    assert reasons
    assert reasons["x"] + reasons["width"] <= 360
    assert reasons["width"] > 250
    assert page.locator(".scroll").evaluate_all(overflow) == 0


@pytest.mark.parametrize("look", LOOKS)
def test_every_page_of_the_desk_fits_and_can_be_used_by_everybody(
    furnished: Server, opened_page: Open, check: Check, look: str
) -> None:
    page = opened_page(f"{furnished.url}/calls", look)
    for address in ADDRESSES:
        page.goto(furnished.url + address)
        check(page)
