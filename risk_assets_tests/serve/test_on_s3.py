"""A server whose versions are in a bucket: it follows the pointer, and serves on whatever happens."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from risk_assets.settings import Settings
from risk_assets.storage.layout import Layout
from risk_assets.storage.remote.mirror import Mirror
from risk_assets_tests.serve.deployed import CLIENT, deploy, make_settings, scorecard_of
from risk_assets_tests.serve.running import ROOT, Server, running, wait_until, write_config
from risk_assets_tests.services.faults import Faults
from risk_assets_tests.services.s3 import BUCKET, S3

pytestmark = pytest.mark.slow


class Site:
    """A server's machine and a machine that deploys; they share nothing but the bucket."""

    def __init__(self, folder: Path, s3: S3, faults: Faults, prefix: str) -> None:
        self.s3, self.faults, self.prefix = s3, faults, prefix
        self.server_settings = self._settings(folder / "server", faults.endpoint)
        self.settings = self._settings(folder / "deployer", s3.endpoint)

    def _settings(self, root: Path, endpoint: str) -> Settings:
        root.mkdir()
        return make_settings(
            root,
            prod_deployment_path=f"s3://{BUCKET}/{self.prefix}",
            cache_folder=root / "cache",
            object_storage={
                "endpoint_url": endpoint, "poll_seconds": 0.1, "connect_seconds": 1, "read_seconds": 2,
            },
        )  # fmt: skip

    def deploy(self, number: int) -> str:
        """Let a version serve, as deployed_model does."""
        mirror = Mirror.of(self.settings)
        with mirror.working("deployed_model"):
            name = deploy(self.settings, scorecard_of(number))
        mirror.close()
        return name

    def risk(self, *words: str) -> str:
        """Run the command on the machine that deploys."""
        code = "from risk_assets.cli import main; main()"
        config = str(write_config(self.settings))
        command = [sys.executable, "-c", code, "--config", config, *words]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, env=os.environ).stdout


@pytest.fixture
def site(tmp_path: Path, s3: S3, faults: Faults, request: pytest.FixtureRequest) -> Site:
    return Site(tmp_path, s3, faults, request.node.name[:30])


def serves(server: Server) -> str:
    with server.http() as http:
        answer = http.post("/prediction", json={"clients": [CLIENT]})
    return str(answer.headers["x-model-version"])


def readiness(server: Server) -> dict[str, Any]:
    with server.http() as http:
        return dict(http.get("/readyz").json())


def test_the_pointer_is_followed_forwards_and_back_by_every_worker(site: Site) -> None:
    with running(site.server_settings, workers=2) as server:
        assert readiness(server) == {"ready": False, "version": None, "refused": None}
        first = site.deploy(1)
        wait_until(lambda: {serves(server) for _ in range(10)} == {first})
        assert not (Layout.of(site.server_settings).versions / first / "trainedmodel.pkl").exists()
        second = site.deploy(2)
        wait_until(lambda: {serves(server) for _ in range(10)} == {second})
        assert "serves again" in site.risk("rollback", first)
        wait_until(lambda: {serves(server) for _ in range(10)} == {first})
        assert "rolled back" in site.risk("history")
        with server.http() as http:
            decisions = http.get("/deployments").json()["decisions"]
        assert [line["verdict"] for line in decisions] == ["promoted", "promoted", "rolled back"]
        assert readiness(server) == {"ready": True, "version": first, "refused": None}

        shutil.rmtree(Layout.of(site.server_settings).versions)  # the cache can be cleared at any time
        Layout.of(site.server_settings).current.unlink()
        wait_until((Layout.of(site.server_settings).versions / first / "scorecard.json").exists)
        assert {serves(server) for _ in range(10)} == {first}


def test_whatever_happens_to_the_bucket_what_served_last_serves_on(site: Site) -> None:
    first = site.deploy(1)
    with running(site.server_settings) as server:
        assert serves(server) == first

        site.faults.refuse = 10**6
        second = site.deploy(2)
        wait_until(lambda: readiness(server)["refused"] is not None)
        told = readiness(server)
        assert (told["ready"], told["version"]) == (True, first)
        assert f"s3://{BUCKET}/{site.prefix}/current: cannot look at" in told["refused"]["reason"]
        assert serves(server) == first
        site.faults.heal()
        wait_until(lambda: serves(server) == second)
        assert readiness(server)["refused"] is None

        site.faults.slow_bytes_per_second = 1  # silent for long: no request waits for it
        time.sleep(0.5)
        with server.http() as http:
            answers = [http.post("/prediction", json={"clients": [CLIENT]}).status_code for _ in range(50)]
        assert set(answers) == {200}
        site.faults.heal()

        site.faults.down = True
        wait_until(lambda: readiness(server)["refused"] is not None)
        assert serves(server) == second

    with running(site.server_settings) as server:  # the bucket is away from the start: the last good one is here
        assert serves(server) == second
        site.faults.heal()
        wait_until(lambda: readiness(server)["refused"] is None)


