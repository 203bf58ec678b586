"""What every test shares."""

from __future__ import annotations

import gc
import os
import shutil
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling, LoadScopeScheduling

from risk_assets_tests.services.faults import Faults, faulty_proxy
from risk_assets_tests.services.s3 import CREDENTIALS, S3, running_s3

# No test asserts time, and by default hypothesis would.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

#: What installs the programs that tests need.
PROGRAMS = ".ci/programs"
#: Files that take longest.
FIRST = (
    "test_dialect",
    "test_reading",
    "test_merging",
    "test_spark",
    "test_end_to_end",
    "test_team",
    "test_end_to_end_database",
    "test_pages_browser",
    "test_on_s3",
)


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


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3]:
    """One S3 server for all tests of a process."""
    with running_s3() as server:
        yield server


@pytest.fixture(scope="module")
def s3(s3_server: S3) -> S3:
    """The S3 server, with an empty bucket for the tests of a module."""
    s3_server.clear()
    return s3_server


@pytest.fixture
def faults(s3: S3, monkeypatch: pytest.MonkeyPatch) -> Iterator[Faults]:
    """A proxy in front of the S3 server that fails on demand, and credentials in the environment."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with faulty_proxy(s3.port) as found:
        yield found


class FilesWithSparkTogether(LoadFileScheduling):  # type: ignore[misc]  # xdist is untyped
    """A process takes a file at a time, and one process all files for Spark, which takes long to start."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return "spark" if "spark" in file else str(file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Return how tests are divided among processes."""
    return FilesWithSparkTogether(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files, so that the processes end together; skip what lacks a program."""
    items.sort(key=lambda item: FIRST.index(item.path.stem) if item.path.stem in FIRST else len(FIRST))
    for item in items:
        for marker in item.iter_markers("needs"):
            missing = [program for program in marker.args if shutil.which(program) is None]
            if missing:
                item.add_marker(pytest.mark.skip(reason=f"there is no {' and no '.join(missing)}"))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Name, on the very last lines, the skipped tests and the command that brings what they need."""
    gc.unfreeze()  # what definitions.py has frozen: DuckDB would take it for leaks, and say so at the very end
    reporter = config.pluginmanager.getplugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if not skipped:
        return
    reasons = Counter(_reason(report) for report in skipped)
    files = ", ".join(sorted({report.nodeid.partition("::")[0] for report in skipped}))
    for reason, count in reasons.most_common():
        tests = "1 test was" if count == 1 else f"{count} tests were"
        reporter.write_line(f"{tests} skipped: {reason}", yellow=True)
    way_out = "everything must run here" if _refuses_skips() else f"to run them: {PROGRAMS} && make test"
    reporter.write_line(f"They are in {files}; {way_out}", red=_refuses_skips(), yellow=not _refuses_skips())


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail a run that skipped a test where everything must run."""
    reporter = session.config.pluginmanager.getplugin("terminalreporter")
    if exitstatus == pytest.ExitCode.OK and _refuses_skips() and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _reason(report: pytest.TestReport) -> str:
    told = report.longrepr
    return str(told[2] if isinstance(told, tuple) else told).removeprefix("Skipped: ")


def _refuses_skips() -> bool:
    return os.environ.get("RISK_ASSETS_TESTS_REFUSE_SKIPS") == "1"
