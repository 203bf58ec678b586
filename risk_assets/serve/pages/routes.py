"""Every page and its address."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, redirect, url_for
from werkzeug.wrappers import Response

from risk_assets.domain.model.reasons import NO_REASON
from risk_assets.serve.pages import (
    client,
    clients,
    contacts,
    decide,
    files,
    history,
    model,
    overview,
    signing_in,
    upload,
)
from risk_assets.serve.pages.site import FILTERS, client_address, prepare


def first() -> Response:
    """Go to today's list."""
    return redirect(url_for("desk.calls"))


View = Callable[..., Response]
READ: dict[str, View] = {
    "/": first,
    "/pages/overview": overview.overview,
    "/pages/clients": clients.clients,
    "/pages/clients.csv": clients.clients_csv,
    "/pages/client": client.client,
    "/pages/upload": upload.upload,
    "/pages/sample.csv": upload.sample,
    "/pages/model": model.model,
    "/pages/history": history.history,
    "/pages/decide": decide.decide,
    "/pages/report.pdf": files.report,
    "/pages/sign-in": signing_in.sign_in,
    "/static/<name>": files.static,
    "/pages/<path:name>": files.nothing,
}
SEND: dict[str, View] = {
    "/pages/upload": upload.scored,
    "/pages/contact": contacts.write_contact,
    "/pages/decide": decide.decided,
    "/pages/sign-in": signing_in.signed_in,
    "/pages/sign-out": signing_in.signed_out,
}


def pages_blueprint() -> Blueprint:
    """Return the pages."""
    pages = Blueprint("pages", __name__, template_folder="../templates")
    for rule, view in READ.items():
        pages.add_url_rule(rule, view_func=view, methods=["GET"])
    for rule, view in SEND.items():
        pages.add_url_rule(rule, view_func=view, methods=["POST"])
    for name, function in FILTERS.items():
        pages.add_app_template_filter(function, name)
    pages.record_once(
        lambda state: state.app.jinja_env.globals.update(NO_REASON=NO_REASON, client_address=client_address)
    )
    pages.app_context_processor(prepare)
    return pages
