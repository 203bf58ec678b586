from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from risk_assets.serve.server import FIGURES, ServeError, check_address
from risk_assets.settings import Settings
from risk_assets_tests.serve.deployed import CLIENT, deploy, make_settings, scorecard_of
from risk_assets_tests.serve.running import PATIENCE, ROOT, Server, command, received, running, wait_until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    settings = make_settings(tmp_path_factory.mktemp("served"))
    deploy(settings)
    with running(settings, workers=2) as server:
        yield server


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.8.9.10"])
def test_the_loopback_needs_no_key(settings: Settings, host: str) -> None:
    check_address(settings, host, insecure=False)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "risk.example", ""])
def test_any_other_address_needs_keys_or_a_word(tmp_path: Path, host: str) -> None:
    with pytest.raises(ServeError, match=r"set RISK_ASSETS_API_KEYS, or say --insecure"):
        check_address(make_settings(tmp_path), host, insecure=False)

    check_address(make_settings(tmp_path), host, insecure=True)
    check_address(make_settings(tmp_path, api_keys="a key of sixteen or more"), host, insecure=False)


def test_the_command_refuses_a_public_address_in_one_line(settings: Settings) -> None:
    result = subprocess.run(
        command(settings, "--host", "0.0.0.0"), cwd=ROOT, capture_output=True, text=True, check=False, timeout=600
    )

    assert result.returncode == 1
    assert result.stderr.startswith("Error: 0.0.0.0 can be reached from elsewhere")
    assert result.stderr.count("\n") == 1


def test_a_taken_port_is_refused_in_one_line(server: Server, settings: Settings) -> None:
    result = subprocess.run(
        command(settings, "--port", str(server.port)),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )

    assert result.returncode == 1
    assert result.stderr == (
        f"Error: cannot listen on 127.0.0.1:{server.port}: Address already in use; --port takes another port, "
        "--host another address\n"
    )


