"""Who may see the pages where API keys are set, and that each form was sent from one of our own pages.

The session is Flask's cookie: signed with a secret of this server, not readable by scripts, not sent along by
other sites. It says that its holder named a key; the key is not in it. The secret is made when the server starts,
so taking a key away and restarting ends every session.
"""

from __future__ import annotations

import hmac
import secrets
from datetime import timedelta
from http import HTTPStatus

from flask import Flask, redirect, request, session, url_for
from flask.sessions import SecureCookieSessionInterface
from werkzeug.wrappers import Response as AnyResponse

from risk_assets.serve.http.replies import RequestError
from risk_assets.serve.state import serving

COOKIE = "risk_assets"
#: Where the front leaves the error of a form that it did not let in.
REFUSED = "risk_assets.refused"
LIFETIME = timedelta(hours=12)
SIGNED_IN, TOKEN = "signed_in", "form_token"
#: Pages that show nothing of ours.
OPEN = frozenset({"pages.sign_in", "pages.signed_in", "pages.static"})


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


def is_wanted() -> bool:
    """Whether this visitor has to sign in first."""
    return serving().guard.wants_key and SIGNED_IN not in session


def has_signed_in() -> bool:
    """Whether this visitor can sign out."""
    return serving().guard.wants_key and SIGNED_IN in session


def check() -> AnyResponse | None:
    """Send strangers to the sign-in, and refuse forms that are not ours, or whose body was not let in.

    Raises RequestError: 401, 403, or that of the body.
    """
    if request.endpoint not in OPEN and is_wanted():
        if request.method == "GET":
            return redirect(url_for("pages.sign_in", to=request.full_path.rstrip("?")), HTTPStatus.SEE_OTHER)
        raise RequestError(401, "you have been signed out; sign in and send the form again")
    if REFUSED in request.environ:
        raise request.environ[REFUSED]
    if request.method == "POST":
        ours = session.get(TOKEN, "")
        theirs = request.form.get(TOKEN, "")
        if not ours or not hmac.compare_digest(ours.encode(), theirs.encode(errors="replace")):
            raise RequestError(
                403, "the form is too old, or cookies are off; go back, load the page again and resend"
            )
    return None


def form_token() -> str:
    """Return the secret word that every form of this visitor carries."""
    if TOKEN not in session:
        session.permanent = True
        session[TOKEN] = secrets.token_urlsafe(24)
    return str(session[TOKEN])


def authenticate() -> None:
    """Note that this visitor has named a key; whatever the session held before is gone."""
    session.clear()
    session.permanent = True
    session[SIGNED_IN] = True


def forget() -> None:
    """Note that this visitor has left."""
    session.clear()
