"""A client of the API that waits for a server that is busy or restarting, and tells a refusal in one sentence."""

from __future__ import annotations

import time
from collections.abc import Callable
from http import HTTPStatus
from types import TracebackType
from typing import TYPE_CHECKING, Self

import click

if TYPE_CHECKING:
    import httpx

#: Seconds before the second try; each further pause is twice as long, up to the longest.
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
TRIES = 5
CONNECT_SECONDS, ANSWER_SECONDS = 5.0, 120.0
JSON, CSV = "application/json", "text/csv"

Sleep = Callable[[float], None]


class CallError(click.ClickException):
    """The server did not answer as it should; the message is one sentence. `problem` is its own words, if any."""

    def __init__(self, message: str, problem: dict[str, object] | None = None) -> None:
        super().__init__(message)
        self.problem = problem or {}


class ApiClient:
    """Asks one server, with an API key if there is one. Use it in a with statement."""

    def __init__(
        self,
        url: str,
        key: str | None = None,
        *,
        sleep: Sleep = time.sleep,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        import httpx

        headers = {"Authorization": f"Bearer {key}"} if key else {}
        timeout = httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS)
        try:
            self._http = httpx.Client(base_url=url, headers=headers, timeout=timeout, transport=transport)
        except (httpx.InvalidURL, ValueError) as error:  # ValueError: a key that no header can hold
            raise CallError(f"{url}: this address or key cannot be used: {error}") from error
        self.url = url
        self._sleep = sleep

    def __enter__(self) -> Self:
        """Return the client."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        """Close the connections."""
        self._http.close()

    def get(self, path: str) -> bytes:
        """Return what a path answers. Raises CallError."""
        return self._ask("GET", path).content

    def post(self, path: str, content: bytes, *, kind: str, accept: str) -> httpx.Response:
        """Send a body and return the answer. Raises CallError."""
        return self._ask("POST", path, content=content, headers={"Content-Type": kind, "Accept": accept})

    def _ask(self, method: str, path: str, **body: object) -> httpx.Response:
        """Ask until there is an answer; a busy or restarting server is asked again."""
        import httpx

        for tried in range(1, TRIES + 1):
            pause = min(FIRST_PAUSE * 2 ** (tried - 1), LONGEST_PAUSE)
            try:
                response = self._http.request(method, path, **body)  # type: ignore[arg-type]  # content and headers
            except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
                raise CallError(f"{self.url} is no address of a server: {error}") from error
            except httpx.TransportError as error:
                if tried == TRIES:
                    raise CallError(f"{self.url} does not answer: {str(error) or type(error).__name__}") from error
            else:
                if response.status_code != HTTPStatus.SERVICE_UNAVAILABLE or tried == TRIES:
                    return self._checked(response)
                pause = _retry_after(response.headers.get("Retry-After"), pause)
            if tried == 1:
                click.echo(f"{self.url} is not ready; asking again", err=True)
            self._sleep(pause)
        raise AssertionError("the last try returns or raises")

    def _checked(self, response: httpx.Response) -> httpx.Response:
        if response.is_success:
            return response
        status = response.status_code
        if status == HTTPStatus.UNAUTHORIZED:
            raise CallError(f"{self.url} wants an API key that it knows: set RISK_ASSETS_API_KEY")
        problem = _problem(response)
        words = problem.get("detail") or response.reason_phrase or "no reason given"
        raise CallError(f"{self.url}{response.request.url.path} answered {status}: {words}", problem)


def _problem(response: httpx.Response) -> dict[str, object]:
    """Return problem details (RFC 9457), nothing when the answer has none."""
    try:
        content = response.json()
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _retry_after(header: str | None, otherwise: float) -> float:
    """Return the seconds that the server asks to wait (RFC 9110: seconds or a date), our longest pause at most.

    A server that asks for none is given our own pause.
    """
    if header is None:
        return otherwise
    if header.strip().isdecimal():
        wanted = float(header)
    else:
        from email.utils import parsedate_to_datetime

        try:
            wanted = parsedate_to_datetime(header).timestamp() - time.time()
        except ValueError:
            return otherwise
    return min(wanted, LONGEST_PAUSE) if wanted > 0 else otherwise
