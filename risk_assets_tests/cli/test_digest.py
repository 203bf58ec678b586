from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from risk_assets.automation.send_digest import build, send_digest
from risk_assets.cli import main
from risk_assets.settings import Settings
from risk_assets.storage.contacts.sent_digests import SentDigest, note
from risk_assets.storage.layout import Layout
from risk_assets.storage.records import read_history
from risk_assets_tests.serve.desk import NOW, write_desk
from risk_assets_tests.serve.running import write_config

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # apprise's own


class Channel:
    """A web hook that takes what is sent, or is down."""

    def __init__(self) -> None:
        self.taken: list[dict[str, str]] = []
        self.is_down = False
        channel = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(503 if channel.is_down else 200)
                self.end_headers()
                if not channel.is_down:
                    channel.taken.append(json.loads(content))

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name upstream
                del format, args

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"json://127.0.0.1:{self.server.server_port}/"


@pytest.fixture
def channel() -> Iterator[Channel]:
    channel = Channel()
    thread = threading.Thread(target=channel.server.serve_forever)
    thread.start()
    yield channel
    channel.server.shutdown()
    channel.server.server_close()
    thread.join()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return write_desk(tmp_path, manager_column="manager", digest="daily 00:00", pages_url="https://risk.example")


def risk(settings: Settings, urls: dict[str, str], monkeypatch: pytest.MonkeyPatch, *options: str) -> Result:
    monkeypatch.setenv("RISK_ASSETS_DIGEST_URLS", json.dumps(urls))
    config = str(write_config(settings.model_copy(update={"digest_urls": {}})))
    return CliRunner().invoke(main, ["--config", config, "digest", *options], catch_exceptions=False)


def test_each_manager_is_sent_the_own_clients_once(
    settings: Settings, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    urls = {"Anna": channel.url, "Ben": channel.url}
    first = risk(settings, urls, monkeypatch)
    again = risk(settings, urls, monkeypatch)

    assert (first.stdout, first.exit_code) == ("Anna: sent\nBen: sent\n", 0)
    assert again.stdout.count("was sent before") == 2
    anna, ben = channel.taken
    assert anna["title"].startswith("Calls of Anna: 5 clients, ")
    assert "https://risk.example/calls?in.manager=Anna" in anna["message"]
    assert ("c060" in anna["message"], "c059" in anna["message"]) == (True, False)
    assert ("c060" in ben["message"], "c059" in ben["message"]) == (False, True)


def test_a_channel_that_is_down_is_tried_again_with_the_next_call(
    settings: Settings, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel.is_down = True
    failed = risk(settings, {"*": channel.url}, monkeypatch)
    channel.is_down = False
    mended = risk(settings, {"*": channel.url}, monkeypatch)

    assert failed.exit_code == 1
    assert "the channel did not take the digest of *" in failed.stderr
    assert mended.stdout == "*: sent\n"
    assert len(channel.taken) == 1


def test_a_digest_that_was_being_sent_when_its_process_died_is_not_sent_again(
    settings: Settings, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    risk(settings, {"*": channel.url}, monkeypatch)
    layout = Layout.of(settings)
    [*_, sent] = read_history(layout.digests, SentDigest)
    layout.digests.unlink()
    note(layout, sent.period, "*", "sending", NOW)

    assert "was sent before" in risk(settings, {"*": channel.url}, monkeypatch).stdout
    assert len(channel.taken) == 1


def test_a_dry_run_prints_and_sends_nothing(
    settings: Settings, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = risk(settings, {"Anna": channel.url}, monkeypatch, "--dry-run").stdout
    html = risk(settings, {"Anna": channel.url}, monkeypatch, "--dry-run", "--html").stdout

    assert "To call\n  c060: 40\N{NO-BREAK SPACE}%, 1,440 at risk; activity is 3" in text
    assert '<a href="https://risk.example/clients/c060">c060</a>: 40\N{NO-BREAK SPACE}%' in html
    assert channel.taken == []
    assert not Layout.of(settings).digests.exists()


def test_the_schedule_sends_what_the_command_sends(
    settings: Settings, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RISK_ASSETS_DIGEST_URLS", json.dumps({"Anna": channel.url}))
    monkeypatch.setenv("RISK_ASSETS_CONFIG", str(write_config(settings)))
    [schedule] = build("mon,thu 07:30")
    done = send_digest.execute_in_process()

    assert (schedule.cron_schedule, schedule.default_status.value) == ("30 7 * * 1,4", "RUNNING")
    assert done.success
    assert [taken["title"][:13] for taken in channel.taken] == ["Calls of Anna"]
    assert build(None) == []
