"""Who asks, what they may do, and whether they look with a browser."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import cast
from urllib.parse import quote, urlencode

from flask import g, redirect, request, url_for
from werkzeug.wrappers import Response

from risk_assets.domain.access.roles import Role, Visitor
from risk_assets.serve.guards.guard import is_open
from risk_assets.serve.http.negotiation import wanted_form
from risk_assets.serve.http.replies import RequestError
from risk_assets.serve.sessions import check_form, signed_in
from risk_assets.serve.state import serving
from risk_assets.storage.access.audit import record_action

PAGES = "/pages/"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def identify() -> Response | None:
    """Find out who asks before anything else: send strangers with a browser to the sign-in, refuse all others.

    A session opens what is read, and the forms of the pages, which carry a token of ours; what programs write
    needs a key in the request itself. One that is there, as a proxy may add it, opens pages too. Raises
    RequestError: 401, 403, 421, or that of a body that was not let in.
    """
    guard = serving().guard
    guard.check_host(request.headers.get("Host"))
    is_form = request.path.startswith(PAGES) and request.method == "POST"
    if not is_open(request.path):
        is_ours = is_form or request.method in SAFE_METHODS
        given = request.headers.get("Authorization", "")
        authorization = given if given.lower().startswith("bearer ") else None
        visitor = signed_in() if is_ours and authorization is None else None
        if visitor is None and authorization is None and guard.wants_key and wants_page():
            return _asked_to_sign_in()
        g.visitor = visitor or guard.check_key(authorization)
    if is_form:
        check_form()
    return _without_blanks() if request.method == "GET" and wants_page() else None


def _without_blanks() -> Response | None:
    """Lead to the address without the fields of a form that were left blank, so that it can be shared."""
    given = list(request.args.items(multi=True))
    filled = [(name, value) for name, value in given if value]
    if len(filled) == len(given):
        return None
    query = f"?{urlencode(filled)}" if filled else ""
    return redirect(quote(request.path) + query, HTTPStatus.FOUND)


def _asked_to_sign_in() -> Response:
    if request.method not in SAFE_METHODS:
        g.typed = request.form.get("note", "")
        raise RequestError(401, "you have been signed out; sign in and send the form again")
    return redirect(url_for("pages.sign_in", to=request.full_path.rstrip("?")), HTTPStatus.SEE_OTHER)


def visitor() -> Visitor:
    """Return who asks."""
    return cast("Visitor", g.visitor)


def may(role: Role) -> bool:
    """Whether whoever asks has a role; somebody who is not signed in has none."""
    return "visitor" in g and visitor().may(role)


def require(role: Role) -> Visitor:
    """Return who asks. Raises RequestError (403) where their role does not do."""
    found = visitor()
    if not found.may(role):
        raise RequestError(403, f"this needs a key that may {role}; `risk keys make NAME --role {role}` makes one")
    return found


def record(action: str, target: str) -> None:
    """Write into the audit log what whoever asks has done."""
    here = serving()
    record_action(here.layout, visitor(), action, target, now=datetime.now(UTC))


def wants_page() -> bool:
    """Whether an answer, or a refusal, is to be a page that people read."""
    is_page = request.path == "/" or request.path.startswith(PAGES)
    return is_page or wanted_form(request.headers.get("Accept", "")) == "html"
