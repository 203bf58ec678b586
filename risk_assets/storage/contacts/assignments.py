"""Which listed clients are left uncalled: written down when they are first listed, and never changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import sqlalchemy as sa

from risk_assets.domain.contacts.assignment import Assignment
from risk_assets.storage.contacts.database import ASSIGNMENTS, ContactsDatabase


class AssignmentLog:
    """Reads and writes draws. Raises ContactsUnavailableError where the database cannot be reached."""

    def __init__(self, database: ContactsDatabase) -> None:
        self._database = database

    def since(self, today: date, days: int) -> dict[str, Assignment]:
        """Return the clients whose draw still holds: listed less than so many days ago."""
        least = (today - timedelta(days=days)).isoformat()
        query = sa.select(ASSIGNMENTS).where(ASSIGNMENTS.c.listed_on > least)
        return {row.client: Assignment(**row._mapping) for row in self._database.rows(query)}  # noqa: SLF001

    def all(self) -> tuple[Assignment, ...]:
        """Return every draw, in the order of listing."""
        query = sa.select(ASSIGNMENTS).order_by(ASSIGNMENTS.c.listed_on, ASSIGNMENTS.c.client)
        return tuple(Assignment(**row._mapping) for row in self._database.rows(query))  # noqa: SLF001

    def strata(self) -> dict[str, int]:
        """Return how many clients of each stratum were drawn so far."""
        query = sa.select(ASSIGNMENTS.c.stratum, sa.func.count().label("drawn")).group_by(ASSIGNMENTS.c.stratum)
        return {row.stratum: row.drawn for row in self._database.rows(query)}

    def add(self, drawn: Sequence[Assignment]) -> None:
        """Write draws down; of two processes that draw the same client on one day the first counts."""
        with self._database.writing() as connection:
            days = {one.listed_on for one in drawn}
            query = sa.select(ASSIGNMENTS.c.client, ASSIGNMENTS.c.listed_on)
            known = {tuple(row) for row in connection.execute(query.where(ASSIGNMENTS.c.listed_on.in_(days)))}
            new = [vars(one) for one in drawn if (one.client, one.listed_on) not in known]
            if new:
                connection.execute(sa.insert(ASSIGNMENTS), new)
