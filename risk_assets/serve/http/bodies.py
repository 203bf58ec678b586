"""Bodies of requests, read within limits: of size, of time, and of what a worker holds altogether."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import NoReturn

from risk_assets.serve.http.deadlines import Deadlines
from risk_assets.serve.http.replies import RequestError, shown
from risk_assets.serve.http.rsgi import HTTPProtocol, Scope

#: A body of this size at most is no burden.
SMALL_BYTES = 64 * 1024
#: One of this size at most is read in one go, as long as half of what a worker may hold is free.
WHOLE_BYTES = 4 * 1024 * 1024
#: Those above SMALL_BYTES that a worker holds at a time, in sum.
HELD_BYTES = 256 * 1024 * 1024
#: The one coding of a body that is taken (RFC 9110, 8.4.1): none.
IDENTITY = "identity"
#: A sender that is over the limit may send on for this long, so that it comes to reading the refusal.
DRAIN_SECONDS = 1.0


class Bodies:
    """Reads bodies of up to `max_bytes` within `seconds`; whoever read one says with `release` that it is gone."""

    def __init__(self, *, max_bytes: int, seconds: float) -> None:
        self._max_bytes = max_bytes
        self._seconds = seconds
        self._deadlines = Deadlines(seconds)
        self._held = 0

    async def read(self, scope: Scope, protocol: HTTPProtocol) -> bytes:
        """Return the body.

        Raises RequestError: 400 for one that breaks off, 408 slow, 411 without a length, 413 large, 415 encoded,
        503 no room.
        """
        headers = scope.headers
        encoding = headers.get("content-encoding") or IDENTITY
        if encoding.strip().lower() != IDENTITY:
            detail = f"the body has the Content-Encoding {shown(encoding)}; send it as it is, without one"
            await _refuse(scope, _chunks(protocol), RequestError(415, detail))
        if "transfer-encoding" in headers:
            # Granian gives chunks that break off, or are malformed, the same end as whole ones.
            detail = "the request does not say how long its body is; send Content-Length"
            await _refuse(scope, _chunks(protocol), RequestError(411, detail))
        stated = headers.get("content-length", "0") or ""
        if not (stated.isascii() and stated.isdecimal()):
            raise RequestError(400, f"Content-Length is not a number: {shown(stated)}")
        size = int(stated)
        try:
            if size <= SMALL_BYTES:
                body = await self._deadlines.within(protocol())
            elif size <= WHOLE_BYTES and self._held + size <= HELD_BYTES // 2:
                body = await self._deadlines.within(self._read_whole(protocol, size))
            else:
                body = await self._deadlines.within(self._read_large(scope, protocol, size))
        except TimeoutError as error:
            raise RequestError(408, f"the body did not arrive within {self._seconds:g} seconds") from error
        except RuntimeError as error:  # Granian's error of a connection that broke
            raise RequestError(400, "the body broke off") from error
        if len(body) != size:
            self.release(body)
            raise RequestError(400, "the body broke off")
        return body

    def release(self, body: bytes) -> None:
        """Count a body no more."""
        if len(body) > SMALL_BYTES:
            self._held -= len(body)

    async def _read_whole(self, protocol: HTTPProtocol, size: int) -> bytes:
        """Read a body in one go, which is faster than in pieces; it counts before it has arrived."""
        self._held += size
        arrived = 0
        try:
            body = await protocol()
            arrived = len(body) if len(body) > SMALL_BYTES else 0
        finally:
            self._held += arrived - size
        return body

    async def _read_large(self, scope: Scope, protocol: HTTPProtocol, size: int) -> bytes:
        chunks: list[bytes] = []
        length = 0
        arriving = _chunks(protocol)
        try:
            if size > self._max_bytes:
                detail = f"the body is larger than {self._max_bytes} bytes; send it in parts"
                await _refuse(scope, arriving, RequestError(413, detail))
            async for chunk in arriving:
                chunks.append(chunk)
                length += len(chunk)
                self._held += len(chunk)
                if self._held > HELD_BYTES:
                    detail = "there are too many large requests at once; try again in a moment"
                    await _refuse(scope, arriving, RequestError(503, detail))
        except BaseException:
            self._held -= length
            raise
        if length <= SMALL_BYTES:  # it broke off
            self._held -= length
        return b"".join(chunks)


async def _refuse(scope: Scope, arriving: AsyncIterator[bytes], error: RequestError) -> NoReturn:
    """Raise the error, once a sender that does not wait for a word can come to reading it."""
    if "expect" not in scope.headers:
        with contextlib.suppress(TimeoutError, RuntimeError):
            async with asyncio.timeout(DRAIN_SECONDS):
                async for _ in arriving:
                    pass
    raise error


async def _chunks(protocol: HTTPProtocol) -> AsyncIterator[bytes]:
    """Yield the body as it arrives; RSGI's own iterator can be taken up once only."""
    async for chunk in protocol:
        yield chunk
