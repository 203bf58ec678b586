"""A stored list of attacks on a real server: each gets a clear refusal, and the next good request its answer."""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import resource
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from risk_assets_tests.serve.deployed import CLIENT, deploy, make_settings
from risk_assets_tests.serve.http.test_files import OUTSIDE
from risk_assets_tests.serve.running import Server, received, running

pytestmark = pytest.mark.slow
MEGABYTE = 1024 * 1024
JSON = {"content-type": "application/json"}
POST = b"POST /prediction HTTP/1.1\r\nHost: localhost\r\n"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("attacked")


@pytest.fixture(scope="module")
def server(root: Path) -> Iterator[Server]:
    settings = make_settings(root, body_seconds=2)
    deploy(settings)
    (root.parent / "secret.csv").write_text("activity\n1\n")
    (root / "link.csv").symlink_to(root.parent / "secret.csv")
    (root / "folder").symlink_to(root.parent)
    os.mkfifo(root / "pipe.csv")
    with running(settings, workers=2) as server:
        yield server
    assert "Traceback" not in server.err.read_text()


@pytest.fixture(autouse=True)
def a_good_request_is_answered_afterwards(server: Server) -> Iterator[None]:
    yield
    with server.http() as http:
        assert http.post("/prediction", json={"clients": [CLIENT]}).status_code == 200


def refused(answer: httpx.Response) -> int:
    """Return the status of an answer that must be a problem told in a sentence, and nothing more."""
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]
    assert "Traceback" not in answer.text
    return answer.status_code


@pytest.mark.parametrize(
    "path", [*OUTSIDE, "link.csv", "folder/secret.csv", "pipe.csv", "production_deployment/current"]
)
def test_a_path_that_leads_out_of_the_data_root(server: Server, path: str) -> None:
    with server.http() as http:
        assert refused(http.post("/prediction", content=json.dumps({"filepath": path}), headers=JSON)) == 403


@pytest.mark.parametrize(
    "path", ["/../../etc/passwd", "/openapi/../../etc/passwd", "/openapi/%2e%2e/%2e%2e/etc/passwd"]
)
def test_a_path_in_the_address_that_leads_out(server: Server, path: str) -> None:
    answer = server.raw(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())

    assert answer.startswith(b"HTTP/1.1 404")
    assert b"root:" not in answer


def chunks(size: int) -> Iterator[bytes]:
    for _ in range(size // 65536):
        yield b"x" * 65536


@pytest.mark.parametrize("kind", ["application/json", "text/csv"])
def test_a_body_beyond_the_limit(server: Server, kind: str) -> None:
    with server.http() as http:
        stated = http.post("/prediction", content=b"x" * (17 * MEGABYTE), headers={"content-type": kind})
        in_chunks = http.post("/prediction", content=chunks(17 * MEGABYTE), headers={"content-type": kind})

    assert (refused(stated), refused(in_chunks)) == (413, 411)


@pytest.mark.parametrize(
    ("path", "accept", "kind"),
    [
        ("/pages/upload", "text/html,application/xhtml+xml,*/*;q=0.8", "text/html; charset=utf-8"),
        ("/pages/upload", "*/*", "application/problem+json"),
        ("/prediction", "text/html,*/*;q=0.8", "application/problem+json"),
    ],
)
def test_a_form_beyond_the_limit_is_refused_by_a_page_and_anything_else_by_a_problem(
    server: Server, path: str, accept: str, kind: str
) -> None:
    with server.http() as http:
        answer = http.post(path, files={"file": b"x" * (17 * MEGABYTE)}, headers={"accept": accept})

    assert (answer.status_code, answer.headers["content-type"]) == (413, kind)
    assert "body is larger than 16777216 bytes; send it in parts" in answer.text
    assert "x-request-id" in answer.headers
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


def test_a_body_without_end(server: Server) -> None:
    head = POST + b"Content-Type: text/csv\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"10000\r\n" + b"1\n" * 32768 + b"\r\n"
    with server.connect(20) as connection:
        sending = threading.Thread(target=send_for_ever, args=(connection, head, chunk))
        sending.start()
        answer = received(connection)
        connection.close()
        sending.join(20)

    assert answer.startswith(b"HTTP/1.1 411")


def send_for_ever(connection: socket.socket, head: bytes, chunk: bytes) -> None:
    with contextlib.suppress(OSError):
        connection.sendall(head)
        while True:
            connection.sendall(chunk)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * MEGABYTE,
        b'{"clients":' * 100_000,
        b'{"clients": [' + b"[" * 100_000 + b"]" * 100_000 + b"]}",
        b'{"clients": [{"activity": ' + b"9" * MEGABYTE + b"}]}",
        b'{"clients": [{"activity": 1e' + b"9" * 1000 + b"}]}",
        b'{"clients": [{' + b",".join(b'"a%d": 1' % number for number in range(50_000)) + b"}]}",
        b"{" + b",".join(b'"a%d": 1' % number for number in range(200_000)) + b', "a199999": 1}',
        b'{"clients": [' + b"{}," * 200_000 + b"{}]}",
        b'{"clients": "' + b"\\ud800" * 1000 + b'"}',
    ],
)
def test_a_json_that_is_deep_or_wide_or_odd(server: Server, body: bytes) -> None:
    with server.http() as http:
        assert refused(http.post("/prediction", content=body, headers=JSON)) in {400, 413, 422}


