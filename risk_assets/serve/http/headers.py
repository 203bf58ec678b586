"""Headers that tell browsers to be careful with what this server sends."""

from __future__ import annotations

from functools import lru_cache

COMMON = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cache-Control", "no-store"),
)
OURS_ALONE = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
#: Swagger UI starts from a script and styles within its page.
WITH_INLINE = f"{OURS_ALONE}; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'"

#: Style sheets and the icon are the same for everybody.
STATIC = (*COMMON[:-1], ("Cache-Control", "public, max-age=3600"), ("Content-Security-Policy", OURS_ALONE))


def security_headers(path: str) -> tuple[tuple[str, str], ...]:
    """Return the headers of an answer to a request for `path`."""
    if path.startswith("/static/"):
        return STATIC
    return _with_policy(documentation=path.startswith("/openapi"))


@lru_cache
def _with_policy(*, documentation: bool) -> tuple[tuple[str, str], ...]:
    return (*COMMON, ("Content-Security-Policy", WITH_INLINE if documentation else OURS_ALONE))
