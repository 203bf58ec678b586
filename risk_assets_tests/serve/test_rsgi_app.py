"""The rsgi_app in this process, asked as Granian asks it."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest

from risk_assets.serve.http.replies import Reply
from risk_assets.serve.model import prediction
from risk_assets.serve.model.live import LiveModel
from risk_assets.serve.model.prediction import Predictions, Question
from risk_assets.serve.rsgi_app import RsgiApp
from risk_assets_tests.serve.conftest import Home
from risk_assets_tests.serve.deployed import CLIENT


class Request:
    """A request as a server gives it, and the place where the response arrives."""

    http_version = "1.1"
    server = "127.0.0.1:8000"
    client = "127.0.0.1:40000"
    scheme = "http"

    def __init__(self, method: str, path: str, body: bytes = b"", query: str = "", **headers: str) -> None:
        self.method, self.path, self.query_string, self.body = method, path, query, body
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        self.headers = {"content-length": str(len(body)), **given}
        self.status, self.answer, self.told = 0, b"", dict[str, str]()

    async def __call__(self) -> bytes:
        return self.body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self.body

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.status, self.told, self.answer = status, {name.lower(): value for name, value in headers}, body


def ask(home: Home, request: Request) -> Request:
    """Send a request through a front of its own."""
    rsgi_app = RsgiApp(home.app)
    asyncio.run(rsgi_app(request, request))  # type: ignore[arg-type]  # headers are a plain dictionary
    rsgi_app._threads.shutdown()
    rsgi_app._access.close()
    return request


def predict(body: bytes, query: str = "", **headers: str) -> Request:
    return Request("POST", "/prediction", body, query, content_type="application/json", **headers)


def fail(*_: object) -> Any:
    raise ZeroDivisionError("a secret detail")


@pytest.mark.parametrize(
    "case",
    [
        (Predictions, "answer", predict(b'{"clients": [{}]}', x_request_id="asked-7")),
        (LiveModel, "find", predict(b'{"clients": [{}]}', x_request_id="asked-7")),
        (LiveModel, "find", Request("GET", "/model", x_request_id="asked-7")),
        (LiveModel, "find", predict(b"", transfer_encoding="chunked", x_request_id="asked-7")),
    ],
)
def test_an_unforeseen_error_is_a_plain_answer_and_its_reason_stays_in_the_log(
    home: Home,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    case: tuple[type, str, Request],
) -> None:
    home.predict({"clients": [CLIENT]})
    owner, name, request = case
    monkeypatch.setattr(owner, name, fail)

    with caplog.at_level(logging.ERROR, "risk_assets"):
        answered = ask(home, request)

    assert (answered.status, json.loads(answered.answer)["detail"]) == (500, "the server failed; its log says why")
    assert answered.told["content-type"] == "application/problem+json"
    assert answered.told["x-content-type-options"] == "nosniff"
    assert (answered.told["x-request-id"], answered.told["x-model-version"]) == ("asked-7", home.version)
    assert b"secret" not in answered.answer
    assert ["asked-7" in record.message for record in caplog.records if record.exc_info].count(True) == 1
    assert "a secret detail" in caplog.text
    [line] = capsys.readouterr().out.splitlines()
    assert (json.loads(line)["request_id"], json.loads(line)["status"]) == ("asked-7", 500)


@pytest.mark.parametrize(
    ("body", "is_quick"),
    [
        (json.dumps({"clients": [CLIENT]}).encode(), True),
        (json.dumps({"clients": [{"activity": 1}] * 150}).encode(), True),
        (json.dumps({"clients": [{"activity": 1}] * 1000}).encode(), False),
        (json.dumps({"clients": [CLIENT]}).encode() + b" " * 20_000, False),
    ],
    ids=["one", "some", "many", "large"],
)
def test_much_work_does_not_hold_up_the_requests_of_others(
    home: Home, monkeypatch: pytest.MonkeyPatch, body: bytes, *, is_quick: bool
) -> None:
    at_work: list[bool] = []
    answer = Predictions.answer

    def noted(self: Predictions, question: Question) -> Reply:
        at_work.append(threading.current_thread() is threading.main_thread())
        return answer(self, question)

    monkeypatch.setattr(Predictions, "answer", noted)

    assert ask(home, predict(body, "reasons=10")).status == 200
    assert at_work == [is_quick]


@pytest.mark.parametrize("name", [b"filepath", b"file\\u0070ath"])
def test_a_file_is_read_where_it_holds_nobody_up(home: Home, monkeypatch: pytest.MonkeyPatch, name: bytes) -> None:
    readers: list[str] = []

    def noted(*_: object, **__: object) -> bytes:
        readers.append(threading.current_thread().name)
        return b"activity\n1\n"

    monkeypatch.setattr(prediction, "read_below", noted)

    assert ask(home, predict(b'{"' + name + b'": "a.csv"}')).status == 200
    assert [reader.startswith("flask") for reader in readers] == [True]


def test_a_csv_of_many_lines_is_much_work_whatever_ends_them(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[str] = []
    score = Predictions.score

    def noted(self: Predictions, *given: Any) -> Any:
        threads.append(threading.current_thread().name)
        return score(self, *given)

    monkeypatch.setattr(Predictions, "score", noted)
    for end in (b"\n", b"\r", b"\r\n"):
        body = b"activity" + end + (b"1" + end) * 1000
        assert ask(home, Request("POST", "/prediction", body, content_type="text/csv")).status == 200

    assert [name.startswith("flask") for name in threads] == [True] * 3


@pytest.mark.parametrize("query", ["q=é", "q=ł", "q=%c5%82", "q=%ff"])
def test_a_query_beyond_ascii_is_understood(home: Home, query: str) -> None:
    assert ask(home, Request("GET", "/clients", query=query)).status == 404, "no ranking yet"


def test_a_body_without_a_stated_length_is_refused(home: Home) -> None:
    refused = ask(home, predict(b'{"clients": [{}]}', transfer_encoding="chunked"))

    assert (refused.status, json.loads(refused.answer)["title"]) == (411, "Length Required")


@pytest.mark.parametrize("encoding", ["gzip", "br", "gzip, identity"])
def test_an_encoded_body_is_refused_and_an_identical_one_is_taken(home: Home, encoding: str) -> None:
    body = json.dumps({"clients": [CLIENT]}).encode()

    refused = ask(home, predict(body, content_encoding=encoding))
    taken = ask(home, predict(body, content_encoding="Identity"))

    assert (refused.status, taken.status) == (415, 200)
    words = f'the body has the Content-Encoding "{encoding}"; send it as it is, without one'
    assert json.loads(refused.answer)["detail"] == words
