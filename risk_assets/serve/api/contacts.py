"""Contacts and the call list as programs read and write them."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import asdict
from http import HTTPStatus

from flask import Response, request

from risk_assets.domain.contacts.contact import Contact, Draft
from risk_assets.serve.api.answers import CallListAnswer, ContactAnswer, ContactList, ListedCallAnswer
from risk_assets.serve.api.clients import in_list
from risk_assets.serve.api.questions import CallQuery, ContactBody, ContactQuery
from risk_assets.serve.api.replying import answer, body_fault
from risk_assets.serve.client_search import KnownClient
from risk_assets.serve.contact_desk import CallList, ListedCall
from risk_assets.serve.http.replies import JSON, RequestError
from risk_assets.serve.state import ranking_version, serving
from risk_assets.serve.visitors import record, require, visitor
from risk_assets.storage.contacts.journal import PAGE

TOKEN_LENGTH = 200


def list_calls(calls: CallList) -> CallListAnswer:
    """Return the call list."""
    return CallListAnswer(
        version=ranking_version(),
        day=calls.day,
        by=calls.by,
        due=[_listed(call) for call in calls.due],
        calls=[_listed(call) for call in calls.calls],
        resting=calls.resting,
        uncalled=calls.uncalled,
    )


def find_calls(query: CallQuery) -> CallList:
    """Return whom to call today."""
    return serving().desk.call_list(query.by, query.levels())


def _listed(call: ListedCall) -> ListedCallAnswer:
    client, state = in_list(KnownClient(call.ranked.id, "current", None, call.ranked)), call.state
    answer = ListedCallAnswer.model_validate(client.model_dump())
    if state is None:
        return answer
    more = {"last_contact": state.at, "last_kind": state.kind, "last_by": state.by}
    return answer.model_copy(update={"follow_up_on": state.follow_up_on, **more})


def find_contacts(query: ContactQuery) -> tuple[Contact, ...]:
    """Return a page of contacts, or all of one client."""
    desk = serving().desk
    if not query.client:
        return desk.page(before=query.before, by=query.by)
    found = desk.of_client(query.client)
    return tuple(one for one in found if not query.by or one.by == query.by)


def list_contacts(query: ContactQuery, contacts: Iterable[Contact]) -> ContactList:
    """Return contacts, and where the next page begins."""
    listed = [ContactAnswer(**asdict(one)) for one in contacts]
    more = not query.client and len(listed) == PAGE
    return ContactList(contacts=listed, before=listed[-1].number if more else None)


def write_contact(body: ContactBody) -> Response:
    """Write a contact down; the same Idempotency-Key again writes nothing and answers as before."""
    require("write")
    if request.mimetype != JSON:
        raise body_fault()
    draft = Draft(**body.model_dump(exclude={"seen"}))
    key = request.headers.get("Idempotency-Key") or secrets.token_urlsafe(24)
    if len(key) > TOKEN_LENGTH:
        raise RequestError(422, f"Idempotency-Key: has more than {TOKEN_LENGTH} characters")
    contact, is_new = serving().desk.add(draft, token=f"{visitor().name}/{key}", by=visitor().name, seen=body.seen)
    if is_new:
        record("wrote a contact", f"#{contact.number}")
    return answer(ContactAnswer(**asdict(contact)), HTTPStatus.CREATED if is_new else HTTPStatus.OK)