def test_a_csv_of_too_many_rows(server: Server) -> None:
    with server.http() as http:
        answer = http.post(
            "/prediction", content=b"activity\n" + b"1\n" * 100_001, headers={"content-type": "text/csv"}
        )

    assert refused(answer) == 413


class Exploit:
    def __reduce__(self) -> Any:
        return os.system, ("touch /tmp/exploited",)


@pytest.mark.parametrize(
    "kind",
    [
        "application/json",
        "application/octet-stream",
        "application/x-pickle",
        "application/python-pickle",
        "text/csv",
    ],
)
def test_a_pickle(server: Server, kind: str, root: Path) -> None:
    with server.http() as http:
        answer = http.post("/prediction", content=pickle.dumps(Exploit()), headers={"content-type": kind})

    assert refused(answer) in {400, 415, 422}


@pytest.mark.parametrize(
    "kind",
    [
        "",
        "text/html",
        "application/xml",
        "multipart/form-data; boundary=x",
        "application/json/x",
        "text/csvx",
        "x" * 5000,
    ],
)
def test_a_wrong_content_type(server: Server, kind: str) -> None:
    with server.http() as http:
        answer = http.post("/prediction", content=b'{"clients": [{}]}', headers={"content-type": kind})

    assert refused(answer) == 415


@pytest.mark.parametrize("start", ["=", "+", "-", "@"])
def test_a_formula_in_a_csv_comes_back_as_text(server: Server, start: str) -> None:
    body = f'corporation,activity\n"{start}HYPERLINK(""http://evil"")",1\n'
    with server.http() as http:
        answer = http.post("/prediction", content=body, headers={"content-type": "text/csv", "accept": "text/csv"})

    assert answer.text.splitlines()[1].startswith(f"\"'{start}HYPERLINK")


@pytest.mark.parametrize("header", ["x-request-id", "accept", "authorization", "host"])
def test_a_header_that_would_add_another(server: Server, header: str) -> None:
    smuggled = f"POST /prediction HTTP/1.1\r\nHost: localhost\r\n{header}: a\r\n b\r\nContent-Length: 0\r\n\r\n"
    fields = f"Host: localhost\r\n{header}: a%0d%0aEvil: 1\r\nConnection: close\r\n\r\n"
    encoded = f"GET /healthz?x=%0d%0aEvil:1 HTTP/1.1\r\n{fields}"

    assert server.raw(smuggled.encode()).startswith(b"HTTP/1.1 400")
    assert b"\r\nevil" not in server.raw(encoded.encode()).lower()


