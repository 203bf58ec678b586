from __future__ import annotations

import sys
from pathlib import Path

import pytest

from risk_assets.domain.diagnostics import DependencyReport
from risk_assets.storage.dependencies import DependencyCheck, declared, locked, not_asked

LATEST = """print('[{"name": "Flask", "version": "3.1", "latest_version": "99.0"}]')"""
AUDIT = """print('{"dependencies": [{"name": "flask", "vulns": [{"id": "CVE-1"}]}]}')"""
SKIPPED = """print('{"dependencies": [{"name": "flask", "skip_reason": "not found"}]}')"""
SILENT = "import sys; sys.exit('no network')"


def report(outdated: str, audit: str, timeout: float = 30) -> DependencyReport:
    commands = ([sys.executable, "-c", outdated], [sys.executable, "-c", audit])
    return DependencyCheck.start(timeout=timeout, commands=commands).collect()


def test_newer_versions_and_advisories_are_told_for_each_declared_dependency() -> None:
    found = report(LATEST, AUDIT)
    flask = next(row for row in found.dependencies if row.name == "flask")
    assert (flask.latest, flask.vulnerabilities) == ("99.0", ("CVE-1",))
    assert (found.outdated_status, found.audit_status) == ("complete", "complete")


def test_what_is_not_outdated_has_its_installed_version_as_the_latest() -> None:
    dagster = next(row for row in report(LATEST, AUDIT).dependencies if row.name == "dagster")
    assert dagster.latest == dagster.installed


def test_without_a_network_the_entry_says_unavailable_and_why() -> None:
    found = report(SILENT, SILENT)
    assert found.outdated_status == "unavailable: no network"
    assert found.audit_status == "unavailable: no network"
    assert {row.latest for row in found.dependencies} == {None}


@pytest.mark.parametrize(
    ("log", "told"),
    [
        ("start\nerror: Failed to fetch `a.org`\n  Caused by: dns\nhint: try --offline", "Failed to fetch"),
        ("WARNING:cache\nERROR:pip_audit._cli:Could not reach the service\n", "Could not reach the service"),
        ("it went wrong\nhint: read the manual", "it went wrong"),
        ("hint: nothing else is said", "uv gave no list"),
    ],
)
def test_a_tool_that_failed_is_quoted_with_its_error_not_with_its_hint(log: str, told: str) -> None:
    status = report(f"import sys; sys.exit({log!r})", AUDIT).outdated_status
    assert status.startswith(f"unavailable: {told}")
    assert "hint" not in status
    assert "\n" not in status


def test_packages_that_could_not_be_audited_are_counted_and_explained() -> None:
    assert report(LATEST, SKIPPED).audit_status == "unavailable: 1 of 1 could not be audited (not found)"


def test_a_tool_that_hangs_is_ended_and_said_to_have_given_no_answer() -> None:
    hanging = "import time; time.sleep(600)"
    found = report(hanging, AUDIT, timeout=0.2)
    assert found.outdated_status.startswith("unavailable: no answer in the time allowed")


def test_a_tool_that_is_not_installed_is_named() -> None:
    check = DependencyCheck.start(timeout=5, commands=(["/no/such/uv"], [sys.executable, "-c", AUDIT]))
    assert check.collect().outdated_status == "unavailable: /no/such/uv: No such file or directory"


def test_turned_off_nobody_is_asked() -> None:
    assert not_asked().outdated_status == "unavailable: turned off by dependency_check"
    assert [row.name for row in not_asked().dependencies] == sorted(declared())


def test_every_declared_dependency_is_installed_as_locked() -> None:
    assert {name: locked()[name] for name in declared()} == declared()


def test_where_there_is_no_lock_no_version_is_claimed(tmp_path: Path) -> None:
    assert locked(tmp_path / "requirements.lock") == {}
