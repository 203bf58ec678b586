"""Access keys: `risk keys make`, `list` and `revoke`."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from typing import cast

import click

from risk_assets.domain.access.roles import ROLES, Role, Visitor
from risk_assets.settings import load_settings
from risk_assets.storage.access.audit import record_action
from risk_assets.storage.access.keys import make_key, read_keys, revoke_key
from risk_assets.storage.layout import Layout


@click.group()
def keys() -> None:
    """Make, list and revoke the keys with which people and programs ask the server."""


@keys.command()
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice(ROLES),
    default="read",
    show_default=True,
    help="What its holder may do: read; also write contacts; also operate (accept files, approve, roll back).",
)
@click.pass_obj
def make(config: str | None, name: str, role: str) -> None:
    """Make a key for NAME and print it: it is shown this once, for only its hash is kept."""
    layout, now = Layout.of(load_settings(config)), datetime.now(UTC)
    secret = make_key(layout, name, cast("Role", role), now=now)
    record_action(layout, operator(), f"made a key to {role}", name, now=now)
    click.echo(f"The key of {name}, which may {role}; keep it, for it cannot be shown again:", err=True)
    click.echo(secret)


@keys.command("list")
@click.pass_obj
def list_(config: str | None) -> None:
    """List the keys: name, role and when each was made."""
    held = read_keys(Layout.of(load_settings(config)).access_keys)
    if held is None or not held.keys:
        click.echo("there are no keys" if held is None else "all keys are revoked: nobody is let in")
        return
    width = max(len(key.name) for key in held.keys)
    for key in held.keys:
        click.echo(f"{key.name.ljust(width)}  {key.role.ljust(7)}  {key.made_at}")


@keys.command()
@click.argument("name")
@click.pass_obj
def revoke(config: str | None, name: str) -> None:
    """Take the key of NAME away; servers refuse it within a second, and its sessions end."""
    layout, now = Layout.of(load_settings(config)), datetime.now(UTC)
    revoke_key(layout, name)
    record_action(layout, operator(), "revoked a key", name, now=now)
    click.echo(f"the key of {name} is revoked")


def operator() -> Visitor:
    """Return who runs a command, who may do everything that files allow."""
    return Visitor(getpass.getuser(), "operate")
