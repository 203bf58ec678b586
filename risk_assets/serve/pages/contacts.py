"""Contacts: what everybody wrote down, and the form with which they do."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from risk_assets.domain.contacts.contact import KIND_WORDS, KINDS, Draft
from risk_assets.serve.api.contacts import find_contacts
from risk_assets.serve.api.questions import ContactQuery
from risk_assets.serve.http.replies import RequestError
from risk_assets.serve.pages.client import is_call_list, show_client
from risk_assets.serve.pages.site import client_address, find, show
from risk_assets.serve.state import serving
from risk_assets.serve.visitors import record, require, visitor
from risk_assets.storage.contacts.journal import PAGE

#: Fields of the form that are part of a contact.
DATES = ("follow_up_on", "snooze_until", "left_on")
LONGEST_TOKEN, LONGEST_NUMBER = 100, 10


def show_contacts(query: ContactQuery) -> Response:
    """Show contacts, the latest first."""
    found = find(lambda: find_contacts(query))
    listed = found.value or ()
    before = listed[-1].number if len(listed) == PAGE and not query.client else None
    wanted = query.model_dump(exclude_defaults=True, exclude={"before"})
    return show("contacts", query=query, found=found, before=before, wanted=wanted, kinds=KIND_WORDS)


def write_contact() -> AnyResponse:
    """Write down what the form holds, and go back to the client; the same form sent twice is written once.

    Where the form cannot be taken the client's page shows it again, as it was filled in.
    """
    require("write")
    form = request.form
    name = form.get("client", "")
    try:
        contact, is_new = serving().desk.add(_draft(), token=_token(), by=visitor().name, seen=_seen())
    except RequestError as fault:
        if fault.status not in {HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.CONFLICT}:
            raise
        return show_client(name, fault)
    if is_new:
        record("wrote a contact", f"#{contact.number}")
    to = form.get("to", "")
    return redirect(to if is_call_list(to) else client_address(name), HTTPStatus.SEE_OTHER)


def _draft() -> Draft:
    form = request.form
    kind = form.get("kind", "")
    if kind not in KINDS:
        raise RequestError(422, "choose what came of it")
    given = {name: form.get(name, "").strip() or None for name in DATES}
    note = form.get("note", "").replace("\r\n", "\n").strip()
    return Draft(form.get("client", ""), next(one for one in KINDS if one == kind), note, **given)


def _token() -> str:
    token = request.form.get("token", "")
    if not token or len(token) > LONGEST_TOKEN:
        raise RequestError(422, "the form is not whole; load the page again")
    return f"{visitor().name}/{token}"


def _seen() -> int:
    seen = request.form.get("seen", "")
    if not seen.isdecimal() or len(seen) >= LONGEST_NUMBER:
        raise RequestError(422, "the form is not whole; load the page again")
    return int(seen)
