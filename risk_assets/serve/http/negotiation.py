"""In which form an answer is wanted, by the Accept header (RFC 9110, 12.5.1)."""

from __future__ import annotations

import functools
from collections.abc import Collection
from typing import Literal

from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

Form = Literal["json", "csv", "html", "xlsx"]
#: What fits none of them, or all, is answered in the first form that is offered.
MEDIA_TYPES: dict[Form, str] = {
    "json": "application/json",
    "csv": "text/csv",
    "html": "text/html",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
EVERY_FORM: tuple[Form, ...] = ("json", "html", "csv", "xlsx")


@functools.lru_cache(maxsize=1024)
def wanted_form(accept: str, offered: Collection[Form] = EVERY_FORM) -> Form:
    """Return the form that is preferred; what fits several as well, or none, gets the first that is offered.

    Parameters such as a charset play no part: an answer is always UTF-8.

    >>> wanted_form("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"), wanted_form("*/*")
    ('html', 'json')
    >>> wanted_form("text/csv;q=0.5, */*"), wanted_form("application/pdf")
    ('json', 'json')
    """
    ranges = [(name.partition(";")[0], quality) for name, quality in parse_accept_header(accept)]
    best = MIMEAccept(ranges).best_match([MEDIA_TYPES[form] for form in offered])
    return next((form for form in offered if MEDIA_TYPES[form] == best), next(iter(offered)))


def wants_csv(accept: str) -> bool:
    """Whether CSV is preferred to JSON.

    >>> wants_csv("text/csv"), wants_csv("text/csv;q=0"), wants_csv("text/csv;q=0.5, */*"), wants_csv("*/*")
    (True, False, False, False)
    >>> wants_csv("text/csv; header=present"), wants_csv("application/json; charset=utf-8, text/csv;q=0.9")
    (True, False)
    """
    return wanted_form(accept, ("json", "csv")) == "csv"
