"""The command `risk`: one module per family of commands, each of which loads what it needs when it runs."""

from __future__ import annotations

from pathlib import Path

import click

from risk_assets.cli.call import call
from risk_assets.cli.contacts import contacts
from risk_assets.cli.deployments import accept, approve, history, refuse, reject, rollback
from risk_assets.cli.dev import dev
from risk_assets.cli.digest import digest
from risk_assets.cli.init import init
from risk_assets.cli.keys import keys
from risk_assets.cli.run import run
from risk_assets.cli.score import score
from risk_assets.cli.serve import serve
from risk_assets.cli.simulate import simulate
from risk_assets.settings import SettingsError
from risk_assets.storage.access.keys import KeyNameError
from risk_assets.storage.contacts.database import ContactsUnavailableError
from risk_assets.storage.deployment.versions import DeploymentError
from risk_assets.storage.faults import explain
from risk_assets.storage.intake.feed_verdicts import FeedError
from risk_assets.storage.lock import LockedError
from risk_assets.storage.records import RecordError
from risk_assets.storage.remote.store import RemoteError


class WrongSettings(click.ClickException):
    """Settings that cannot be used."""

    exit_code = 2


#: What ends a command in one line.
EXPECTED = (
    ContactsUnavailableError,
    DeploymentError,
    FeedError,
    KeyNameError,
    LockedError,
    RecordError,
    RemoteError,
)


class Commands(click.Group):
    """A group whose expected errors end in one line and an exit code: 2 for settings and usage, 1 otherwise."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except SettingsError as error:
            raise WrongSettings(str(error)) from error
        except EXPECTED as error:
            raise click.ClickException(str(error)) from error
        except OSError as error:
            text = f"{error.filename}: {error.strerror}" if error.filename else str(error)
            raise click.ClickException(text) from error
        except click.ClickException:
            raise
        except Exception as error:
            fault = explain(error, Path.cwd())
            if fault is None:
                raise
            raise click.ClickException(str(fault)) from error


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--config", type=click.Path(), help="Settings; RISK_ASSETS_CONFIG or ./config.json by default.")
@click.pass_context
def main(ctx: click.Context, config: str | None) -> None:
    """Estimate the attrition risk of corporate clients."""
    ctx.obj = config


COMMANDS = (
    init,
    run,
    score,
    serve,
    dev,
    call,
    simulate,
    history,
    rollback,
    approve,
    reject,
    accept,
    refuse,
    keys,
    contacts,
    digest,
)
for command in COMMANDS:
    main.add_command(command)
