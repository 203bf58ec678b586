"""The page that asks for a key, where keys are set."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response, request, url_for

from risk_assets.serve.pages.sessions import authenticate, forget
from risk_assets.serve.pages.site import show
from risk_assets.serve.state import serving


def sign_in() -> Response:
    """Ask for a key."""
    return _ask()


def signed_in() -> Response:
    """Let in whoever names a key, and go on to the page that was asked for."""
    login_throttle = serving().login_throttle
    if wait := login_throttle.seconds():
        asked = _ask(f"Too many wrong keys: try again in {wait} seconds.", HTTPStatus.TOO_MANY_REQUESTS)
        asked.headers["Retry-After"] = str(wait)
        return asked
    known = serving().guard.knows(request.form.get("key", "").strip())
    login_throttle.note(known=known)
    if not known:
        return _ask("This is not one of the keys of this server.", HTTPStatus.UNAUTHORIZED)
    authenticate()
    return _go(_own_address(request.form.get("to", "")))


def signed_out() -> Response:
    """Forget the visitor."""
    forget()
    return _go(url_for("pages.sign_in"))


def _ask(fault: str = "", status: int = 200) -> Response:
    return show("sign_in", status, fault=fault, to=_own_address(request.values.get("to", "")))


def _own_address(address: str) -> str:
    """Return an address of our pages; the first one in place of any other."""
    return address if address.startswith("/pages/") and address.isprintable() else url_for("pages.overview")


def _go(address: str) -> Response:
    response = Response(status=HTTPStatus.SEE_OTHER)
    response.headers["Location"] = address
    return response
