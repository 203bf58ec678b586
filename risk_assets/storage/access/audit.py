"""The audit log: one line for each thing that a person wrote or decided, which says who it was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from risk_assets.domain.access.roles import Visitor
from risk_assets.storage.atomic import create_private
from risk_assets.storage.layout import Layout
from risk_assets.storage.records import append_record


@dataclass(frozen=True)
class AuditLine:
    """Who did what to what, and when (ISO 8601, UTC)."""

    at: str
    who: str
    role: str
    action: str
    target: str


def record_action(layout: Layout, who: Visitor, action: str, target: str, *, now: datetime) -> None:
    """Append a line to the audit log; it is on the disk when this returns."""
    layout.deployment.mkdir(parents=True, exist_ok=True)
    create_private(layout.audit_log)
    at = now.astimezone(UTC).isoformat(timespec="seconds")
    append_record(layout.audit_log, AuditLine(at, who.name, who.role, action, target))
