from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from risk_assets.domain.contacts.contact import Draft
from risk_assets.storage.access.audit import AuditLine
from risk_assets.storage.contacts.database import ContactsDatabase
from risk_assets.storage.contacts.journal import ContactJournal
from risk_assets.storage.records import read_history
from risk_assets_tests.cli.commands import Project, build_project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return build_project(tmp_path)


def actions(project: Project) -> list[tuple[str, str]]:
    return [(line.action, line.target) for line in read_history(project.layout.audit_log, AuditLine)]


def test_a_key_is_made_listed_and_revoked(project: Project) -> None:
    assert project.risk("keys", "list").stdout == "there are no keys\n"
    made = project.risk("keys", "make", "Anna", "--role", "write")
    listed = project.risk("keys", "list").stdout

    assert made.stdout.startswith("risk_")
    assert listed.startswith("Anna  write")
    assert made.stdout.strip() not in listed
    assert project.risk("keys", "revoke", "Anna").stdout == "the key of Anna is revoked\n"
    assert project.risk("keys", "list").stdout == "all keys are revoked: nobody is let in\n"
    assert actions(project) == [("made a key to write", "Anna"), ("revoked a key", "Anna")]


def test_a_key_that_is_not_there_cannot_be_revoked(project: Project) -> None:
    answer = project.risk("keys", "revoke", "Ben")

    assert answer.exit_code == 1
    assert answer.stderr == "Error: Ben: no key of that name; there is: none\n"


def test_a_backup_holds_what_the_running_server_has_only_in_its_log(project: Project) -> None:
    database, copy = ContactsDatabase(project.layout.contacts), project.config.with_name("copy.sqlite")
    journal = ContactJournal(database, 30)
    journal.add(Draft("c1", "reached"), token="1", by="Anna", now=datetime(2026, 3, 1, tzinfo=UTC))

    assert project.risk("contacts", "backup", str(copy)).exit_code == 0
    assert copy.stat().st_mode & 0o077 == 0

    database.close()
    restored = ContactsDatabase(copy)
    assert [contact.client for contact in ContactJournal(restored, 30).all()] == ["c1"]
    restored.close()


def test_a_contacts_database_that_cannot_be_read_ends_the_backup_in_one_line(project: Project) -> None:
    project.layout.contacts.parent.mkdir(parents=True)
    project.layout.contacts.write_bytes(b"this is no database" * 100)
    copy = project.config.with_name("copy.sqlite")

    result = project.risk("contacts", "backup", str(copy))

    assert result.stderr == "Error: contacts (contacts.sqlite) cannot be reached: file is not a database\n"
    assert not copy.exists()


def test_contacts_are_exported_said_as_outcomes_and_deleted(project: Project) -> None:
    database = ContactsDatabase(project.layout.contacts)
    journal = ContactJournal(database, 30)
    journal.add(Draft("c1", "left", "moved away"), token="1", by="Anna", now=datetime(2026, 3, 1, tzinfo=UTC))
    database.close()
    out = project.config.with_name("out.csv")

    assert "moved away" in project.risk("contacts", "export").stdout
    project.risk("contacts", "outcomes", "--out", str(out))
    assert out.read_text().splitlines()[1:] == ["c1,2026-03-01"]
    assert project.risk("contacts", "delete", "c1", "--yes").stdout == "deleted with c1: 1\n"
    assert "moved away" not in project.risk("contacts", "export").stdout
    assert actions(project) == [("deleted contacts", "1")]