def test_half_a_version_is_refused_by_name_and_the_pointer_here_stays(site: Site) -> None:
    first = site.deploy(1)
    with running(site.server_settings) as server:
        second = site.deploy(2)
        wait_until(lambda: serves(server) == second)
        site.s3.put(f"{site.prefix}/versions/{first}/scorecard.json", "{")
        site.s3.put(f"{site.prefix}/current", first)
        wait_until(lambda: readiness(server)["refused"] is not None)
        told = readiness(server)["refused"]
        assert told["version"] == first
        assert "differs from the manifest" in told["reason"]
        site.s3.put(f"{site.prefix}/current", "v0009-00000000")
        wait_until(lambda: readiness(server)["refused"]["version"] == "v0009-00000000")
        site.s3.put(f"{site.prefix}/current", "../../etc/passwd")
        wait_until(lambda: "not a version name" in readiness(server)["refused"]["reason"])
        site.s3.delete(f"{site.prefix}/current")
        wait_until(lambda: "is gone" in readiness(server)["refused"]["reason"])
        assert serves(server) == second
        assert Layout.of(site.server_settings).current.read_text().strip() == second
        site.s3.put(f"{site.prefix}/current", second)
        wait_until(lambda: readiness(server)["refused"] is None)


def test_a_server_of_a_data_root_in_a_bucket_shows_its_results_and_uploads_what_it_served(
    site: Site, tmp_path: Path
) -> None:
    def settings_at(root: Path) -> Settings:
        return make_settings(
            root,
            data_root=f"s3://{BUCKET}/{site.prefix}",
            cache_folder=root / "cache",
            object_storage={"endpoint_url": site.faults.endpoint, "poll_seconds": 0.1},
        )

    ours, servers = settings_at(tmp_path / "ours"), settings_at(tmp_path / "servers")
    mirror = Mirror.of(ours)
    with mirror.working("deployed_model"):
        first = deploy(ours)
    with mirror.working("report"):
        mirror.layout.summary_report.write_bytes(b"%PDF-1.7")
    servers.data_root.mkdir(parents=True)
    with running(servers) as server, server.http() as http:
        assert serves(server) == first
        wait_until(lambda: http.get("/report").content == b"%PDF-1.7")
        assert http.get("/scoring").json()["version"] == first
    assert mirror.listing("predictions")
    mirror.pull("predictions")
    [log] = mirror.layout.predictions.glob("*.jsonl")
    assert first in log.read_text()
    assert log.stat().st_mode & 0o077 == 0
    mirror.close()


def test_results_that_take_long_to_fetch_hold_up_neither_start_nor_versions_nor_stop(
    site: Site, tmp_path: Path
) -> None:
    def settings_at(root: Path, endpoint: str) -> Settings:
        return make_settings(
            root,
            data_root=f"s3://{BUCKET}/{site.prefix}",
            cache_folder=root / "cache",
            object_storage={"endpoint_url": endpoint, "poll_seconds": 0.1},
        )

    ours = settings_at(tmp_path / "ours", site.s3.endpoint)
    servers = settings_at(tmp_path / "servers", site.faults.endpoint)
    servers.data_root.mkdir(parents=True)
    mirror = Mirror.of(ours)
    with mirror.working("deployed_model"):
        first = deploy(ours, scorecard_of(1))
    with mirror.working("report"):
        mirror.layout.summary_report.write_bytes(b"%PDF-1.7" * 1000)
    site.faults.matches = lambda method, path: method == "GET" and path.partition("?")[0].endswith(".pdf")
    site.faults.slow_bytes_per_second = 1
    with running(servers) as server:
        assert serves(server) == first
        report = Layout.of(servers).summary_report
        wait_until(lambda: any("report.change" in str(path) for path in report.parent.rglob(".writer")))
        with mirror.working("deployed_model"):
            second = deploy(ours, scorecard_of(2))
        wait_until(lambda: serves(server) == second)
        assert not report.exists()
    mirror.close()
