"""Contacts as files: for people, and as outcomes for ingestion."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from datetime import date

from risk_assets.domain.contacts.contact import Contact
from risk_assets.domain.spreadsheet import write_csv
from risk_assets.settings import Settings

FIELDS = tuple(field.name for field in fields(Contact))


def contacts_csv(contacts: Iterable[Contact]) -> bytes:
    """Return contacts as CSV."""
    return write_csv(FIELDS, ([getattr(contact, name) for name in FIELDS] for contact in contacts))


def outcomes_csv(settings: Settings, leavings: Iterable[tuple[str, str]]) -> bytes:
    """Return clients and when they left, written as the settings say that files of outcomes are."""
    told = settings.outcomes
    if told is None:
        return write_csv([settings.columns.id, "left_on"], leavings, exactly=True)
    spelled = told.date_format or "%Y-%m-%d"
    rows = ([client, date.fromisoformat(day).strftime(spelled)] for client, day in leavings)
    delimiter = told.format.delimiter or ","
    return write_csv([told.id or settings.columns.id, told.left_on], rows, delimiter, exactly=True)
