"""Who is signed in to the pages, and that each form was sent from one of our own pages.

The session is Flask's cookie: signed with a secret of this server, not readable by scripts, not sent along by
other sites. It holds the digest of the key that its holder named, so that it ends when the key is revoked.
"""

from __future__ import annotations

import hmac
import secrets
from datetime import timedelta

from flask import Flask, g, request, session
from flask.sessions import SecureCookieSessionInterface

from risk_assets.domain.access.roles import Visitor
from risk_assets.serve.http.replies import RequestError
from risk_assets.serve.state import serving
from risk_assets.storage.access.keys import digest

COOKIE = "risk_assets"
#: Where the front leaves the error of a form that it did not let in.
REFUSED = "risk_assets.refused"
LIFETIME = timedelta(hours=12)
KEY, TOKEN = "key", "form_token"


class FormExpiredError(RequestError):
    """A form without the secret word of its visitor."""


class Sessions(SecureCookieSessionInterface):
    """Flask's sessions; the cookie is for TLS alone wherever the page came by TLS, also through a proxy."""

    def get_cookie_secure(self, app: Flask) -> bool:
        """Return whether the cookie may travel by TLS only."""
        del app
        return request.is_secure or request.headers.get("X-Forwarded-Proto") == "https"


def keep_sessions(app: Flask, secret: bytes) -> None:
    """Let an application have sessions; its workers share the secret."""
    app.secret_key = secret
    app.session_interface = Sessions()
    app.permanent_session_lifetime = LIFETIME
    app.config.update(
        SESSION_COOKIE_NAME=COOKIE,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_REFRESH_EACH_REQUEST=False,
    )


def signed_in() -> Visitor | None:
    """Return who is signed in, None for a stranger, or the holder of a key that is revoked."""
    key = session.get(KEY)
    return serving().guard.holder(key) if isinstance(key, str) else None


def is_wanted() -> bool:
    """Whether this visitor has to sign in first."""
    return serving().guard.wants_key and "visitor" not in g and signed_in() is None


def has_signed_in() -> bool:
    """Whether this visitor can sign out."""
    return serving().guard.wants_key and signed_in() is not None


def check_form() -> None:
    """Refuse a form that is not ours. Raises RequestError: FormExpiredError, or that of a refused body."""
    if REFUSED in request.environ:
        raise request.environ[REFUSED]
    ours = session.get(TOKEN, "")
    theirs = request.form.get(TOKEN, "")
    if not ours or not hmac.compare_digest(ours.encode(), theirs.encode(errors="replace")):
        g.typed = request.form.get("note", "")
        words = "the form is too old, or cookies are off; go back, load the page again and resend"
        raise FormExpiredError(403, words)


def form_token() -> str:
    """Return the secret word that every form of this visitor carries."""
    if TOKEN not in session:
        session.permanent = True
        session[TOKEN] = secrets.token_urlsafe(24)
    return str(session[TOKEN])


def authenticate(key: str) -> None:
    """Note that this visitor has named a key; whatever the session held before is gone."""
    session.clear()
    session.permanent = True
    session[KEY] = digest(key)


def forget() -> None:
    """Note that this visitor has left."""
    session.clear()
