"""In which form an answer is wanted, by the Accept header (RFC 9110, 12.5.1)."""

from __future__ import annotations

import functools
import re

QUALITY = re.compile(r"q=([01](?:\.\d{0,3})?)")


@functools.lru_cache(maxsize=256)
def wants_csv(accept: str) -> bool:
    """Whether CSV is preferred to JSON; what fits both as well, or neither, is answered as JSON.

    >>> wants_csv("text/csv"), wants_csv("text/csv;q=0"), wants_csv("text/csv;q=0.5, */*"), wants_csv("*/*")
    (True, False, False, False)
    """
    ranges = [_media_range(text) for text in accept.lower().split(",")]
    return _preference("text/csv", ranges) > _preference("application/json", ranges)


def _media_range(text: str) -> tuple[str, float]:
    """Return the name and the quality, which is 1 where none is given and 0 where it is none."""
    name, *parameters = (part.strip() for part in text.split(";"))
    given = [part for part in parameters if part.startswith("q=")]
    quality = QUALITY.fullmatch(given[0]) if given else None
    return name, float(quality[1]) if quality else float(not given)


def _preference(kind: str, ranges: list[tuple[str, float]]) -> tuple[float, int]:
    """Return the quality by the range that names `kind` most exactly, and how exactly that is."""
    names = ("*/*", f"{kind.partition('/')[0]}/*", kind)
    fitting = [(names.index(name), quality) for name, quality in ranges if name in names]
    exactness, quality = max(fitting, default=(-1, 0.0))
    return (quality, exactness) if quality else (0.0, -1)
