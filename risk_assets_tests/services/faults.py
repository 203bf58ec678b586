"""A proxy in front of an HTTP server that fails on demand: 503s, a slow link, connections that break."""

from __future__ import annotations

import contextlib
import http.client
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
#: Headers that speak of one connection, and those that the proxy writes itself.
OWN = {"connection", "transfer-encoding", "server", "date", "keep-alive", "content-length"}


def _any(_method: str, _path: str) -> bool:
    return True


@dataclass
class Faults:
    """What the proxy does to requests: `matches` chooses them by method and path."""

    port: int = 0
    refuse: int = 0
    cut: int = 0
    down: bool = False
    slow_bytes_per_second: float | None = None
    matches: Callable[[str, str], bool] = _any
    asked: list[tuple[str, str]] = field(default_factory=list)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def heal(self) -> None:
        """Do nothing to requests any more."""
        self.refuse, self.cut, self.down, self.slow_bytes_per_second = 0, 0, False, None
        self.matches = _any

    def take(self, name: str) -> bool:
        """Whether to do this once more."""
        left = getattr(self, name)
        if left:
            setattr(self, name, left - 1)
        return bool(left)


@contextlib.contextmanager
def faulty_proxy(target_port: int) -> Iterator[Faults]:
    """Start a proxy to a port of 127.0.0.1."""
    faults = Faults()

    class Handler(_Handler):
        pass

    Handler.faults, Handler.target = faults, target_port
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        faults.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield faults
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    faults: Faults
    target: int

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name upstream
        del format, args

    def _forward(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        faults = self.faults
        faults.asked.append((self.command, self.path))
        hit = faults.matches(self.command, self.path)
        if faults.down and hit:
            self.close_connection = True
            return
        if hit and faults.take("refuse"):
            self._respond(503, [("Content-Type", "application/xml")], SLOW_DOWN, len(SLOW_DOWN))
            return
        headers = {name: value for name, value in self.headers.items() if name.lower() != "expect"}
        connection = http.client.HTTPConnection("127.0.0.1", self.target, timeout=300)
        connection.request(self.command, self.path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        size = int(answer.headers.get("Content-Length") or 0) if self.command == "HEAD" else len(content)
        if hit and content and faults.take("cut"):
            content = content[: len(content) // 2]
            self.close_connection = True
        self._respond(answer.status, answer.getheaders(), content, size)

    def _respond(self, status: int, headers: list[tuple[str, str]], content: bytes, size: int) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in OWN:
                self.send_header(name, value)
        self.send_header("Content-Length", str(size))
        self.end_headers()
        if self.command == "HEAD":
            return
        speed = self.faults.slow_bytes_per_second
        if speed is not None and not self.faults.matches(self.command, self.path):
            speed = None
        step = len(content) if speed is None else max(1, int(speed / 20))
        with contextlib.suppress(ConnectionError):
            for start in range(0, len(content), step or 1):
                self.wfile.write(content[start : start + step])
                if speed is not None:
                    time.sleep(0.05)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _forward  # noqa: N815
