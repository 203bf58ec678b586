"""What every test shares."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest


def pytest_configure() -> None:
    """Forget the settings and the Dagster home of whoever runs the tests."""
    for name in list(os.environ):
        if name == "DAGSTER_HOME" or (name.startswith("RISK_ASSETS_") and "_TESTS_" not in name):
            del os.environ[name]


@pytest.fixture(autouse=True)
def _environment() -> Iterator[None]:
    """Let no test change the environment of the next."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the skips that make a run with RISK_ASSETS_TESTS_REFUSE_SKIPS fail."""
    skipped = terminalreporter.stats.get("skipped", [])
    if skipped and _refuses_skips():
        terminalreporter.write_line(f"{len(skipped)} tests were skipped where everything must run", red=True)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail a run that skipped a test where everything must run."""
    reporter = session.config.pluginmanager.getplugin("terminalreporter")
    if exitstatus == pytest.ExitCode.OK and _refuses_skips() and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _refuses_skips() -> bool:
    return os.environ.get("RISK_ASSETS_TESTS_REFUSE_SKIPS") == "1"
