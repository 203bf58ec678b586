"""The journal of contacts: appended to once per token, never changed, read by client or page by page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from risk_assets.domain.contacts.contact import (
    CALLS,
    FOR_EVER,
    ClientState,
    Contact,
    Draft,
    check_draft,
    state_after,
)
from risk_assets.storage.contacts.database import (
    ASSIGNMENTS,
    CLIENT_STATES,
    CONTACTS,
    ContactsDatabase,
)

PAGE = 100
#: Rows fetched at once for an export.
CHUNK = 5_000
_FIELDS = [column for column in CONTACTS.c if column.name != "token"]


class ConflictError(RuntimeError):
    """Somebody wrote a contact with this client since the page was loaded; `latest` is what stands now."""

    def __init__(self, latest: ClientState) -> None:
        super().__init__(f"{latest.by} wrote down a contact with {latest.client} in the meantime")
        self.latest = latest


class TokenReusedError(RuntimeError):
    """A token that came with another contact before; `contact` is that one."""

    def __init__(self, contact: Contact) -> None:
        super().__init__(
            f"the same form, or Idempotency-Key, came before with other content, contact #{contact.number} with "
            f"{contact.client}; this one is not saved: send it as a new one"
        )
        self.contact = contact


@dataclass(frozen=True)
class _Entry:
    """A contact on its way into the journal."""

    draft: Draft
    token: str
    by: str
    now: datetime
    seen: int | None
    risk: float | None

    def columns(self, revision: int) -> dict[str, Any]:
        """Return the columns of the row, but for its number and token. Raises ContactError for a wrong field."""
        now = self.now.astimezone(UTC)
        draft, at = vars(check_draft(self.draft, now.date())), now.isoformat(timespec="seconds")
        return {**draft, "revision": revision, "at": at, "by": self.by, "risk": self.risk}

    def repeats(self, known: Contact) -> bool:
        """Whether it is a contact that was written down before, sent once more."""
        draft = vars(check_draft(self.draft, date.fromisoformat(known.at[:10])))
        return all(getattr(known, name) == value for name, value in draft.items())


class ContactJournal:
    """Reads and writes contacts. Raises ContactsUnavailableError where the database cannot be reached."""

    def __init__(self, database: ContactsDatabase, recall_days: int) -> None:
        self._database = database
        self._recall_days = recall_days

    def add(
        self,
        draft: Draft,
        *,
        token: str,
        by: str,
        now: datetime,
        seen: int | None = None,
        risk: float | None = None,
    ) -> tuple[Contact, bool]:
        """Write a contact down, and return it and whether it is new: a token that was used before adds nothing.

        `seen` is the client's last revision that the writer knew. Raises ContactError for a wrong field,
        ConflictError where there is a later revision, and TokenReusedError for a token of another contact.
        """
        entry = _Entry(draft, token, by, now, seen, risk)
        try:
            with self._database.writing() as connection:
                return self._add(connection, entry)
        except ContactsRaceError:
            with self._database.writing() as connection:
                return self._add(connection, entry)

    def _add(self, connection: sa.Connection, entry: _Entry) -> tuple[Contact, bool]:
        held = connection.execute(sa.select(*_FIELDS).where(CONTACTS.c.token == entry.token)).first()
        if held is not None:
            known = _contact(held)
            if not entry.repeats(known):
                raise TokenReusedError(known)
            return known, False
        client = CLIENT_STATES.c.client == entry.draft.client
        row = connection.execute(sa.select(CLIENT_STATES).where(client).with_for_update()).first()
        state = None if row is None else _state(row)
        if state is not None and entry.seen is not None and entry.seen != state.revision:
            raise ConflictError(state)
        new = entry.columns(state.revision + 1 if state else 1)
        try:
            written = sa.insert(CONTACTS).values(**new, token=entry.token).returning(CONTACTS.c.number)
            contact = Contact(**new, number=connection.execute(written).scalar_one())
            after = vars(state_after(state, contact, self._recall_days))
            statement = sa.insert(CLIENT_STATES) if state is None else sa.update(CLIENT_STATES).where(client)
            connection.execute(statement.values(**after))
        except IntegrityError as error:
            raise ContactsRaceError from error
        return contact, True

    def of_client(self, client: str) -> tuple[Contact, ...]:
        """Return the contacts with a client, the latest first."""
        query = sa.select(*_FIELDS).where(CONTACTS.c.client == client).order_by(CONTACTS.c.revision.desc())
        return tuple(map(_contact, self._rows(query)))

    def page(self, *, before: int | None = None, by: str = "", size: int = PAGE) -> tuple[Contact, ...]:
        """Return contacts, the latest first, those with a smaller number than `before` alone."""
        query = sa.select(*_FIELDS).order_by(CONTACTS.c.number.desc()).limit(size)
        query = query if before is None else query.where(CONTACTS.c.number < before)
        query = query.where(CONTACTS.c.by == by) if by else query
        return tuple(map(_contact, self._rows(query)))

    def all(self, *, client: str = "", by: str = "") -> Iterator[Contact]:
        """Yield every contact, of one client or of one writer alone where one is named, the earliest first."""
        last, fits = 0, []
        if client:
            fits.append(CONTACTS.c.client == client)
        if by:
            fits.append(CONTACTS.c.by == by)
        while True:
            later = sa.select(*_FIELDS).where(CONTACTS.c.number > last, *fits)
            query = later.order_by(CONTACTS.c.number).limit(CHUNK)
            found = [_contact(row) for row in self._rows(query)]
            yield from found
            if len(found) < CHUNK:
                return
            last = found[-1].number

    def calls(self) -> tuple[tuple[str, date], ...]:
        """Return the client and the day (in UTC) of each call."""
        query = sa.select(CONTACTS.c.client, CONTACTS.c.at).where(CONTACTS.c.kind.in_(sorted(CALLS)))
        return tuple((row.client, date.fromisoformat(row.at[:10])) for row in self._rows(query))

    def states(self, clients: Sequence[str]) -> dict[str, ClientState]:
        """Return what the contacts of these clients add up to, for those that have any."""
        query = sa.select(CLIENT_STATES).where(CLIENT_STATES.c.client.in_(clients))
        return {state.client: state for state in map(_state, self._rows(query))}

    def resting(self, today: date, clients: Sequence[str]) -> set[str]:
        """Return those of some clients that are not to be called today."""
        rests = CLIENT_STATES.c.rests_until > today.isoformat()
        parts = (clients[start : start + CHUNK] for start in range(0, len(clients), CHUNK))
        queries = (
            sa.select(CLIENT_STATES.c.client).where(rests, CLIENT_STATES.c.client.in_(part)) for part in parts
        )
        return {str(row.client) for query in queries for row in self._rows(query)}

    def count_resting(self, today: date) -> int:
        """Return how many clients are not to be called today, but for those that left."""
        rests = CLIENT_STATES.c.rests_until
        query = sa.select(sa.func.count()).where(rests > today.isoformat(), rests != FOR_EVER)
        return int(self._rows(query)[0][0])

    def due(self, today: date) -> tuple[ClientState, ...]:
        """Return the clients whose follow-up is due, the earliest first."""
        due = CLIENT_STATES.c.follow_up_on <= today.isoformat()
        query = sa.select(CLIENT_STATES).where(due).order_by(CLIENT_STATES.c.follow_up_on, CLIENT_STATES.c.client)
        return tuple(map(_state, self._rows(query)))

    def leavings(self) -> tuple[tuple[str, str], ...]:
        """Return each client whose latest contact says that it has left, with the date, for a file of outcomes.

        A note that is written later takes nothing back.
        """
        says = CONTACTS.c.kind != "note"
        latest = sa.select(CONTACTS.c.client, sa.func.max(CONTACTS.c.revision).label("revision")).where(says)
        last = latest.group_by(CONTACTS.c.client).subquery()
        is_last = (CONTACTS.c.client == last.c.client) & (CONTACTS.c.revision == last.c.revision)
        query = sa.select(CONTACTS.c.client, CONTACTS.c.left_on).join(last, is_last)
        found = self._rows(query.where(CONTACTS.c.kind == "left").order_by(CONTACTS.c.client))
        return tuple((row.client, row.left_on) for row in found)

    def forget(self, client: str) -> int:
        """Delete all that is held of a client, and return how many contacts that were; it cannot be undone."""
        with self._database.writing() as connection:
            deleted = connection.execute(sa.delete(CONTACTS).where(CONTACTS.c.client == client)).rowcount
            for table in (CLIENT_STATES, ASSIGNMENTS):
                connection.execute(sa.delete(table).where(table.c.client == client))
        with self._database.reading() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        return int(deleted)

    def _rows(self, query: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        return self._database.rows(query)


class ContactsRaceError(RuntimeError):
    """Another process wrote the same token, or the same client, at the same moment."""


def _contact(row: sa.Row[Any]) -> Contact:
    return Contact(**row._mapping)  # noqa: SLF001  # its documented name


def _state(row: sa.Row[Any]) -> ClientState:
    return ClientState(**row._mapping)  # noqa: SLF001
