from __future__ import annotations

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from risk_assets.domain.access.roles import Visitor
from risk_assets.storage.access.audit import AuditLine, record_action
from risk_assets.storage.access.keys import AccessKeys, KeyNameError, digest, make_key, read_keys, revoke_key
from risk_assets.storage.layout import Layout
from risk_assets.storage.records import read_history
from risk_assets_tests.serve.deployed import make_settings

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout.of(make_settings(tmp_path))


def test_the_file_holds_a_hash_and_nobody_else_may_read_it(layout: Layout) -> None:
    secret = make_key(layout, "Anna Adler", "write", now=NOON)
    content = layout.access_keys.read_text()

    assert secret not in content
    assert digest(secret) in content
    assert stat.S_IMODE(layout.access_keys.stat().st_mode) == 0o600


def test_a_key_that_is_revoked_is_gone_and_the_others_stay(layout: Layout) -> None:
    make_key(layout, "Anna", "write", now=NOON)
    kept = make_key(layout, "Ben", "read", now=NOON)
    revoke_key(layout, "Anna")
    held = read_keys(layout.access_keys)

    assert held
    assert [(key.name, key.role, key.sha256) for key in held.keys] == [("Ben", "read", digest(kept))]
    revoke_key(layout, "Ben")
    assert read_keys(layout.access_keys) == AccessKeys(())


@pytest.mark.parametrize("name", ["", " Anna", "A\nB", "<b>", "x" * 65, "=cmd"])
def test_a_name_that_is_none_is_refused(layout: Layout, name: str) -> None:
    with pytest.raises(KeyNameError, match="a name has letters"):
        make_key(layout, name, "read", now=NOON)
    assert read_keys(layout.access_keys) is None


def test_a_name_is_used_once(layout: Layout) -> None:
    make_key(layout, "Anna", "read", now=NOON)

    with pytest.raises(KeyNameError, match="ANNA: there is a key of that name"):
        make_key(layout, "ANNA", "operate", now=NOON)
    with pytest.raises(KeyNameError, match="Ben: no key of that name; there is: Anna"):
        revoke_key(layout, "Ben")


def test_the_audit_log_says_who_did_what_and_when(layout: Layout) -> None:
    record_action(layout, Visitor("Anna", "write"), "wrote a contact", "#1", now=NOON)

    assert read_history(layout.audit_log, AuditLine) == (
        AuditLine("2026-03-01T12:00:00+00:00", "Anna", "write", "wrote a contact", "#1"),
    )
