"""Sending each manager the call list: `risk digest`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime

import click

from risk_assets.domain.contacts.digest import DigestTimes
from risk_assets.reporting.digest import Digest
from risk_assets.settings import Settings, load_settings
from risk_assets.storage.contacts.sent_digests import begin, note
from risk_assets.storage.layout import Layout
from risk_assets.storage.notifications import ChannelError, deliver

EVERYBODY = "*"


@click.command()
@click.option("--dry-run", is_flag=True, help="Print what would be sent, and send nothing.")
@click.option("--html", is_flag=True, help="With --dry-run: print the HTML.")
@click.pass_obj
def digest(config: str | None, *, dry_run: bool, html: bool) -> None:
    """Send each recipient the call list, once per period; the schedule send_digest does this by itself.

    RISK_ASSETS_DIGEST_URLS names the recipients: {"Anna": "mailto://..."} by manager, "*" for the whole list.
    """
    settings, now = load_settings(config), datetime.now(UTC)
    recipients = {name: url.get_secret_value() for name, url in settings.digest_urls.items()}
    if not recipients and not dry_run:
        raise click.ClickException("digest_urls: names nobody to send the digest to")
    with _digests(settings, list(recipients) or [EVERYBODY]) as digests:
        if dry_run:
            for one in digests.values():
                click.echo(one.html() if html else one.text())
            return
        failed = [name for name, one in digests.items() if not _send(settings, name, recipients[name], one, now)]
    if failed:
        raise click.ClickException(f"digest_urls: the channel did not take the digest of {', '.join(failed)}")


def _send(settings: Settings, name: str, url: str, content: Digest, now: datetime) -> bool:
    """Send a digest that is due, and return whether none is left to be sent."""
    layout = Layout.of(settings)
    period = DigestTimes.parse(settings.digest or "daily 00:00").period(now)
    if not begin(layout, period, name, now):
        click.echo(f"{name}: the digest of {period} was sent before")
        return True
    try:
        deliver(url, title=content.title, html=content.html())
    except ChannelError as error:
        note(layout, period, name, "failed", now)
        click.echo(f"{name}: {error}", err=True)
        return False
    note(layout, period, name, "sent", now)
    click.echo(f"{name}: sent")
    return True


@contextlib.contextmanager
def _digests(settings: Settings, names: list[str]) -> Iterator[dict[str, Digest]]:
    """Yield the digest of each recipient."""
    from risk_assets.serve.client_table import ClientTable
    from risk_assets.serve.contact_desk import ContactDesk
    from risk_assets.serve.http.replies import RequestError

    layout, column = Layout.of(settings), settings.manager_column
    clients = ClientTable(settings, layout)
    desk = ContactDesk(settings, layout, clients)
    try:
        found = {}
        for name in names:
            levels = {} if name == EVERYBODY or column is None else {column: name}
            calls = desk.call_list(levels=levels)
            manager = None if name == EVERYBODY else name
            due, first = ([call.ranked for call in part] for part in (calls.due, calls.calls))
            found[name] = Digest(calls.day, manager, due, first, column, settings.pages_url)
        yield found
    except RequestError as error:
        raise click.ClickException(error.detail) from error
    finally:
        desk.close()
        clients.close()
