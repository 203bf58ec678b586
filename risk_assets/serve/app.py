"""The application: `create_app(settings)` puts guard, endpoints, errors and headers together."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from http import HTTPStatus
from importlib.metadata import version as installed

from flask import Flask, Response, request
from flask_openapi.models.info import Info
from flask_openapi.openapi import OpenAPI
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException

from risk_assets.domain.access.roles import Role
from risk_assets.serve.addresses import ClientIdConverter, addresses_blueprint
from risk_assets.serve.api.answers import ProblemAnswer
from risk_assets.serve.api.health import health
from risk_assets.serve.api.inference import inference_blueprint
from risk_assets.serve.api.prediction import prediction_blueprint
from risk_assets.serve.api.replying import body_fault, respond
from risk_assets.serve.api.results import results
from risk_assets.serve.guards.guard import Guard
from risk_assets.serve.http.headers import security_headers
from risk_assets.serve.http.replies import Fault, RequestError, faulty, problem_reply
from risk_assets.serve.pages.routes import pages_blueprint
from risk_assets.serve.pages.site import show_http_error, show_problem
from risk_assets.serve.sessions import keep_sessions
from risk_assets.serve.state import EXTENSION, Serving, live_name
from risk_assets.serve.visitors import identify, wants_page
from risk_assets.settings import Settings
from risk_assets.settings.loading import ConfigFile
from risk_assets.storage.layout import Layout

BEARER = {
    "type": "http",
    "scheme": "bearer",
    "description": "made by `risk keys make`, or one of RISK_ASSETS_API_KEYS",
}
#: Where the front finds which rule answered, for its figures.
ROUTE = "risk_assets.route"


def create_app(
    settings: Settings,
    *,
    hosts: Collection[str] = (),
    secret: bytes | None = None,
    anyone: Role = "operate",
    config: ConfigFile | None = None,
) -> Flask:
    """Return the application that serves what the settings name, to requests for `hosts` alone if they are given.

    `anyone` is the role of whoever asks while there is no key. `secret` signs the sessions of the pages:
    applications behind one address share it; unset, it is a new one. Pages say when `config`, the file of the
    settings, has changed since. Nothing has to be deployed or generated yet. The application starts a thread for
    the prediction log, so make it in the process that serves.
    """
    keys, path = [key.get_secret_value() for key in settings.api_keys], Layout.of(settings).access_keys
    app = _documented_app(wants_key=bool(keys) or path.exists())
    app.extensions[EXTENSION] = Serving.of(settings, Guard(keys, hosts, path=path, anyone=anyone), config)
    app.url_map.merge_slashes = False
    app.url_map.converters["client_id"] = ClientIdConverter
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    app.json.sort_keys = False  # type: ignore[attr-defined]  # flask types the provider by its base class
    for blueprint in (
        prediction_blueprint(settings),
        results,
        addresses_blueprint(settings.client_columns),
        inference_blueprint(settings),
        health,
    ):
        app.register_api(blueprint)
    keep_sessions(app, secret or secrets.token_bytes(32))
    app.register_blueprint(pages_blueprint())
    app.before_request(identify)
    app.after_request(_finish)
    app.register_error_handler(RequestError, _refuse)
    app.register_error_handler(HTTPException, _fail)
    return app


def _documented_app(*, wants_key: bool) -> OpenAPI:
    """Return an application without addresses, whose documentation says whether a key is wanted."""
    app = OpenAPI(
        __name__,
        info=Info(title="risk_assets", version=installed("risk_assets"), description="Attrition risk of clients"),
        security_schemes={"key": BEARER} if wants_key else None,
        openapi_extensions={"security": [{"key": []}]} if wants_key else None,
        validation_error_model=ProblemAnswer,
        validation_error_callback=_wrong_parameters,
        static_folder=None,
    )
    app.openapi_version = "3.1.0"
    return app


def _finish(response: Response) -> Response:
    headers = response.headers
    for name, value in security_headers(request.path):
        headers[name] = value
    if "X-Model-Version" not in headers:
        headers["X-Model-Version"] = live_name() or "none"
    if response.status_code == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    request.environ[ROUTE] = request.url_rule.rule if request.url_rule else "none"
    return response


def _refuse(problem: RequestError) -> Response:
    return show_problem(problem) if wants_page() else respond(problem_reply(problem, live_name()))


def _fail(error: HTTPException) -> Response:
    """Answer for Flask and for unforeseen errors, which Flask has logged: a sentence, never a stack trace."""
    if wants_page():
        return show_http_error(error)
    status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    sentence = error.description or error.name
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        sentence = "the server failed; its log says why"
    response = _refuse(RequestError(status, sentence))
    for name, value in error.get_headers():
        if name in {"Allow", "Location", "Retry-After"}:
            response.headers[name] = value
    return response


def _wrong_parameters(error: ValidationError) -> Response:
    if any(not item["loc"] for item in error.errors()):
        return _refuse(body_fault())
    faults = [
        Fault(
            None,
            ".".join(map(str, item["loc"])),
            "is not known here" if item["type"] == "extra_forbidden" else item["msg"],
        )
        for item in error.errors()
    ]
    return _refuse(faulty(faults))
