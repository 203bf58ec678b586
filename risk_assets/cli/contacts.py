"""What client managers wrote down: `risk contacts backup`, `export`, `outcomes` and `delete`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click

from risk_assets.cli.keys import operator
from risk_assets.settings import Settings, load_settings
from risk_assets.storage.access.audit import record_action
from risk_assets.storage.atomic import write_bytes
from risk_assets.storage.contacts.database import ContactsDatabase
from risk_assets.storage.contacts.export import contacts_csv, outcomes_csv
from risk_assets.storage.contacts.journal import ContactJournal
from risk_assets.storage.layout import Layout


@click.group()
def contacts() -> None:
    """Back up and export contacts, make a file of outcomes of them, and delete those with a client."""


@contacts.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_obj
def backup(config: str | None, file: Path) -> None:
    """Write a whole copy of the contacts database to FILE, also while a server runs.

    To restore it, stop the server, put FILE in the place of contacts.sqlite, and delete contacts.sqlite-wal.
    """
    settings = load_settings(config)
    with contextlib.closing(ContactsDatabase.of(settings, Layout.of(settings))) as database:
        database.back_up(file)
    click.echo(f"wrote {file}", err=True)


@contacts.command()
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="Write there, not to standard output."
)
@click.pass_obj
def export(config: str | None, out: Path | None) -> None:
    """Write all contacts as CSV, the earliest first."""
    with _opened(load_settings(config)) as journal:
        _write(contacts_csv(journal.all()), out)


@contacts.command()
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="Write there, not to standard output."
)
@click.pass_obj
def outcomes(config: str | None, out: Path | None) -> None:
    """Write who has left and when, as managers say, as a file for the folder of outcomes.

    Nothing that managers write enters training by itself: look at the file, and put it there.
    """
    settings = load_settings(config)
    with _opened(settings) as journal:
        _write(outcomes_csv(settings, journal.leavings()), out)


@contacts.command()
@click.argument("client")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def delete(config: str | None, client: str, *, yes: bool) -> None:
    """Delete every contact with CLIENT, for good; the audit log keeps that it was done, not with whom."""
    settings = load_settings(config)
    if not yes:
        click.confirm(f"Delete all contacts with {client}? This cannot be undone", abort=True)
    with _opened(settings) as journal:
        deleted = journal.forget(client)
    record_action(Layout.of(settings), operator(), "deleted contacts", str(deleted), now=datetime.now(UTC))
    click.echo(f"deleted with {client}: {deleted}")


@contextlib.contextmanager
def _opened(settings: Settings) -> Iterator[ContactJournal]:
    with contextlib.closing(ContactsDatabase.of(settings, Layout.of(settings))) as database:
        yield ContactJournal(database, settings.recall_days)


def _write(content: bytes, out: Path | None) -> None:
    if out is None:
        click.echo(content, nl=False)
    else:
        write_bytes(out, content)
        click.echo(f"wrote {out}", err=True)
