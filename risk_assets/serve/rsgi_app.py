"""The front of the server: limits, request ids, the access log, and the short way to a prediction.

Granian's WSGI interface lets a request's body arrive at its sender's pace while a thread waits, so that a few slow
senders would stop the server. Its RSGI interface is asynchronous: here bodies are read with a size and a time
limit before any thread or any other code sees the request. A small prediction is then answered at once, by the
same function that stands behind Flask's view of it; everything else goes to Flask in a thread.
"""

from __future__ import annotations

import asyncio
import io
import itertools
import logging
import os
import re
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http import HTTPStatus
from typing import Any

from flask import Flask

from risk_assets.serve.api.prediction import PREDICTION
from risk_assets.serve.app import ROUTE
from risk_assets.serve.background import Background
from risk_assets.serve.http.bodies import Bodies
from risk_assets.serve.http.headers import security_headers
from risk_assets.serve.http.replies import Reply, RequestError, problem_reply
from risk_assets.serve.http.rsgi import HTTPProtocol, Scope
from risk_assets.serve.log_process import LogProcess
from risk_assets.serve.logs import ACCESS_LOG, Access, note_access
from risk_assets.serve.metrics import ACCESS_DROPPED
from risk_assets.serve.model.prediction import Question
from risk_assets.serve.model.prediction_log import PREDICTION_LOG
from risk_assets.serve.sessions import REFUSED
from risk_assets.serve.state import serving_of

logger = logging.getLogger(__name__)

Headers = list[tuple[str, str]]
Response = tuple[int, Headers, bytes]

PAGES = "/pages/"
THREADS = 8
#: A prediction of this size at most, with this many clients and ten reasons for each, takes a few milliseconds.
QUICK_BYTES = 16 * 1024
QUICK_CLIENTS = 200
ACCESS_CAPACITY = 100_000
#: The header with the version that answered, which each response has.
VERSION = "x-model-version"
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
ENVIRON: dict[str, Any] = {
    "SCRIPT_NAME": "",
    "wsgi.version": (1, 0),
    "wsgi.errors": sys.stderr,
    "wsgi.input_terminated": True,
    "wsgi.multithread": True,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
}


