"""What a request for predictions can ask for beyond risk and label."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, cast
from urllib.parse import parse_qsl

from risk_assets.domain.scoring.scored_file import MOST_REASONS
from risk_assets.serve.http.replies import RequestError, shown

WORDS = {"true": True, "false": False}


class Options(NamedTuple):
    """How many reasons, whether the interval of the risk, and whether what each column adds to the log-odds."""

    reasons: int = 0
    interval: bool = False
    contributions: bool = False


OPTIONS = Options._fields
NOTHING_MORE = Options()


def options_of_query(query: str) -> dict[str, object]:
    """Return the options that a query string gives. Raises RequestError (422) for another parameter."""
    found: dict[str, object] = {}
    for name, text in parse_qsl(query, keep_blank_values=True) if query else ():
        if name not in OPTIONS:
            raise RequestError(
                422, f"the parameter {shown(name)} is not known here; there are {', '.join(OPTIONS)}"
            )
        if name in found:
            raise RequestError(422, f"{name} is given twice")
        found[name] = _whole(text) if name == "reasons" else WORDS.get(text, text)
    return found


def options_of(body: Mapping[str, object], query: Mapping[str, object]) -> Options:
    """Return the options of a request, those of its query first. Raises RequestError (422) for another value."""
    if not query and body.keys().isdisjoint(OPTIONS):
        return NOTHING_MORE
    for given in (body, query):
        for name in given.keys() & set(OPTIONS):
            CHECKS[name](name, given[name])
    found = {name: value for name, value in {**body, **query}.items() if name in OPTIONS}
    return Options(**cast("dict[str, Any]", found))


def _whole(text: str) -> object:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= len(str(MOST_REASONS)) else text


def _require_count(name: str, given: object) -> None:
    whole = isinstance(given, int | float) and not isinstance(given, bool) and given in range(MOST_REASONS + 1)
    if not whole:
        raise RequestError(422, f"{name} is not a whole number from 0 to {MOST_REASONS}: {shown(given)}")


def _require_flag(name: str, given: object) -> None:
    if not isinstance(given, bool):
        raise RequestError(422, f"{name} is not true or false: {shown(given)}")


CHECKS = {"reasons": _require_count, "interval": _require_flag, "contributions": _require_flag}
