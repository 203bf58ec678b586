from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from risk_assets.serve.app import create_app
from risk_assets.serve.guards.login_throttle import SECONDS, WRONG
from risk_assets.serve.sessions import COOKIE, LIFETIME
from risk_assets.serve.state import serving_of
from risk_assets_tests.serve.conftest import Home, opened
from risk_assets_tests.serve.prepared import prepare
from risk_assets_tests.serve.test_pages_upload import token_of

KEYS = ("first-key", "second-key")
CLOSED = [
    "/",
    "/pages/clients",
    "/pages/overview",
    "/pages/client?id=c001",
    "/pages/upload",
    "/pages/model",
    "/pages/history",
    "/pages/report.pdf",
    "/pages/nothing",
]


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with opened(prepare(tmp_path_factory.mktemp("locked"), api_keys=KEYS), deployed=True) as home:
        yield home


@pytest.fixture
def visitor(locked: Home) -> FlaskClient:
    return locked.app.test_client()


def sign_in(visitor: FlaskClient, key: str, to: str = "/", **headers: str) -> TestResponse:
    token = token_of(visitor.get("/pages/sign-in"))
    return visitor.post("/pages/sign-in", data={"form_token": token, "key": key, "to": to}, headers=headers)


@pytest.mark.parametrize("page", CLOSED)
def test_a_stranger_is_asked_for_a_key_and_sees_nothing_else(visitor: FlaskClient, page: str) -> None:
    answer = visitor.get(page)

    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/pages/sign-in?to=/")
    assert "c001" not in answer.get_data(as_text=True).replace("c001%26", "").replace("id%3Dc001", "")


@pytest.mark.parametrize("key", KEYS)
def test_whoever_names_a_key_goes_on_to_the_page_that_was_asked_for(visitor: FlaskClient, key: str) -> None:
    asked = visitor.get("/pages/client?id=c001").headers["Location"]
    form = visitor.get(asked).get_data(as_text=True)
    answer = sign_in(visitor, f" {key} ", "/pages/client?id=c001")

    assert 'value="/pages/client?id=c001"' in form
    assert (answer.status_code, answer.headers["Location"]) == (303, "/pages/client?id=c001")
    assert visitor.get("/pages/client?id=c001").status_code == 200


def test_a_wrong_key_is_told_and_opens_nothing(visitor: FlaskClient) -> None:
    answer = sign_in(visitor, "first-key-not")

    assert answer.status_code == 401
    assert "This is not one of the keys of this server." in answer.get_data(as_text=True)
    assert visitor.get("/pages/overview").status_code == 303


def test_the_cookie_is_signed_hidden_from_scripts_and_does_not_hold_the_key(visitor: FlaskClient) -> None:
    answer = sign_in(visitor, KEYS[0])
    cookie = answer.headers["Set-Cookie"]
    kept = visitor.get_cookie(COOKIE)

    assert kept
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    assert KEYS[0] not in kept.decoded_value
    visitor.set_cookie(COOKIE, kept.value[:-2] + ("AA" if kept.value[-2:] != "AA" else "BB"))
    assert visitor.get("/pages/overview").status_code == 303


def test_behind_tls_the_cookie_travels_by_tls_alone(visitor: FlaskClient) -> None:
    assert "Secure" in sign_in(visitor, KEYS[0], **{"X-Forwarded-Proto": "https"}).headers["Set-Cookie"]


def test_a_session_of_another_server_is_not_taken(locked: Home, visitor: FlaskClient) -> None:
    sign_in(visitor, KEYS[0])
    kept = visitor.get_cookie(COOKIE)
    other = create_app(locked.settings)
    stranger = other.test_client()
    assert kept
    stranger.set_cookie(COOKIE, kept.value)

    assert stranger.get("/pages/overview").status_code == 303
    serving_of(other).close()


def test_workers_that_share_a_secret_share_sessions(locked: Home) -> None:
    secret = b"s" * 32
    first, second = (create_app(locked.settings, secret=secret) for _ in range(2))
    visitor, again = first.test_client(), second.test_client()
    sign_in(visitor, KEYS[0])
    kept = visitor.get_cookie(COOKIE)
    assert kept
    again.set_cookie(COOKIE, kept.value)

    assert again.get("/pages/overview").status_code == 200
    for app in (first, second):
        serving_of(app).close()


def test_a_session_ends_after_twelve_hours(
    locked: Home, visitor: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    sign_in(visitor, KEYS[0])
    kept = visitor.get_cookie(COOKIE)
    assert kept
    later = time.time() + LIFETIME.total_seconds() + 10
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: later)
    stranger = locked.app.test_client()
    stranger.set_cookie(COOKIE, kept.value)

    assert stranger.get("/pages/overview").status_code == 303


def test_signing_out_forgets_the_visitor(visitor: FlaskClient) -> None:
    sign_in(visitor, KEYS[0])
    token = token_of(visitor.get("/pages/overview"))

    assert visitor.post("/pages/sign-out", data={"form_token": token}).status_code == 303
    assert visitor.get("/pages/overview").status_code == 303


@pytest.mark.parametrize("path", ["/pages/sign-in", "/pages/sign-out", "/pages/upload"])
def test_no_form_is_taken_without_its_token(visitor: FlaskClient, path: str) -> None:
    sign_in(visitor, KEYS[0])

    assert visitor.post(path, data={"key": KEYS[0]}).status_code == 403


def test_a_form_of_somebody_signed_out_is_refused(visitor: FlaskClient) -> None:
    assert visitor.post("/pages/upload").status_code == 401


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/a\\b"]
)
def test_signing_in_leads_to_our_own_pages_only(visitor: FlaskClient, elsewhere: str) -> None:
    assert sign_in(visitor, KEYS[0], elsewhere).headers["Location"] == "/"


def test_the_session_opens_what_is_read_and_nothing_that_programs_write(visitor: FlaskClient) -> None:
    assert visitor.get("/clients.csv").status_code == 401
    sign_in(visitor, KEYS[0])

    assert visitor.get("/clients").status_code == 200
    assert visitor.get("/clients.csv").status_code == 200
    assert visitor.post("/prediction", json={"clients": [{}]}).status_code == 401


def test_the_style_sheets_need_no_key(visitor: FlaskClient) -> None:
    assert visitor.get("/static/site.css").status_code == 200


def test_after_wrong_keys_even_a_right_one_of_the_same_address_has_to_wait(tmp_path: Path) -> None:
    with opened(prepare(tmp_path, api_keys=KEYS), deployed=True) as home:
        for _ in range(WRONG):
            assert sign_in(home.app.test_client(), "guessed").status_code == 401
        answer = sign_in(home.app.test_client(), KEYS[0])
        elsewhere = sign_in(home.app.test_client(), KEYS[0], **{"X-Forwarded-For": "192.0.2.1"})

    assert elsewhere.status_code == 303
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= SECONDS
    assert "Too many wrong keys: try again in" in answer.get_data(as_text=True)
