"""What was decided about deployments, and deciding by hand: `risk history`, `rollback`, `approve`, `reject`."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from risk_assets.cli.keys import operator
from risk_assets.domain.deployment.decisions import Decision, live_at
from risk_assets.reporting.wording import terminal_text
from risk_assets.settings import Settings, load_settings
from risk_assets.storage.access.audit import record_action
from risk_assets.storage.deployment import manual_decisions as interventions
from risk_assets.storage.deployment.versions import read_decisions
from risk_assets.storage.intake.feed_verdicts import accept as accept_feed
from risk_assets.storage.intake.feed_verdicts import refuse as refuse_feed
from risk_assets.storage.remote.mirror import Mirror

LONGEST_REASON = 500


class Moment(click.ParamType[datetime]):
    """A time in ISO 8601; UTC unless it says otherwise."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return the time with its zone."""
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(
                f"{value!r} is no time in ISO 8601, such as 2026-03-01 or 2026-03-01T14:30+02:00", param, ctx
            )
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@click.command()
@click.option("--at", "when", type=Moment(), help="Say which version served then (ISO 8601, UTC by default).")
@click.pass_obj
def history(config: str | None, when: datetime | None) -> None:
    """Show what was decided about deployments, oldest first."""
    mirror = _mirror(load_settings(config))
    mirror.pull("deployed_model")
    decisions = read_decisions(mirror.layout)
    if when is not None:
        click.echo(f"{live_at(decisions, when) or 'nothing'} served at {when.isoformat()}")
    elif not decisions:
        click.echo("nothing has been decided yet")
    else:
        click.echo(_table(decisions))


@click.command()
@click.argument("version", required=False)
@click.pass_obj
def rollback(config: str | None, version: str | None) -> None:
    """Let VERSION serve again; by default the one that served before the live one."""
    settings = load_settings(config)
    mirror = _mirror(settings)
    with mirror.working("deployed_model"):
        decision = interventions.rollback(mirror.layout, version, settings.client_columns, now=datetime.now(UTC))
        _record(mirror, "rolled back to", decision.version)
    click.echo(f"{decision.live} serves again, in place of {decision.before or 'nothing'}")


@click.command()
@click.argument("version")
@click.pass_obj
def approve(config: str | None, version: str) -> None:
    """Let the held VERSION serve."""
    settings = load_settings(config)
    mirror = _mirror(settings)
    with mirror.working("deployed_model"):
        decision = interventions.approve(mirror.layout, version, settings.client_columns, now=datetime.now(UTC))
        _record(mirror, "approved", version)
    click.echo(f"{decision.live} serves now, in place of {decision.before or 'nothing'}")


@click.command()
@click.argument("version")
@click.pass_obj
def reject(config: str | None, version: str) -> None:
    """Turn the held VERSION down; what serves stays."""
    mirror = _mirror(load_settings(config))
    with mirror.working("deployed_model"):
        decision = interventions.reject(mirror.layout, version, now=datetime.now(UTC))
        _record(mirror, "rejected", version)
    click.echo(f"{version} is rejected; {decision.live or 'nothing'} serves on")


@click.command()
@click.argument("file")
@click.pass_obj
def accept(config: str | None, file: str) -> None:
    """Let a FILE that is held back as suspect go in with the next run."""
    mirror = _mirror(load_settings(config))
    with mirror.working("finaldata"):
        name = accept_feed(mirror.layout, file, now=datetime.now(UTC)).name
        _record(mirror, "accepted the file", name)
    click.echo(f"{name} is accepted: it goes in with the next run (risk run, or the sensor's)")


@click.command()
@click.argument("file")
@click.pass_obj
def refuse(config: str | None, file: str) -> None:
    """Leave a FILE that is held back as suspect out for good."""
    mirror = _mirror(load_settings(config))
    with mirror.working("finaldata"):
        name = refuse_feed(mirror.layout, file, now=datetime.now(UTC)).name
        _record(mirror, "refused the file", name)
    until_then = "under the same name (until then no later row teaches)"
    where = until_then if name.startswith("outcomes/") else "under the same name or another"
    click.echo(f"{name} is refused: it stays out; deliver it again, mended, {where}")


def _record(mirror: Mirror, action: str, target: str) -> None:
    record_action(mirror.layout, operator(), action, target, now=datetime.now(UTC))


def _mirror(settings: Settings) -> Mirror:
    mirror = Mirror.of(settings)
    click.get_current_context().call_on_close(mirror.close)
    return mirror


def _reason(decision: Decision) -> str:
    return terminal_text(decision.reason, LONGEST_REASON)


def _table(decisions: tuple[Decision, ...]) -> str:
    rows = [("at", "decision", "version", "then live", "reason")]
    rows += [
        (line.at, line.verdict, terminal_text(line.version), terminal_text(line.live or "-"), _reason(line))
        for line in decisions
    ]
    widths = [max(len(row[place]) for row in rows) for place in range(4)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]])
        for row in rows
    )
