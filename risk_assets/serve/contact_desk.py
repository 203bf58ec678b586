"""Whom to call today, what came of calls, and whether they help: contacts beside the ranking."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal

from risk_assets.domain.contacts.assignment import Assignment, Effect, draw, places_listed, places_taken
from risk_assets.domain.contacts.contact import ClientState, Contact, ContactError, Draft
from risk_assets.domain.ranking.risk_summary import RankedClient
from risk_assets.serve.client_search import Sort
from risk_assets.serve.client_table import ClientTable
from risk_assets.serve.generated import Generated
from risk_assets.serve.http.replies import Fault, RequestError
from risk_assets.settings import Settings
from risk_assets.storage.contacts.assignments import AssignmentLog
from risk_assets.storage.contacts.database import ContactsDatabase, ContactsUnavailableError
from risk_assets.storage.contacts.effect import effect_of_calls
from risk_assets.storage.contacts.journal import ConflictError, ContactJournal, TokenReusedError
from risk_assets.storage.layout import Layout

By = Literal["value", "risk", "rise", "uncertainty"]
SORTS: dict[By, Sort] = {
    "value": "-value_at_risk",
    "risk": "-risk",
    "rise": "-change",
    "uncertainty": "-uncertainty",
}


@dataclass(frozen=True)
class ListedCall:
    """A client to be called, and what its contacts add up to, if there were any."""

    ranked: RankedClient
    state: ClientState | None


@dataclass(frozen=True)
class CallList:
    """Whom to call on a day (ISO 8601): follow-ups that are due, then the first clients by an order.

    `resting` counts clients that were called or snoozed lately, `uncalled` those that are left uncalled at random.
    """

    day: str
    by: By
    due: tuple[ListedCall, ...]
    calls: tuple[ListedCall, ...]
    resting: int
    uncalled: int


class ContactDesk:
    """Joins contacts and ranking. Raises RequestError: 503 without the contacts, 404 before a ranking."""

    def __init__(
        self,
        settings: Settings,
        layout: Layout,
        clients: ClientTable,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._settings = settings
        self._clients = clients
        self._generated = Generated(layout)
        self._clock = clock
        self._database = ContactsDatabase.of(settings, layout)
        self._journal = ContactJournal(self._database, settings.recall_days)
        self._assignments = AssignmentLog(self._database)

    @property
    def today(self) -> date:
        """The day in UTC."""
        return self._clock().astimezone(UTC).date()

    def add(self, draft: Draft, *, token: str, by: str, seen: int | None = None) -> tuple[Contact, bool]:
        """Write a contact down, and return it and whether it is new.

        Raises RequestError: 404 for an unknown client, 422 for a wrong field or a token of another contact, 409
        where somebody wrote since `seen`.
        """
        ranked = self._clients.client(draft.client).ranked
        risk = ranked.risk if ranked else None
        with _answering():
            return self._journal.add(draft, token=token, by=by, now=self._clock(), seen=seen, risk=risk)

    def of_client(self, client: str) -> tuple[Contact, ...]:
        """Return the contacts with a client, the latest first."""
        with _answering():
            return self._journal.of_client(client)

    def page(self, *, before: int | None = None, by: str = "") -> tuple[Contact, ...]:
        """Return a page of all contacts, the latest first."""
        with _answering():
            return self._journal.page(before=before, by=by)

    def all(self, *, client: str = "", by: str = "") -> tuple[Contact, ...]:
        """Return all contacts, of one client or one writer alone where one is named, the earliest first."""
        with _answering():
            return tuple(self._journal.all(client=client, by=by))

    def states(self, clients: list[str]) -> dict[str, ClientState]:
        """Return what the contacts of these clients add up to."""
        with _answering():
            return self._journal.states(clients)

    def leavings(self) -> tuple[tuple[str, str], ...]:
        """Return which clients left, and when, as managers say."""
        with _answering():
            return self._journal.leavings()

    def call_list(self, by: By | None = None, levels: Mapping[str, str] | None = None) -> CallList:
        """Return whom to call today.

        By default it is ordered by value at risk where a value is declared, else by risk; in this order alone
        clients that come onto the list are drawn, of which `uncalled_share` are left uncalled. `levels` of carried
        columns narrow the list down.
        """
        usual: By = "risk" if self._settings.columns.value is None else "value"
        order, wanted, capacity = by or usual, dict(levels or {}), self._settings.call_capacity
        with _answering():
            due = self._journal.due(self.today)
            uncalled = self._uncalled()
            # those that are due, or drawn to be left uncalled, make room for others
            spare = places_listed(capacity, self._settings.uncalled_share) if self._settings.uncalled_share else 0
            first = self._first(SORTS[order], capacity + spare + len(due), uncalled)
            if order == usual:
                uncalled |= self._draw(first)
            states = self._journal.states([client.id for client in first])
        ranked_due = self._clients.ranked([state.client for state in due])
        calls_due = [ListedCall(ranked_due[state.client], state) for state in due if state.client in ranked_due]
        dues = {call.ranked.id for call in calls_due}
        called = [client for client in first if client.id not in uncalled | dues][:capacity]
        calls = [ListedCall(client, states.get(client.id)) for client in called]
        return CallList(
            day=self.today.isoformat(),
            by=order,
            due=tuple(call for call in calls_due if _fits(call, wanted)),
            calls=tuple(call for call in calls if _fits(call, wanted)),
            resting=self._journal.count_resting(self.today),
            uncalled=len(uncalled),
        )

    def _first(self, sort: Sort, size: int, uncalled: set[str]) -> list[RankedClient]:
        """Return the first clients of an order that neither rest nor are left uncalled."""
        ranks, offset, batch = dict[str, int](), 0, 2 * size
        while len(ranks) < size:
            found = self._clients.first(sort, batch, offset)
            apart = uncalled | self._journal.resting(self.today, list(found))
            ranks |= {name: rank for name, rank in found.items() if name not in apart}
            if len(found) < batch:
                break
            offset, batch = offset + batch, 2 * batch
        names = list(ranks)[:size]
        ranked = self._clients.ranked([ranks[name] for name in names])
        return [ranked[name] for name in names if name in ranked]

    def _uncalled(self) -> set[str]:
        """Return the clients that are left uncalled for now."""
        if not self._settings.uncalled_share:
            return set()
        held = self._assignments.since(self.today, self._horizon)
        return {name for name, one in held.items() if one.uncalled}

    def _draw(self, first: list[RankedClient]) -> set[str]:
        """Draw those of the first clients that come onto the list, and return the ones that are left uncalled."""
        share, capacity = self._settings.uncalled_share, self._settings.call_capacity
        if not share:
            return set()
        day, column, uncalled = self.today.isoformat(), self._settings.manager_column, set[str]()
        # until as many are to be called as can be: a draw is balanced over managers, not over the list
        while True:
            held = self._assignments.since(self.today, self._horizon)
            left = [client for client in first if client.id not in uncalled]
            listed = left[: places_taken([client.id in held for client in left], capacity, share)]
            new = {client.id: client for client in listed if client.id not in held}
            if not new:
                return uncalled
            strata = {name: (client.carried.get(column) or "" if column else "") for name, client in new.items()}
            drawn = draw(strata.items(), self._assignments.strata(), share, day)
            self._assignments.add(
                [
                    Assignment(name, day, strata[name], drawn[name], client.risk, client.value)
                    for name, client in new.items()
                ]
            )
            uncalled |= {name for name in new if drawn[name]}

    @property
    def _horizon(self) -> int:
        return self._settings.outcomes.horizon_days if self._settings.outcomes else self._settings.recall_days

    def effect(self) -> tuple[Effect | None, str]:
        """Return what calls did, and why that cannot be told where it cannot."""
        with _answering():
            return effect_of_calls(
                self._settings,
                lambda: self._generated.ingestion().outcomes,
                self._assignments.all,
                self._clients.left_on,
            )

    def close(self) -> None:
        """Close the database."""
        self._database.close()


def _fits(call: ListedCall, levels: Mapping[str, str]) -> bool:
    return all((call.ranked.carried.get(name) or "") == level for name, level in levels.items())


@contextlib.contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except ContactError as error:
        fault = Fault(None, error.field, error.message)
        raise RequestError(422, str(error), (fault,)) from error
    except ConflictError as error:
        raise RequestError(409, f"{error}; look at it, and send yours again") from error
    except TokenReusedError as error:
        raise RequestError(422, str(error)) from error
    except ContactsUnavailableError as error:
        raise RequestError(503, str(error)) from error
