"""Answers, and the one form that every refusal has (problem details, RFC 9457)."""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from http import HTTPStatus
from itertools import chain
from typing import NamedTuple

import orjson

JSON = "application/json"
PROBLEM = "application/problem+json"
CSV = "text/csv; charset=utf-8"

#: Faults beyond these are counted, not listed.
LISTED_FAULTS = 20
SHOWN_CHARACTERS = 80

#: Writes compact JSON; raises ValueError for what JSON cannot hold.
encode = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode


def dump(content: object) -> bytes:
    """Return compact JSON; whole numbers beyond 64 bits are left to the module that knows them."""
    try:
        return orjson.dumps(content)
    except TypeError:
        return encode(content).encode()


class Reply(NamedTuple):
    """A whole answer; `version` is the model that it speaks of."""

    status: int
    media_type: str
    body: bytes
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a request: the row (1 is the first client), the field, and a message about it."""

    row: int | None
    field: str | None
    message: str

    def __str__(self) -> str:
        """Return the fault as people read it: "row 3: number_of_employees is below 0"."""
        place = "" if self.row is None else f"row {self.row}: "
        return place + (self.message if self.field is None else f"{self.field or shown('')} {self.message}")


class RequestError(Exception):
    """A request that cannot be answered: the status, a sentence, and the faults it is about."""

    def __init__(self, status: int, detail: str, faults: tuple[Fault, ...] = ()) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.faults = faults


class NotGeneratedError(RequestError):
    """A result that an asset has not generated yet."""

    def __init__(self, file: str, asset: str) -> None:
        super().__init__(404, f"{file} is not generated yet; materialize {asset}")
        self.asset = asset


def faulty(faults: Iterable[Fault]) -> RequestError:
    """Return the error of a request whose content is wrong: the first faults by row, and how many there are.

    Those of a row stay in their order. A request can hold millions: beyond the first they are counted, not kept.
    """
    count = 0

    def counted() -> Iterator[Fault]:
        nonlocal count
        for fault in faults:
            count += 1
            yield fault

    first = heapq.nsmallest(LISTED_FAULTS, counted(), key=lambda fault: fault.row or 0)
    more = f" (and {count - 1} more)" if count > 1 else ""
    return RequestError(422, f"{first[0]}{more}", tuple(first))


def refuse_any(faults: Iterable[Fault]) -> None:
    """Raise the error of a request with these faults, if there are any."""
    rest = iter(faults)
    first = next(rest, None)
    if first is not None:
        raise faulty(chain([first], rest))


def shown(value: object) -> str:
    """Return what a client sent, as JSON of bounded length, to quote it in a message; letters stay as they are."""
    try:
        text = _as_json(value)
    except RecursionError:  # writing takes a little more of the stack than reading did
        text = "something nested deeply"
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"


def _as_json(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return f"{value:.15g}"
    if isinstance(value, int) and abs(value) >= 10**SHOWN_CHARACTERS:
        return "a number of many digits"
    text = json.dumps(value, ensure_ascii=False)
    return text if text.isprintable() else json.dumps(value)


def json_reply(content: object, version: str | None = None) -> Reply:
    """Answer with JSON. Raises ValueError for what JSON cannot hold."""
    return Reply(200, JSON, encode(content).encode(), version)


def problem_reply(problem: RequestError, version: str | None = None) -> Reply:
    """Answer with what went wrong."""
    content: dict[str, object] = {
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
    }
    if problem.faults:
        content["faults"] = [asdict(fault) for fault in problem.faults]
    return Reply(problem.status, PROBLEM, json.dumps(content).encode(), version)
