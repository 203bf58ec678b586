from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from risk_assets.domain.access.roles import Role
from risk_assets.domain.intake.ingestion import HeldFile
from risk_assets.serve.generated import Generated
from risk_assets.storage.access.audit import AuditLine
from risk_assets.storage.deployment.versions import live_version
from risk_assets.storage.intake.feed_verdicts import FeedVerdict
from risk_assets.storage.layout import Layout
from risk_assets.storage.records import read_history, write_record
from risk_assets_tests.serve.conftest import Home, opened
from risk_assets_tests.serve.deployed import deploy, scorecard_of
from risk_assets_tests.serve.desk import BROWSER, hidden, look, make_keys, sign_in, write_desk
from risk_assets_tests.serve.test_pages import text
from risk_assets_tests.storage.deployment.test_manual_decisions import hold

SUSPECT = HeldFile("march.csv", "ab" * 32, 200, ("activity: a hundredfold of what it was",), "suspect")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[tuple[Home, dict[Role, str]]]:
    settings = write_desk(tmp_path)
    layout, keys = Layout.of(settings), make_keys(settings)
    deploy(settings, scorecard_of(1))
    deploy(settings, scorecard_of(2))
    write_record(layout.ingestion, replace(Generated(layout).ingestion(), held=(SUSPECT,)))
    with opened(settings) as home:
        yield home, keys


def send(home: Home, key: str, what: str, target: str) -> int:
    """Sign in with a key and decide, and return the status."""
    return decide(home, key, what, target).status_code


def decide(home: Home, key: str, what: str, target: str) -> TestResponse:
    visitor = home.app.test_client()
    sign_in(visitor, key)
    token = hidden(look(visitor, "/pages/decide"), "form_token")
    data = {"form_token": token, "what": what, "target": target}
    return visitor.post("/pages/decide", data=data, headers=BROWSER)


def test_a_file_that_looks_broken_is_accepted_by_an_operator_alone(desk: tuple[Home, dict[Role, str]]) -> None:
    home, keys = desk
    layout = Layout.of(home.settings)

    assert send(home, keys["write"], "accept", "march.csv") == 403
    assert read_history(layout.feed_verdicts, FeedVerdict) == ()
    assert send(home, keys["operate"], "accept", "march.csv") == 303
    assert send(home, keys["operate"], "accept", "march.csv") == 409
    [verdict] = read_history(layout.feed_verdicts, FeedVerdict)
    assert (verdict.verdict, verdict.name, verdict.by) == ("accepted", "march.csv", "operateer")
    assert [(line.who, line.action) for line in read_history(layout.audit_log, AuditLine)] == [
        ("operateer", "accepted the file")
    ]


def test_a_held_model_is_approved_and_rolled_back(desk: tuple[Home, dict[Role, str]]) -> None:
    home, keys = desk
    layout = Layout.of(home.settings)
    before = live_version(layout)
    held = hold(layout, "third").version
    assert before

    assert send(home, keys["read"], "approve", held) == 403
    assert send(home, keys["operate"], "approve", held) == 303
    assert live_version(layout) == held
    assert send(home, keys["operate"], "approve", held) == 409
    assert send(home, keys["operate"], "rollback", before) == 303
    assert live_version(layout) == before


def test_the_page_says_who_decided_on_a_file_and_offers_to_take_it_back(
    desk: tuple[Home, dict[Role, str]],
) -> None:
    home, keys = desk
    visitor = home.app.test_client()
    sign_in(visitor, keys["operate"])

    send(home, keys["operate"], "accept", "march.csv")
    accepted = text(look(visitor, "/pages/decide"))
    assert "Accepted by operateer" in accepted
    assert "it goes in with the next run. Refuse after all march.csv" in accepted
    assert "Accept march.csv" not in accepted

    send(home, keys["operate"], "refuse", "march.csv")
    refused = text(look(visitor, "/pages/decide"))
    assert "Refused by operateer" in refused
    assert "it stays out. Accept after all march.csv" in refused


@pytest.mark.parametrize(
    ("what", "target", "status"), [("accept", "other.csv", 409), ("burn", "x", 422), ("reject", "", 422)]
)
def test_what_cannot_be_decided_is_refused(
    desk: tuple[Home, dict[Role, str]], what: str, target: str, status: int
) -> None:
    home, keys = desk

    assert send(home, keys["operate"], what, target) == status


def test_a_refusal_names_files_from_the_data_root_on(desk: tuple[Home, dict[Role, str]]) -> None:
    home, keys = desk
    layout = Layout.of(home.settings)
    held = hold(layout, "third").version
    (layout.versions / held / "manifest.json").write_text("[]")
    refused = decide(home, keys["operate"], "approve", held)

    assert refused.status_code == 409
    assert f"versions/{held}/manifest.json: not a valid Manifest: 1 fault" in text(refused)
    assert str(layout.data_root) not in text(refused)


def test_the_page_says_why_and_offers_buttons_to_operators_alone(desk: tuple[Home, dict[Role, str]]) -> None:
    home, keys = desk
    pages = {}
    for role, key in keys.items():
        visitor = home.app.test_client()
        sign_in(visitor, key)
        pages[role] = text(look(visitor, "/pages/decide"))

    assert all("march.csv 200 rows, held back whole Activity: a hundredfold" in page for page in pages.values())
    assert ["Accept march.csv" in pages[role] for role in ("read", "write", "operate")] == [False, False, True]
