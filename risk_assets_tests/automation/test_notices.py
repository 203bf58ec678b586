from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import dagster as dg
import pytest

from risk_assets.automation.notices import decisions, failed_run
from risk_assets.domain.deployment.decisions import Decision
from risk_assets.domain.drift.verdict import DriftVerdict
from risk_assets.domain.intake.ingestion import HeldFile, Ingestion
from risk_assets.storage.records import append_record, write_record
from risk_assets_tests.automation.small import SmallHome

#: apprise asks for it on Pythons that have it.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

PROMOTED = Decision(
    at="2026-03-01T12:00:00+00:00",
    verdict="promoted",
    version="v0002-89abcdef",
    before="v0001-0123abcd",
    live="v0002-89abcdef",
    reason="On 324 recent rows: F1 0.476 against the champion's 0.398.",
    model_sha256="0" * 64,
    data_version="data-2",
)
TOLD = f"v0002-89abcdef was promoted; v0002-89abcdef serves. {PROMOTED.reason}"
STABLE = DriftVerdict("stable", "F1 on 300 new rows holds.", 300, "statistical")
DRIFTED = DriftVerdict("drifted", "F1 on 5,000 new rows has fallen.", 5000, "statistical")


@dataclass
class Channel:
    """A webhook on this machine; `answers` with 500 while it is down."""

    is_up: bool = True
    received: list[str] = field(default_factory=list)

    def serve(self) -> ThreadingHTTPServer:
        channel = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if channel.is_up:
                    channel.received.append(f"{content['title']}: {content['message']}")
                self.send_response(200 if channel.is_up else 500)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
                pass

        return ThreadingHTTPServer(("127.0.0.1", 0), Handler)


@pytest.fixture
def channel() -> Channel:
    return Channel()


@pytest.fixture
def home(tmp_path: Path, channel: Channel) -> Iterator[SmallHome]:
    """A home whose notices go to the channel."""
    with channel.serve() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        home = SmallHome(tmp_path)
        home.build(notify_url=f"json://127.0.0.1:{server.server_address[1]}")
        yield home
        server.shutdown()
        thread.join()


def look(home: SmallHome) -> str:
    with dg.build_sensor_context(home.instance, home.cursor) as context:
        result = decisions(context, home=home.resource)
    assert isinstance(result, dg.SensorResult)
    home.cursor = result.cursor or home.cursor
    assert isinstance(result.skip_reason, dg.SkipReason)
    return str(result.skip_reason.skip_message)


def decide(home: SmallHome, decision: Decision) -> None:
    home.layout.deployment.mkdir(parents=True, exist_ok=True)
    append_record(home.layout.deployments, decision)


def judge(home: SmallHome, *verdicts: DriftVerdict) -> None:
    home.layout.models.mkdir(parents=True, exist_ok=True)
    for verdict in verdicts:
        append_record(home.layout.drift_history, verdict)


def fail(home: SmallHome, run: dg.DagsterRun) -> None:
    """Let the sensor see that the run failed."""
    event = dg.DagsterEvent(dg.DagsterEventType.RUN_FAILURE.value, run.job_name, message="one class only")
    with dg.build_run_status_sensor_context(
        sensor_name="failed_run", dagster_event=event, dagster_instance=home.instance, dagster_run=run
    ) as context:
        failed_run(context.for_run_failure(), home=home.resource)


def test_a_decision_is_told_once_with_its_reason(home: SmallHome, channel: Channel) -> None:
    look(home)
    decide(home, PROMOTED)

    lines = [look(home), look(home)]

    assert channel.received == [f"risk_assets: {TOLD}"]
    assert lines == [f"told: {TOLD}", "nothing was decided"]


def test_what_was_decided_before_the_first_look_is_not_news(home: SmallHome, channel: Channel) -> None:
    decide(home, PROMOTED)

    assert look(home) == "notices start from here"
    assert look(home) == "nothing was decided"
    assert channel.received == []


def test_drift_is_told_when_it_is_found_and_not_again_while_it_lasts(home: SmallHome, channel: Channel) -> None:
    judge(home, STABLE)
    look(home)
    judge(home, DRIFTED, DRIFTED)
    look(home)
    judge(home, DRIFTED)
    look(home)
    judge(home, STABLE, DRIFTED)
    look(home)

    assert channel.received == ["risk_assets: Drift: F1 on 5,000 new rows has fallen."] * 2


def test_drift_is_told_before_what_was_decided_for_it(home: SmallHome, channel: Channel) -> None:
    look(home)
    judge(home, DRIFTED)
    decide(home, PROMOTED)
    look(home)

    assert channel.received == [f"risk_assets: Drift: {DRIFTED.sentence}\n{TOLD}"]


def test_a_file_that_is_not_read_is_told_once_by_name(home: SmallHome, channel: Channel) -> None:
    look(home)
    for name in ("notes.txt", "clients.zip", ".hidden", "clients9.csv.part"):
        (home.layout.input / name).write_text("anything")
    look(home)
    look(home)

    [told] = channel.received
    assert told.splitlines() == [
        "risk_assets: clients.zip in the input folder is of no kind that is read.",
        "notes.txt in the input folder is of no kind that is read.",
    ]


def test_a_file_that_is_held_back_is_told_once_with_what_to_do(home: SmallHome, channel: Channel) -> None:
    look(home)
    held = HeldFile("july.csv", "ab", 500, ("calls: all 0",))
    home.layout.ingested.mkdir(parents=True, exist_ok=True)
    write_record(home.layout.ingestion, Ingestion("v1", "2026-09-01T12:00:00+00:00", 0, (), held=(held,)))
    look(home)
    look(home)

    told = "july.csv is held back: calls: all 0. risk accept, or risk refuse, july.csv"
    assert channel.received == [f"risk_assets: {told}"]


def test_a_channel_that_is_down_fails_no_look_and_is_told_at_the_next(home: SmallHome, channel: Channel) -> None:
    look(home)
    channel.is_up = False
    decide(home, PROMOTED)

    assert look(home) == "notify_url: the channel did not take the notice; 1 notices wait for the next look"
    decide(home, replace(PROMOTED, verdict="rolled back", live="v0001-0123abcd"))
    channel.is_up = True
    look(home)

    assert len(channel.received) == 1
    assert channel.received[0].count("\n") == 1


def test_a_failed_run_is_told_with_its_error(home: SmallHome, channel: Channel) -> None:
    run = home.record_run("refresh", dg.DagsterRunStatus.FAILURE)

    fail(home, run)

    assert channel.received == [f"risk_assets: a run failed: Run {run.run_id[:8]}: one class only"]


def test_a_failed_run_with_a_channel_that_is_down_stays_a_failed_run(home: SmallHome, channel: Channel) -> None:
    channel.is_up = False

    fail(home, home.record_run("refresh", dg.DagsterRunStatus.FAILURE))

    assert channel.received == []


def test_without_a_channel_notices_are_lines_of_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    home = SmallHome(tmp_path)
    home.build()
    look(home)
    decide(home, PROMOTED)
    look(home)

    assert [record.message for record in caplog.records if record.name == "risk_assets.notices"] == [
        f"risk_assets: {TOLD}"
    ]


@pytest.mark.parametrize("sensor", [decisions, failed_run])
def test_people_are_told_without_anyone_turning_it_on(sensor: dg.SensorDefinition) -> None:
    assert sensor.default_status is dg.DefaultSensorStatus.RUNNING