def test_a_name_that_nobody_has_is_refused_in_one_line(settings: Settings) -> None:
    result = subprocess.run(
        command(settings, "--host", "no.such.host.invalid", "--insecure"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )

    assert result.returncode == 1
    assert result.stderr.startswith("Error: cannot listen on no.such.host.invalid:8000: ")


def test_localhost_is_listened_on_by_name(settings: Settings) -> None:
    with running(settings, "--host", "localhost") as server, server.http() as http:
        assert http.get("/healthz", headers={"Host": "localhost"}).status_code == 200


def test_a_prediction_by_the_short_way_and_by_flask_is_the_same(server: Server) -> None:
    with server.http() as http:
        short = http.post("/prediction", json={"clients": [CLIENT]})
        padding = " " * 70_000
        long = http.post(
            "/prediction",
            content=json.dumps({"clients": [CLIENT]}) + padding,
            headers={"content-type": "application/json"},
        )

    def told(answer: httpx.Response) -> dict[str, str]:
        return {name: value for name, value in answer.headers.items() if name not in {"x-request-id", "date"}}

    assert short.json() == long.json()
    assert told(short) == told(long)


@pytest.mark.parametrize("path", ["/prediction", "/nowhere"])
def test_a_page_elsewhere_cannot_ask_by_another_name(server: Server, path: str) -> None:
    with server.http() as http:
        answer = http.post(path, json={"clients": [CLIENT]}, headers={"Host": "evil.example"})

    assert answer.status_code == 421


def test_a_request_id_is_given_or_taken_over_and_stands_in_the_access_log(server: Server) -> None:
    with server.http() as http:
        given = http.get("/healthz").headers["x-request-id"]
        assert (
            http.get("/healthz", headers={"x-request-id": "from-a-proxy.1"}).headers["x-request-id"]
            == "from-a-proxy.1"
        )
        forged = http.get("/healthz", headers={"x-request-id": "a b"}).headers["x-request-id"]
        odd = http.get("/%0a%22%7d/odd?secret=1").headers["x-request-id"]

    assert re.fullmatch(r"[0-9a-f]{12}-[0-9a-f]+", given)
    assert forged != "a b"
    entry = wait_for_access(server, {given, "from-a-proxy.1", forged, odd})[odd]
    assert (entry["method"], entry["path"], entry["status"]) == ("GET", '/\n"}/odd', 404)
    assert "secret" not in server.out.read_text()


def wait_for_access(server: Server, wanted: set[str]) -> dict[str, dict[str, object]]:
    """Return the entries of the access log by request id, once those that are wanted are there."""

    def found() -> dict[str, Any] | None:
        lines = server.out.read_text().rpartition("\n")[0].splitlines()
        entries = {entry["request_id"]: entry for entry in map(json.loads, lines)}
        return entries if wanted <= entries.keys() else None

    return wait_until(found)


def test_figures_are_those_of_all_workers(server: Server) -> None:
    for _ in range(20):
        with server.http() as http:
            assert http.post("/prediction", json={"clients": [CLIENT] * 5}).status_code == 200

    def counted() -> str | None:
        with server.http() as http:
            text = http.get("/metrics").text
        found = re.search(r'^risk_requests_total\{.*"/prediction",status="200"\} (\S+)', text, re.MULTILINE)
        return text if found and float(found[1]) >= 20 else None

    text = wait_until(counted)
    predicted = re.search(r"^risk_predictions_total (\S+)", text, re.MULTILINE)
    assert predicted
    assert float(predicted[1]) >= 100
    assert re.search(r"^risk_model_refused 0.0$", text, re.MULTILINE)


def test_with_keys_a_prediction_needs_one_on_the_short_way_too(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    deploy(settings)
    with running(settings, environment={"RISK_ASSETS_API_KEYS": "first,second"}) as server, server.http() as http:
        refused = http.post("/prediction", json={"clients": [CLIENT]})
        taken = http.post("/prediction", json={"clients": [CLIENT]}, headers={"Authorization": "Bearer second"})
        by_name = http.get("/healthz", headers={"Host": "risk.example"})

    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    assert (taken.status_code, by_name.status_code) == (200, 200)
    assert "second" not in server.out.read_text() + server.err.read_text()


def test_the_server_starts_before_anything_is_deployed_and_serves_what_comes(settings: Settings) -> None:
    with running(settings) as server, server.http() as http:
        before = http.post("/prediction", json={"clients": [CLIENT]})
        version = deploy(settings)
        time.sleep(0.1)
        after = http.post("/prediction", json={"clients": [CLIENT]})

    assert (before.status_code, before.json()["detail"]) == (
        503,
        "no model is deployed yet; materialize deployed_model",
    )
    assert (after.status_code, after.json()["version"]) == (200, version)


def test_a_refused_version_is_told_by_readiness_and_figures(settings: Settings) -> None:
    first = deploy(settings)
    with running(settings) as server, server.http() as http:
        http.get("/readyz")
        second = deploy(settings, scorecard_of(2))
        (settings.data_root / "production_deployment" / "versions" / second / "scorecard.json").write_text("{")
        (settings.data_root / "production_deployment" / "current").touch()
        time.sleep(0.1)
        ready = http.get("/readyz")
        figures = http.get("/metrics").text

    told = ready.json()
    assert (ready.status_code, told["version"], told["refused"]["version"]) == (200, first, second)
    assert "risk_model_refused 1.0" in figures


def test_a_running_request_is_finished_when_the_server_stops_and_the_log_is_whole(settings: Settings) -> None:
    deploy(settings)
    clients = json.dumps({"clients": [CLIENT] * 5_000, "reasons": 5}).encode()
    head = "POST /prediction HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    head += f"Content-Length: {len(clients)}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"

    with running(settings) as server, server.connect() as connection:
        connection.sendall(head.encode())
        assert connection.recv(65536).startswith(b"HTTP/1.1 100"), "from now on the request is under way"
        server.process.send_signal(signal.SIGTERM)
        connection.sendall(clients)
        answer = received(connection)
        assert server.process.wait(PATIENCE) == 0  # a second signal could come when nobody listens for it any more

    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.count(b'"risk":') == 5_000
    [file] = (settings.data_root / "predictions").iterdir()
    assert sum(len(json.loads(line)["risk"]) for line in file.read_text().splitlines()) == 5_000
    assert '"status":200' in server.out.read_text()


def predicted(server: Server) -> httpx.Response:
    with server.http() as http:
        return http.post("/prediction", json={"clients": [CLIENT]})


def test_a_worker_that_dies_is_replaced(settings: Settings) -> None:
    deploy(settings)
    with running(settings) as server:
        [worker] = re.findall(r"Spawning worker-1 with PID: (\d+)", server.err.read_text())
        os.kill(int(worker), signal.SIGKILL)
        answer = wait_until(lambda: predicted(server))

    assert answer.status_code == 200


def test_losing_the_figures_is_in_the_way_of_no_answer(settings: Settings) -> None:
    deploy(settings)
    with running(settings) as server:
        [folder] = (settings.data_root / FIGURES).iterdir()
        shutil.rmtree(folder)
        with server.http() as http:
            living = [
                http.get("/metrics").status_code,
                http.post("/prediction", json={"clients": [CLIENT]}).status_code,
            ]
        shutil.rmtree(folder)
        [worker] = re.findall(r"Spawning worker-1 with PID: (\d+)", server.err.read_text())
        os.kill(int(worker), signal.SIGKILL)
        answers = [wait_until(lambda: predicted(server))]
        with server.http() as http:
            answers.append(http.get("/metrics"))

    assert (living, [answer.status_code for answer in answers]) == ([200, 200], [200, 200])
    assert "risk_predictions_total 1.0" in answers[1].text
