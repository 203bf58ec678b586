"""The page that asks for a key, where keys are set."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import urlsplit

from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from risk_assets.serve.guards.login_throttle import sender
from risk_assets.serve.pages.site import show
from risk_assets.serve.sessions import authenticate, forget
from risk_assets.serve.state import serving


def sign_in() -> Response:
    """Ask for a key."""
    return _ask()


def signed_in() -> AnyResponse:
    """Let in whoever names a key, and go on to the page that was asked for."""
    login_throttle = serving().login_throttle
    address = sender(request.remote_addr or "", request.headers.get("X-Forwarded-For", ""))
    if wait := login_throttle.seconds(address):
        asked = _ask(f"Too many wrong keys: try again in {wait} seconds.", HTTPStatus.TOO_MANY_REQUESTS)
        asked.headers["Retry-After"] = str(wait)
        return asked
    key = request.form.get("key", "").strip()
    known = serving().guard.visitor(key) is not None
    login_throttle.note(address, known=known)
    if not known:
        return _ask("This is not one of the keys of this server.", HTTPStatus.UNAUTHORIZED)
    authenticate(key)
    return redirect(_own_address(request.form.get("to", "")), HTTPStatus.SEE_OTHER)


def signed_out() -> AnyResponse:
    """Forget the visitor."""
    forget()
    return redirect(url_for("pages.sign_in"), HTTPStatus.SEE_OTHER)


def _ask(fault: str = "", status: int = 200) -> Response:
    return show("sign_in", status, fault=fault, to=_own_address(request.values.get("to", "")))


def _own_address(address: str) -> str:
    """Return an address of our own server; the first page in place of any other."""
    parts = urlsplit(address)
    is_ours = address.startswith("/") and not address.startswith(("//", "/\\")) and not parts.netloc
    return address if is_ours and address.isprintable() and "\\" not in address else "/"
