"""What every test shares."""

from __future__ import annotations

import os

import pytest


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
