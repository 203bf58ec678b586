"""Addresses with several forms: a page for browsers, JSON, CSV and Excel for programs, by suffix or by Accept."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from flask import Response, request
from flask_openapi.blueprint import APIBlueprint
from flask_openapi.models.tag import Tag
from flask_openapi.types import ResponseDict
from pydantic import BaseModel, Field
from werkzeug.routing import PathConverter

from risk_assets.domain.columns import Columns
from risk_assets.serve.api.answers import CallListAnswer, ClientAnswer, ClientList, ContactAnswer, ContactList
from risk_assets.serve.api.clients import describe_client, list_clients
from risk_assets.serve.api.contacts import find_calls, find_contacts, list_calls, list_contacts, write_contact
from risk_assets.serve.api.questions import CallQuery, ClientQuery, ContactQuery, call_query, client_query
from risk_assets.serve.api.replying import answer, problems, refuse_parameters
from risk_assets.serve.client_sheet import Sheet, calls_sheet, clients_sheet, contacts_sheet
from risk_assets.serve.http.negotiation import EVERY_FORM, MEDIA_TYPES, Form, wanted_form
from risk_assets.serve.http.replies import CSV, RequestError
from risk_assets.serve.pages import call_list, client, clients, contacts
from risk_assets.serve.state import serving
from risk_assets.storage.contacts.export import outcomes_csv

SUFFIXES: dict[str, Form] = {".json": "json", ".csv": "csv", ".xlsx": "xlsx"}
TAG = Tag(name="clients", description="the clients, ranked by risk; whom to call, and what came of it")


class ClientIdConverter(PathConverter):
    """The rest of a path, which may also begin with a slash."""

    regex = ".+?"
    part_isolating = False


class ClientPath(BaseModel):
    """Which client."""

    id: str = Field(min_length=1, description="as in the client files")


def addresses_blueprint(columns: Columns) -> APIBlueprint:
    """Return what has an address in several forms; filters are by the columns."""
    found = APIBlueprint("desk", __name__, abp_tags=[TAG], abp_responses=problems(401, 403, 404, 422, 503))
    searched, calls = client_query(columns), call_query(columns)
    _serve(found, "/clients", _clients, searched, ClientList)
    _serve(found, "/calls", _calls, calls, CallListAnswer)
    _serve(found, "/contacts", _contacts, ContactQuery, ContactList)
    refused = problems(400, 403, 409, 415)
    found.post("/contacts", responses={201: ContactAnswer, 200: ContactAnswer, **refused})(write_contact)
    found.get("/contacts/outcomes.csv", responses={200: {"content": {"text/csv": {}}}})(outcomes)
    found.get("/clients/<client_id:id>", responses=_responses(ClientAnswer))(one_client)
    return found


def _serve(
    blueprint: APIBlueprint,
    path: str,
    reply: Callable[[Any, Form], Response],
    query_model: type[BaseModel],
    model: type[BaseModel],
) -> None:
    """Let a view answer at a path by Accept, and in one form at the path with each suffix."""
    for suffix, fixed in [("", None), *SUFFIXES.items()]:

        def view(query: BaseModel, fixed: Form | None = fixed) -> Response:
            return reply(query, fixed or _wanted())

        view.__annotations__ = {"query": query_model}
        view.__doc__ = reply.__doc__
        view.__name__ = f"{path.strip('/')}_{fixed}" if fixed else path.strip("/")
        blueprint.get(f"{path}{suffix}", responses=_responses(model, fixed))(view)


def _responses(model: type[BaseModel], form: Form | None = None) -> ResponseDict:
    if form in {"csv", "xlsx"}:
        return {200: {"description": "a file", "content": {MEDIA_TYPES[form]: {}}}}
    return {200: model}


def _wanted(offered: tuple[Form, ...] = EVERY_FORM) -> Form:
    return wanted_form(request.headers.get("Accept", ""), offered)


def _clients(query: ClientQuery, form: Form) -> Response:
    """Return a page of clients, ranked by risk; a file holds all of them up to max_rows."""
    if form == "json":
        return answer(list_clients(query))
    if form == "html":
        return clients.show_clients(query)
    most = serving().settings.max_rows
    found = serving().clients.page(**{**query.search(), "page": 1}, size=most)
    return send(clients_sheet(serving().columns, found.clients, query.status), form, "clients_at_risk")


def _calls(query: CallQuery, form: Form) -> Response:
    """Return whom to call today."""
    if form == "html":
        return call_list.show_calls(query)
    calls = find_calls(query)
    if form == "json":
        return answer(list_calls(calls))
    return send(calls_sheet(serving().columns, calls), form, f"calls_{calls.day}")


def _contacts(query: ContactQuery, form: Form) -> Response:
    """Return contacts, the latest first; a file holds all that fit, the earliest first, whatever `before` says."""
    if form == "html":
        return contacts.show_contacts(query)
    if form == "json":
        return answer(list_contacts(query, find_contacts(query)))
    found = serving().desk.all(client=query.client, by=query.by)
    return send(contacts_sheet(found), form, "contacts")


def one_client(path: ClientPath) -> Response:
    """Return one client: current or left, risk, rank, reasons, the shape values behind them, and its rows."""
    refuse_parameters()
    if _wanted(("json", "html")) == "html":
        return client.show_client(path.id)
    try:
        return answer(describe_client(path.id))
    except RequestError as error:
        if error.status != HTTPStatus.NOT_FOUND or not path.id.endswith(".json"):
            raise
        return answer(describe_client(path.id.removesuffix(".json")))


def outcomes() -> Response:
    """Return who left and when, as managers say, as a file of outcomes."""
    refuse_parameters()
    content = outcomes_csv(serving().settings, serving().desk.leavings())
    response = Response(content, content_type=CSV)
    response.headers["Content-Disposition"] = "attachment; filename=contacts_left.csv"
    return response


def send(sheet: Sheet, form: Form, name: str) -> Response:
    """Return a sheet as a file to download."""
    content = sheet.xlsx() if form == "xlsx" else sheet.csv()
    response = Response(content, content_type=CSV if form == "csv" else MEDIA_TYPES[form])
    response.headers["Content-Disposition"] = f"attachment; filename={name}.{form}"
    return response
