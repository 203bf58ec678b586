"""Lists of clients and contacts as tables, for CSV and for Excel."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from risk_assets.domain.columns import Columns
from risk_assets.domain.contacts.contact import Contact
from risk_assets.domain.ranking.risk_summary import REASONS
from risk_assets.domain.spreadsheet import write_csv
from risk_assets.engine.ranking.client_risk import columns_of
from risk_assets.serve.client_search import KnownClient, Listed
from risk_assets.serve.contact_desk import CallList
from risk_assets.serve.http.xlsx_form import Kind, SheetColumn, write_xlsx
from risk_assets.storage.contacts.export import FIELDS

DIGITS = 6
KINDS: dict[str, Kind] = {
    "risk": "share",
    "risk_low": "share",
    "risk_high": "share",
    "previous_risk": "share",
    "change": "share",
    "rank": "whole",
    "decile": "whole",
    "observed": "date",
    "worth": "number",
    "value_at_risk": "number",
}
CONTACT_KINDS: dict[str, Kind] = {
    "number": "whole",
    "revision": "whole",
    "follow_up_on": "date",
    "snooze_until": "date",
    "left_on": "date",
    "risk": "share",
}


@dataclass(frozen=True)
class Sheet:
    """A table with headings and kinds of cells."""

    title: str
    columns: tuple[SheetColumn, ...]
    rows: tuple[Sequence[object], ...]

    def csv(self) -> bytes:
        """Return it as CSV, text that a spreadsheet would take for a formula made harmless."""
        return write_csv([column.name for column in self.columns], self.rows)

    def xlsx(self) -> bytes:
        """Return it as an Excel file."""
        return write_xlsx(self.title, self.columns, self.rows)


def clients_sheet(columns: Columns, clients: Iterable[KnownClient], listed: Listed) -> Sheet:
    """Return clients with what the ranking says of them, and their features."""
    ranking = columns_of(columns)
    heads = [SheetColumn(shown, KINDS.get(name, "text")) for name, shown in ranking]
    taken = {head.name for head in heads}
    numbers = {column.name for column in columns.numeric_features}
    features = [name for name in columns.features if name not in taken]
    heads += [SheetColumn(name, "number" if name in numbers else "text") for name in features]
    if listed != "current":
        heads += [SheetColumn("status"), SheetColumn("left_on", "date")]
    rows = []
    for known in clients:
        cells = [_cell(columns, known, name) for name, _ in ranking]
        cells += [_rounded(known.ranked.features.get(name)) if known.ranked else None for name in features]
        rows.append(cells if listed == "current" else [*cells, known.status, known.left_on])
    return Sheet("Clients", tuple(heads), tuple(rows))


def _cell(columns: Columns, known: KnownClient, name: str) -> object:
    ranked = known.ranked
    if ranked is None:
        return known.id if name == "id" else None
    if name.startswith("reason_"):
        place = int(name.removeprefix("reason_"))
        return ranked.reasons[place - 1] if place <= min(REASONS, len(ranked.reasons)) else ""
    if name.startswith("carried_"):
        return ranked.carried[columns.shown[int(name.removeprefix("carried_"))]]
    return _rounded(getattr(ranked, {"observed": "as_of", "worth": "value"}.get(name, name)))


def _rounded(cell: object) -> object:
    return round(cell, DIGITS) if isinstance(cell, float) else cell


def calls_sheet(columns: Columns, calls: CallList) -> Sheet:
    """Return the call list: what is due first."""
    both = [*calls.due, *calls.calls]
    sheet = clients_sheet(
        columns, (KnownClient(call.ranked.id, "current", None, call.ranked) for call in both), "current"
    )
    heads = (
        *sheet.columns,
        SheetColumn("follow_up_on", "date"),
        SheetColumn("last_contact"),
        SheetColumn("last_by"),
    )
    states = [call.state for call in both]
    more = [(state.follow_up_on, state.kind, state.by) if state else (None, None, None) for state in states]
    rows = tuple((*cells, *extra) for cells, extra in zip(sheet.rows, more, strict=True))
    return Sheet(f"Calls of {calls.day}", heads, rows)


def contacts_sheet(contacts: Iterable[Contact]) -> Sheet:
    """Return contacts as they were written down."""
    heads = tuple(SheetColumn(name, CONTACT_KINDS.get(name, "text")) for name in FIELDS)
    rows = tuple([_rounded(getattr(contact, name)) for name in FIELDS] for contact in contacts)
    return Sheet("Contacts", heads, rows)