@pytest.mark.parametrize(
    "request_line",
    [
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        POST + b"Content-Length: -1\r\n\r\n",
        POST + b"Content-Length: 5, 6\r\n\r\n",
        POST + b"Transfer-Encoding: chunked, identity\r\n\r\n",
    ],
)
def test_what_is_no_http(server: Server, request_line: bytes) -> None:
    answer = server.raw(request_line, timeout=5)

    assert answer == b"" or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.1 505"))


def test_headers_beyond_the_limit(server: Server) -> None:
    many = "".join(f"x-{number}: 1\r\n" for number in range(500))
    large = f"x-large: {'x' * 100_000}\r\n"

    for headers in (many, large):
        answer = server.raw(f"GET /healthz HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n".encode())
        assert answer.startswith(b"HTTP/1.1 431")


def test_a_body_that_does_not_arrive(server: Server) -> None:
    head = POST + b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n{"

    for length in (100, 10 * MEGABYTE):
        assert server.raw(head % length).startswith(b"HTTP/1.1 408")


def test_a_body_that_breaks_off(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(POST + b"Content-Type: text/csv\r\nContent-Length: 90\r\n\r\nx")
        connection.shutdown(socket.SHUT_WR)
        answer = received(connection)

    assert answer.startswith(b"HTTP/1.1 400")


WHOLE_CHUNK = b"d\r\nactivity\n1\n2\n\r\n"


@pytest.mark.parametrize(
    "body",
    [WHOLE_CHUNK, WHOLE_CHUNK + b"zz\r\n", b"ff\r\nactivity\n1\n"],
    ids=["no end", "malformed", "half a chunk"],
)
@pytest.mark.parametrize("more", [b"", b"Content-Length: 9\r\n"], ids=["chunked", "chunked and stated"])
def test_chunks_are_never_scored_as_they_may_have_broken_off(server: Server, body: bytes, more: bytes) -> None:
    head = POST + b"Content-Type: text/csv\r\n" + more + b"Transfer-Encoding: chunked\r\n\r\n"
    with server.connect() as connection:
        connection.sendall(head + body)
        connection.shutdown(socket.SHUT_WR)
        answer = received(connection)

    assert answer.startswith(b"HTTP/1.1 411")
    assert b"send Content-Length" in answer


@pytest.mark.parametrize(("query", "status"), [("q=é", 404), ("q=ł", 404), ("q=%ff", 404), ("ł=1", 422)])
def test_an_address_beyond_ascii(server: Server, query: str, status: int) -> None:
    fields = "Host: localhost\r\nCookie: session=ł\r\nConnection: close\r\n\r\n"
    answer = server.raw(f"GET /clients?{query} HTTP/1.1\r\n{fields}".encode())

    assert answer.startswith(b"HTTP/1.1 %d" % status)
    assert b"x-request-id" in answer


SLOW_HEADERS = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
SLOW_BODY = POST + b"Content-Type: text/csv\r\nContent-Length: 50000\r\n\r\na"


@pytest.mark.parametrize("start", [SLOW_HEADERS, SLOW_BODY], ids=["headers", "bodies"])
def test_a_thousand_slow_connections(server: Server, start: bytes) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    with contextlib.ExitStack() as connections:
        slow = [connections.enter_context(server.connect()) for _ in range(1000)]
        for connection in slow:
            connection.sendall(start)
        for _ in range(3):
            time.sleep(0.1)
            for connection in slow:
                with contextlib.suppress(ConnectionError):
                    connection.sendall(b"a")
            with server.http() as http:
                assert http.post("/prediction", json={"clients": [CLIENT]}).status_code == 200
                assert http.get("/readyz").status_code == 200
        answers = [received(connection) for connection in slow[::100]] if start is SLOW_BODY else []

    assert all(answer.startswith(b"HTTP/1.1 408") for answer in answers)


def test_nothing_was_executed_or_left_running(server: Server) -> None:
    assert not Path("/tmp/exploited").exists()
