"""In which form an answer is wanted, by the Accept header (RFC 9110, 12.5.1)."""

from __future__ import annotations

import functools

from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

JSON = "application/json"
#: As people ask for it; an answer is always UTF-8.
CSV = ("text/csv", "text/csv; charset=utf-8")


@functools.lru_cache(maxsize=256)
def wants_csv(accept: str) -> bool:
    """Whether CSV is preferred to JSON; what fits both as well, or neither, is answered as JSON.

    >>> wants_csv("text/csv"), wants_csv("text/csv;q=0"), wants_csv("text/csv;q=0.5, */*"), wants_csv("*/*")
    (True, False, False, False)
    """
    return parse_accept_header(accept, MIMEAccept).best_match((JSON, *CSV)) in CSV
