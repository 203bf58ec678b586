"""In which form an answer is wanted, by the Accept header (RFC 9110, 12.5.1)."""

from __future__ import annotations

import functools

from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

JSON, CSV = "application/json", "text/csv"


@functools.lru_cache(maxsize=256)
def wants_csv(accept: str) -> bool:
    """Whether CSV is preferred to JSON; what fits both as well, or neither, is answered as JSON.

    Parameters such as a charset play no part: an answer is always UTF-8.

    >>> wants_csv("text/csv"), wants_csv("text/csv;q=0"), wants_csv("text/csv;q=0.5, */*"), wants_csv("*/*")
    (True, False, False, False)
    >>> wants_csv("text/csv; header=present"), wants_csv("application/json; charset=utf-8, text/csv;q=0.9")
    (True, False)
    """
    ranges = [(name.partition(";")[0], quality) for name, quality in parse_accept_header(accept)]
    return MIMEAccept(ranges).best_match((JSON, CSV)) == CSV
