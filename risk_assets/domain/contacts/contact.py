"""A contact: what a client manager wrote down of a call, and what follows of it for the call list."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal, get_args

Kind = Literal["called", "reached", "note", "will_stay", "will_leave", "left"]
KINDS: tuple[Kind, ...] = get_args(Kind)
#: How people read them.
KIND_WORDS: dict[Kind, str] = {
    "called": "called, not reached",
    "reached": "reached",
    "note": "only a note",
    "will_stay": "says it will stay",
    "will_leave": "says it will leave",
    "left": "has left",
}
#: What people call the fields.
FIELD_WORDS = {
    "client": "Client",
    "note": "Note",
    "follow_up_on": "Follow up on",
    "snooze_until": "Snooze until",
    "left_on": "Left on",
}
#: What is a call, whoever answered: a note, a snooze and a word that it has left are none.
CALLS: frozenset[Kind] = frozenset({"called", "reached", "will_stay", "will_leave"})
LONGEST_NOTE = 2000
#: A client that was not reached is called again on the next day.
DAYS_UNREACHED = 1
#: A date further ahead is taken for a slip of the pen.
DAYS_AHEAD = 731
FOR_EVER = "9999-12-31"


class ContactError(ValueError):
    """A contact that cannot be written down; `field` is what is wrong with it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"“{FIELD_WORDS[field]}” {message}")
        self.field = field
        self.message = message


@dataclass(frozen=True)
class Draft:
    """A contact as somebody sends it; dates are ISO 8601."""

    client: str
    kind: Kind
    note: str = ""
    follow_up_on: str | None = None
    snooze_until: str | None = None
    left_on: str | None = None


@dataclass(frozen=True)
class Contact(Draft):
    """A contact as it is kept: who wrote it and when (ISO 8601, UTC), and the risk that the client had then.

    `number` counts all contacts, `revision` those of the client, from 1.
    """

    number: int = 0
    revision: int = 0
    at: str = ""
    by: str = ""
    risk: float | None = None


@dataclass(frozen=True)
class ClientState:
    """What the contacts of a client add up to: the last one, until when it rests, and when a follow-up is due."""

    client: str
    revision: int
    at: str
    by: str
    kind: Kind
    rests_until: str | None = None
    follow_up_on: str | None = None


def check_draft(draft: Draft, today: date) -> Draft:
    """Return the contact with its dates as YYYY-MM-DD, and `left_on` filled in.

    Raises ContactError, which names the field.

    >>> check_draft(Draft("c1", "left"), date(2026, 3, 1)).left_on
    '2026-03-01'
    >>> check_draft(Draft("c1", "reached", follow_up_on="2026-W10"), date(2026, 3, 1)).follow_up_on
    '2026-03-02'
    >>> check_draft(Draft("c1", "note"), date(2026, 3, 1))
    Traceback (most recent call last):
    risk_assets.domain.contacts.contact.ContactError: “Note” is empty
    """
    if not draft.client.strip():
        raise ContactError("client", "is empty")
    if len(draft.note) > LONGEST_NOTE:
        raise ContactError("note", f"has {len(draft.note)} characters; {LONGEST_NOTE} fit")
    if draft.kind == "note" and not (draft.note.strip() or draft.follow_up_on or draft.snooze_until):
        raise ContactError("note", "is empty")
    if draft.left_on is not None and draft.kind != "left":
        raise ContactError("left_on", f"is for a client that “{KIND_WORDS['left']}”")
    left_on = today.isoformat() if draft.kind == "left" and draft.left_on is None else draft.left_on
    return replace(
        draft,
        follow_up_on=_checked_date("follow_up_on", draft.follow_up_on, today, 0),
        snooze_until=_checked_date("snooze_until", draft.snooze_until, today, 1),
        left_on=_checked_date("left_on", left_on, today, -DAYS_AHEAD),
    )


def _checked_date(field: str, value: str | None, today: date, least: int) -> str | None:
    if value is None:
        return None
    try:
        given = date.fromisoformat(value)
    except ValueError:
        raise ContactError(field, f"is {value[:40]!r}, which is no date such as 2026-03-31") from None
    if (given - today).days < least:
        raise ContactError(field, f"is {value}, which is too early")
    if (given - today).days > DAYS_AHEAD:
        raise ContactError(field, f"is {value}, which is more than two years ahead")
    return given.isoformat()


def state_after(state: ClientState | None, contact: Contact, recall_days: int) -> ClientState:
    """Return what a client's contacts add up to with one more.

    A call lets the client rest for `recall_days`, or until tomorrow where nobody was reached; a date that is given
    goes before. A note without a date leaves both dates as they are. A client that left is not called again; one
    whose leaving is announced rests until that day, and is back if it is still there then.

    >>> called = Contact("c1", "reached", number=1, revision=1, at="2026-03-01T10:00:00+00:00", by="Anna")
    >>> state_after(None, called, 30).rests_until
    '2026-03-31'
    >>> state_after(None, replace(called, kind="left", left_on="2026-05-01"), 30).rests_until
    '2026-05-01'
    """
    rests, due = (state.rests_until, state.follow_up_on) if state else (None, None)
    given = contact.snooze_until or contact.follow_up_on
    announced = contact.left_on if contact.left_on and contact.left_on > contact.at[:10] else None
    if contact.kind == "left" and not announced:
        rests, due = FOR_EVER, None
    elif given or announced:
        rests, due = given or announced, contact.follow_up_on
    elif contact.kind != "note":
        days = DAYS_UNREACHED if contact.kind == "called" else recall_days
        rests, due = (date.fromisoformat(contact.at[:10]) + timedelta(days=days)).isoformat(), None
    return ClientState(contact.client, contact.revision, contact.at, contact.by, contact.kind, rests, due)
