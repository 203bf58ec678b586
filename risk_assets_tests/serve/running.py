"""A real server in processes of its own, on a free port."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx

from risk_assets.settings import Settings
from risk_assets_tests.services.ports import free_port

ROOT = Path(__file__).parents[2]
#: Whatever is waited for comes within so many seconds, on a busy machine too.
PATIENCE = 300.0

T = TypeVar("T")
START = "from risk_assets.cli.serve import serve; import sys; serve(sys.argv[2:], obj=sys.argv[1])"


@dataclass(frozen=True)
class Server:
    """A running server: its address, its process and where its outputs go."""

    port: int
    process: subprocess.Popen[bytes]
    out: Path
    err: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def http(self, **more: Any) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=PATIENCE, trust_env=False, **more)

    def raw(self, content: bytes, timeout: float = PATIENCE) -> bytes:
        """Send bytes as they are and return what comes back until the server closes or is silent."""
        with self.connect(timeout) as connection:
            connection.sendall(content)
            return received(connection)

    def connect(self, timeout: float = PATIENCE) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout)

    def kill(self) -> None:
        """End the server and its workers at once, as a power cut would."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE)

    def stop(self) -> int:
        """Ask the server to stop, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


def received(connection: socket.socket) -> bytes:
    parts = []
    with contextlib.suppress(TimeoutError, ConnectionError):
        while part := connection.recv(65536):
            parts.append(part)
            if b"\r\n\r\n" in part:
                connection.settimeout(0.5)
    return b"".join(parts)


def wait_until(found: Callable[[], T | None]) -> T:
    """Ask until something is found, and return it; a connection that fails has found nothing yet."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with contextlib.suppress(httpx.TransportError):
            value = found()
            if value:
                return value
        time.sleep(0.05)
    raise AssertionError(f"waited {PATIENCE:.0f} s in vain")


def write_config(settings: Settings) -> Path:
    """Write settings as a config file beside the data root."""
    content = settings.model_dump(mode="json", exclude={"api_keys"})
    file = settings.data_root / "config.json"
    file.write_text(json.dumps(content))
    return file


def command(settings: Settings, *options: str) -> list[str]:
    return [sys.executable, "-c", START, str(write_config(settings)), *options]


@contextlib.contextmanager
def running(
    settings: Settings,
    *options: str,
    workers: int = 1,
    environment: Mapping[str, str] | None = None,
    port: int | None = None,
) -> Iterator[Server]:
    """Start a server on these settings, wait until it answers, and stop it afterwards."""
    port = port or free_port()
    out, err = settings.data_root / f"{port}.out", settings.data_root / f"{port}.err"
    start = command(settings, "--port", str(port), "--workers", str(workers), *options)
    with out.open("wb") as stdout, err.open("wb") as stderr:
        process = subprocess.Popen(
            start,
            cwd=ROOT,
            stdout=stdout,
            stderr=stderr,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )
    server = Server(port, process, out, err)
    try:
        _wait(server)
        yield server
    finally:
        if process.poll() is None:
            server.stop()


def _wait(server: Server) -> None:
    def answers() -> bool:
        assert server.process.poll() is None, f"the server did not start: {server.err.read_text()}"
        with server.http() as http:
            return http.get("/healthz").is_success

    wait_until(answers)
