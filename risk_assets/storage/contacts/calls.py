"""Who was called, and who left: read for the figures of rows whose client was not called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from risk_assets.domain.derived import day_number
from risk_assets.domain.scoring.untreated import Calls
from risk_assets.engine.intake.outcomes import read_leavings
from risk_assets.engine.session import Session
from risk_assets.settings import Settings
from risk_assets.storage.contacts.assignments import AssignmentLog
from risk_assets.storage.contacts.database import kept_contacts
from risk_assets.storage.contacts.journal import ContactJournal
from risk_assets.storage.intake.finaldata import require_ingestion
from risk_assets.storage.intake.part_files import outcomes_of
from risk_assets.storage.layout import Layout


def read_calls(settings: Settings, layout: Layout, session: Session) -> Calls | None:
    """Return who was called, None without contacts or dates of leaving.

    Only rows whose horizon has passed have an outcome, so that a call of today changes nothing. Raises
    ContactsUnavailableError.
    """
    outcomes = outcomes_of(layout, require_ingestion(layout))
    with kept_contacts(settings, layout) as database:
        if outcomes is None or database is None:
            return None
        called = ContactJournal(database, settings.recall_days).calls()
        assigned = AssignmentLog(database).all()
    listed = [(one.client, date.fromisoformat(one.listed_on), one.uncalled) for one in assigned]
    return Calls(
        called=_by_client([*called, *((client, day) for client, day, uncalled in listed if not uncalled)]),
        listed=_by_client((client, day) for client, day, _ in listed),
        left=read_leavings(session, outcomes.leavings),
        horizon_days=outcomes.horizon_days,
    )


def _by_client(events: Iterable[tuple[str, date]]) -> Mapping[str, Sequence[float]]:
    found: dict[str, list[float]] = {}
    for client, day in sorted(events):
        found.setdefault(client, []).append(day_number(day))
    return found