class RsgiApp:
    """An RSGI application around a Flask application; `logs` writes its logs, or threads of this process do."""

    def __init__(self, app: Flask, logs: LogProcess | None = None) -> None:
        self._app = app
        self._serving = serving_of(app)
        self._settings = self._serving.settings
        self._threads = ThreadPoolExecutor(THREADS, "flask")
        self._bodies = Bodies(max_bytes=self._settings.max_body_bytes, seconds=self._settings.body_seconds)
        self._prefix, self._numbers = os.urandom(6).hex(), itertools.count(1)
        self._logs = logs
        note = logs.writer(ACCESS_LOG) if logs else partial(note_access, written=self._settings.access_log)
        self._access: Background[Access] = Background(note, capacity=ACCESS_CAPACITY, name=ACCESS_LOG)
        if logs:
            self._serving.log.write_with(logs.writer(PREDICTION_LOG))
        self._prediction_headers = [(name.lower(), value) for name, value in security_headers(PREDICTION)]

    async def __call__(self, scope: Scope, protocol: HTTPProtocol) -> None:
        """Answer one request."""
        started = time.perf_counter()
        request_id = self._request_id(scope)
        try:
            received, route, (status, headers, content) = await self._receive(scope, protocol)
        except Exception:
            # Beyond this there is only Granian, which would answer without a word, an id or a line in the log.
            logger.exception("request %s failed", request_id)
            received, route, (status, headers, content) = 0, "none", self._failed()
        headers += (("x-request-id", request_id), ("server", "risk_assets"))
        protocol.response_bytes(status, headers, content)
        name, version = headers[0]
        if name != VERSION:
            version = next(value for name, value in headers if name.lower() == VERSION)
        entry = Access(
            at=time.time(),
            request_id=request_id,
            client=scope.client,
            method=scope.method,
            path=scope.path,
            route=route,
            status=status,
            seconds=time.perf_counter() - started,
            received=received,
            sent=len(content),
            version=version,
        )
        if not self._access.put(entry):
            ACCESS_DROPPED.inc()

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Write what waits; the server calls this after the last request."""
        self._threads.shutdown()
        self._access.close()
        self._serving.close()
        if self._logs:
            self._logs.close()

    def _request_id(self, scope: Scope) -> str:
        """Return the sender's own id, or a new one."""
        given = scope.headers.get("x-request-id")
        return given if given and REQUEST_ID.fullmatch(given) else f"{self._prefix}-{next(self._numbers):x}"

    async def _receive(self, scope: Scope, protocol: HTTPProtocol) -> tuple[int, str, Response]:
        """Return the size of the body, the route and the response."""
        try:
            body = await self._bodies.read(scope, protocol)
        except RequestError as error:
            if _is_form(scope):
                return 0, *await self._ask_flask(_environ(scope, b"") | {REFUSED: error})
            return 0, "none", self._plain(problem_reply(error))
        try:
            return len(body), *await self._answer(scope, body)
        finally:
            self._bodies.release(body)

    async def _answer(self, scope: Scope, body: bytes) -> tuple[str, Response]:
        """Return the route and the response."""
        if _is_quick(scope, body):
            return PREDICTION, self._quick(scope, body)
        return await self._ask_flask(_environ(scope, body))

    async def _ask_flask(self, environ: dict[str, Any]) -> tuple[str, Response]:
        response = await asyncio.get_running_loop().run_in_executor(self._threads, self._flask, environ)
        return environ.get(ROUTE, "none"), response

    def _quick(self, scope: Scope, body: bytes) -> Response:
        headers = scope.headers
        guard = self._serving.guard
        try:
            guard.check_host(headers.get("host"))
            guard.check_key(headers.get("authorization"))
            question = Question(
                headers.get("content-type") or "", headers.get("accept") or "", scope.query_string, body
            )
            reply = self._serving.predictions.answer(question)
        except RequestError as error:
            reply = problem_reply(error)
        return self._plain(reply)

    def _plain(self, reply: Reply) -> Response:
        version = reply.version
        if version is None:
            live = self._serving.live.find()
            version = live.name if live else "none"
        headers = [(VERSION, version), ("content-type", reply.media_type), *self._prediction_headers]
        if reply.status == HTTPStatus.UNAUTHORIZED:
            headers.append(("www-authenticate", "Bearer"))
        return reply.status, headers, reply.body

    def _failed(self) -> Response:
        """Answer where anything may be broken, so without a look at the disk."""
        held = self._serving.live.held
        error = RequestError(500, "the server failed; its log says why")
        return self._plain(problem_reply(error, held.name if held else "none"))

    def _flask(self, environ: dict[str, Any]) -> Response:
        status, headers = 500, Headers()

        def start(line: str, given: Headers, _: object = None) -> Callable[[bytes], object]:
            nonlocal status, headers
            status, headers = int(line[:3]), given
            return _unwritable

        parts: Iterable[bytes] = self._app(environ, start)
        try:
            content = b"".join(parts)
        finally:
            if hasattr(parts, "close"):
                parts.close()
        return status, headers, content


def _unwritable(part: bytes) -> object:
    """Stand for PEP 3333's old way of writing, which Flask does not use."""
    raise NotImplementedError(f"{len(part)} bytes were written past the response")


def _is_quick(scope: Scope, body: bytes) -> bool:
    """Whether a request is a prediction that reads no file and is so small that others can wait for it.

    As JSON a client takes a brace, as CSV the end of a line; an escape could spell filepath in another way.
    """
    is_prediction = scope.path == PREDICTION and scope.method == "POST"
    if not is_prediction or len(body) > QUICK_BYTES or b"filepath" in body or b"\\u" in body:
        return False
    return max(body.count(b"{"), body.count(b"\n"), body.count(b"\r")) <= QUICK_CLIENTS


def _is_form(scope: Scope) -> bool:
    """Whether a browser sends a form of the pages, whose refusal people read: that is a page too."""
    return scope.path.startswith(PAGES) and "text/html" in (scope.headers.get("accept") or "").lower()


def _environ(scope: Scope, body: bytes) -> dict[str, Any]:
    """Return the request as WSGI has it (PEP 3333)."""
    host, _, port = scope.server.rpartition(":")
    environ = {
        **ENVIRON,
        "REQUEST_METHOD": scope.method,
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string.encode().decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "SERVER_NAME": host,
        "SERVER_PORT": port,
        "REMOTE_ADDR": scope.client.rpartition(":")[0],
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": io.BytesIO(body),
    }
    for name, value in scope.headers.items():
        key = f"HTTP_{name.upper().replace('-', '_')}"
        environ[key] = f"{environ[key]},{value}" if key in environ else value
    environ["CONTENT_TYPE"] = environ.pop("HTTP_CONTENT_TYPE", "")
    environ["CONTENT_LENGTH"] = str(len(body))
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    environ.pop("HTTP_CONTENT_LENGTH", None)
    return environ
