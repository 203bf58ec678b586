from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from risk_assets.storage.deployment.versions import live_version, read_decisions, record_decision
from risk_assets_tests.cli.commands import Project, build_project
from risk_assets_tests.storage.deployment.test_manual_decisions import hold, promote
from risk_assets_tests.storage.deployment.test_versions import promotion


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return build_project(tmp_path)


def test_the_history_is_a_table_of_decisions(project: Project) -> None:
    first, held = promote(project.layout, "first").version, hold(project.layout, "second").version

    lines = project.risk("history").stdout.splitlines()

    assert [re.split(" {2,}", line) for line in lines[1:]] == [
        ["2026-03-01T12:00:00+00:00", "promoted", first, first, "not worse"],
        ["2026-03-01T12:00:00+00:00", "held", held, first, "0.15 lower on testdata"],
    ]


@pytest.mark.parametrize("when", ["2026-03-01T12:00", "2026-03-01T13:00+01:00", "2030-01-01"])
def test_the_history_tells_what_served_at_a_time(project: Project, when: str) -> None:
    version = promote(project.layout, "first").version

    assert project.risk("history", "--at", when).stdout.startswith(f"{version} served at ")
    assert project.risk("history", "--at", "2026-03-01").stdout == "nothing served at 2026-03-01T00:00:00+00:00\n"


def test_a_time_that_is_none_is_refused(project: Project) -> None:
    result = project.risk("history", "--at", "yesterday")

    assert result.exit_code == 2
    assert "'yesterday' is no time in ISO 8601" in result.stderr


def test_rolling_back_serves_the_former_version_and_is_dated_now(project: Project) -> None:
    first, second = promote(project.layout, "first").version, promote(project.layout, "second").version
    before = datetime.now(UTC).replace(microsecond=0)

    result = project.risk("rollback")

    assert result.stdout == f"{first} serves again, in place of {second}\n"
    assert live_version(project.layout) == first
    assert before <= datetime.fromisoformat(read_decisions(project.layout)[-1].at) <= datetime.now(UTC)


def test_a_held_version_can_be_approved(project: Project) -> None:
    first, held = promote(project.layout, "first").version, hold(project.layout, "second").version

    result = project.risk("approve", held)

    assert result.stdout == f"{held} serves now, in place of {first}\n"
    assert live_version(project.layout) == held


def test_a_held_version_can_be_rejected(project: Project) -> None:
    first, held = promote(project.layout, "first").version, hold(project.layout, "second").version

    result = project.risk("reject", held)

    assert result.stdout == f"{held} is rejected; {first} serves on\n"
    assert live_version(project.layout) == first


def test_a_version_that_the_gate_rejected_is_said_to_be_so_and_not_kept(project: Project) -> None:
    first = promote(project.layout, "first")
    turned_down = replace(
        promotion(first, first.version), version="v0002-0123abcd", verdict="rejected", live=first.version
    )
    record_decision(project.layout, turned_down)

    result = project.risk("approve", "v0002-0123abcd")

    assert result.exit_code == 1
    assert result.stderr == "Error: v0002-0123abcd was rejected at 2026-03-01T12:00:00+00:00 and is not kept\n"


@pytest.mark.parametrize("arguments", [("rollback",), ("approve", "v0001-0123abcd"), ("reject", "../../etc")])
def test_what_cannot_be_done_is_one_line_on_standard_error(project: Project, arguments: tuple[str, ...]) -> None:
    result = project.risk(*arguments)

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
