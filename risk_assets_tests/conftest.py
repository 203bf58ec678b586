"""What every test shares."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from risk_assets_tests.services.faults import Faults, faulty_proxy
from risk_assets_tests.services.s3 import CREDENTIALS, S3, running_s3


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


@pytest.fixture(scope="module")
def s3() -> Iterator[S3]:
    """An S3 server for the tests of a module."""
    with running_s3() as server:
        yield server


@pytest.fixture
def faults(s3: S3, monkeypatch: pytest.MonkeyPatch) -> Iterator[Faults]:
    """A proxy in front of the S3 server that fails on demand, and credentials in the environment."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with faulty_proxy(s3.port) as found:
        yield found


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
