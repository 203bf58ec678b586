"""Every page and its address."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response
from werkzeug.exceptions import HTTPException

from risk_assets.domain.model.reasons import NO_REASON
from risk_assets.serve.http.replies import RequestError
from risk_assets.serve.pages import clients, files, history, model, overview, sessions, signing_in, upload
from risk_assets.serve.pages.site import FILTERS, prepare, show_http_error, show_problem

View = Callable[..., Response]
READ: dict[str, View] = {
    "/": overview.overview,
    "/pages/clients": clients.clients,
    "/pages/clients.csv": clients.clients_csv,
    "/pages/client": clients.client,
    "/pages/upload": upload.upload,
    "/pages/model": model.model,
    "/pages/history": history.history,
    "/pages/report.pdf": files.report,
    "/pages/sign-in": signing_in.sign_in,
    "/static/<name>": files.static,
    "/pages/<path:name>": files.nothing,
}
SEND: dict[str, View] = {
    "/pages/upload": upload.scored,
    "/pages/sign-in": signing_in.signed_in,
    "/pages/sign-out": signing_in.signed_out,
}


def pages_blueprint() -> Blueprint:
    """Return the pages; they look after their own sign-in, so the guard of the API leaves them alone."""
    pages = Blueprint("pages", __name__, template_folder="../templates")
    for rule, view in READ.items():
        pages.add_url_rule(rule, view_func=view, methods=["GET"])
    for rule, view in SEND.items():
        pages.add_url_rule(rule, view_func=view, methods=["POST"])
    for name, function in FILTERS.items():
        pages.add_app_template_filter(function, name)
    pages.record_once(lambda state: state.app.jinja_env.globals.update(NO_REASON=NO_REASON))
    pages.before_request(sessions.check)
    pages.context_processor(prepare)
    pages.register_error_handler(RequestError, show_problem)
    pages.register_error_handler(HTTPException, show_http_error)
    return pages
