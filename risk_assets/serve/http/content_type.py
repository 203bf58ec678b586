"""What kind of text a request's body is, by its Content-Type (RFC 9110, 8.3)."""

from __future__ import annotations

import functools

from werkzeug.http import parse_options_header

from risk_assets.serve.http.replies import RequestError, shown

#: The character sets that are read as UTF-8: its names, and ASCII, which is a part of it.
CHARACTER_SETS = ("utf-8", "utf8", "us-ascii")


@functools.lru_cache(maxsize=256)
def media_type(content_type: str) -> str:
    """Return the media type in lower case, "" where none is given. Raises RequestError (415) for another charset.

    >>> media_type('Text/CSV; charset="UTF-8"')
    'text/csv'
    """
    kind, options = parse_options_header(content_type)
    charset = options.get("charset", CHARACTER_SETS[0])
    if charset.lower() not in CHARACTER_SETS:
        raise RequestError(415, f"the charset {shown(charset)} is not accepted; send utf-8")
    return kind.strip().lower()
