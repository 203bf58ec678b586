"""When clients left, read back from the ranking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from risk_assets.engine.session import Session
from risk_assets.engine.sql import date_text, quote, read_parts
from risk_assets.storage.layout import Layout


def read_left_on(session: Session, layout: Layout, clients: Sequence[str]) -> Mapping[str, str]:
    """Return when each of these clients left, or is going to (ISO 8601), for those of which it is known."""
    wanted, client = set(clients), quote(session.columns.id)
    left = f"SELECT {client}, {date_text('left_on')} FROM {read_parts([layout.client_status])}"
    found = session.run(f"{left} WHERE left_on IS NOT NULL").fetchall() if wanted else ()
    return {name: day for name, day in found if name in wanted}
