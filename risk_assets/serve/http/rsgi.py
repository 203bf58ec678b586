"""The parts of RSGI, Granian's interface to applications, that the front uses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol


class RequestHeaders(Protocol):
    """Headers by lower-case name."""

    def get(self, key: str, default: str | None = None) -> str | None:
        """Return the first value of a header."""

    def items(self) -> list[tuple[str, str]]:
        """Return all headers."""

    def __contains__(self, key: str) -> bool:
        """Whether the header is there."""


class Scope(Protocol):
    """What is known of a request once its headers are read."""

    http_version: str
    server: str
    client: str
    scheme: str
    method: str
    path: str
    query_string: str
    headers: RequestHeaders


class HTTPProtocol(Protocol):
    """The way to a request's body, and for the response."""

    async def __call__(self) -> bytes:
        """Return the whole body."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Return the body piece by piece."""

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        """Respond."""
