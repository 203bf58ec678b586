"""Client files from a world whose truth is known: `risk simulate`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import get_args

import click
from click.core import ParameterSource

from risk_assets.cli.panel_files import write_csv, write_panel
from risk_assets.domain.simulate import Drift
from risk_assets.domain.simulate_panel import simulate_panel

#: Options that only one file takes, and those that only months take.
OF_A_FILE = ("rows", "drift", "amount", "unknown")
OF_MONTHS = ("clients", "start", "horizon", "outcomes", "reported_within", "carried", "truth")


@click.command()
@click.option("--rows", type=click.IntRange(min=1), default=10_000, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option(
    "--drift", type=click.Choice(get_args(Drift)), default="none", show_default=True, help="What changed."
)
@click.option("--amount", type=click.FloatRange(-10, 10), default=1.0, show_default=True, help="How much of it.")
@click.option(
    "--first-id", type=click.IntRange(min=0), default=0, show_default=True, help="Other numbers, other ids."
)
@click.option("--unknown", is_flag=True, help="Leave the outcomes blank, as of clients that are still there.")
@click.option("--months", type=click.IntRange(1, 600), help="Write so many months of a company, a file a month.")
@click.option("--clients", type=click.IntRange(min=1), default=10_000, show_default=True, help="In each month.")
@click.option(
    "--start",
    type=click.DateTime(["%Y-%m-%d"]),
    default="2025-01-01",
    show_default=True,
    help="A day of the first month.",
)
@click.option("--horizon", type=click.IntRange(1, 3650), default=90, show_default=True, help="In days.")
@click.option(
    "--outcomes", type=click.Path(path_type=Path), help="The folder for dates of leaving, a file a month."
)
@click.option(
    "--reported-within",
    type=click.IntRange(0, 3650),
    default=0,
    show_default=True,
    help="Days until a leaving is reported, at most.",
)
@click.option("--carried", is_flag=True, help="With manager, country and value (money a year) of each client.")
@click.option("--truth", type=click.Path(path_type=Path), help="A .csv file for the true risk of each row.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="A .csv or .csv.gz file. With --months a folder, by default sourcedata beside that of the outcomes.",
)
@click.option("--force", is_flag=True, help="Overwrite files.")
@click.pass_context
def simulate(
    ctx: click.Context,
    *,
    rows: int,
    seed: int,
    drift: Drift,
    amount: float,
    first_id: int,
    unknown: bool,
    months: int | None,
    clients: int,
    start: datetime,
    horizon: int,
    outcomes: Path | None,
    reported_within: int,
    carried: bool,
    truth: Path | None,
    out: Path | None,
    force: bool,
) -> None:
    """Write simulated clients, and tell the best AUC that any model can reach on them."""
    _refuse_options(ctx, OF_MONTHS if months is None else OF_A_FILE, "needs" if months is None else "goes without")
    if months is None:
        file = _given(out, "--out")
        _simulate_file(
            file, rows=rows, seed=seed, drift=drift, amount=amount, first_id=first_id, unknown=unknown, force=force
        )
        return
    panel = simulate_panel(
        months=months,
        clients=clients,
        horizon_days=horizon,
        seed=seed,
        start=start.date(),
        reported_within_days=reported_within,
        first_id=first_id,
        carried=carried,
    )
    write_panel(panel, out, _given(outcomes, "--outcomes"), truth, force=force)


def _refuse_options(ctx: click.Context, names: Sequence[str], word: str) -> None:
    for name in names:
        if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"--{name.replace('_', '-')} {word} --months")


def _given(path: Path | None, option: str) -> Path:
    if path is None:
        raise click.UsageError(f"Missing option '{option}'.")
    return path


def _simulate_file(
    out: Path, *, rows: int, seed: int, drift: Drift, amount: float, first_id: int, unknown: bool, force: bool
) -> None:
    from risk_assets.domain.simulate import simulate as draw

    if not out.name.endswith((".csv", ".csv.gz")):
        raise click.BadParameter(f"{out} is neither a .csv nor a .csv.gz file", param_hint="--out")
    if out.exists() and not force:
        raise click.ClickException(f"{out} exists; --force overwrites it")
    try:
        clients = draw(rows, seed=seed, drift=drift, amount=amount, first_id=first_id)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
    write_csv(clients.frame.assign(exited="") if unknown else clients.frame, out)
    leaving = clients.frame["exited"].mean()
    leave = "will leave, as nobody knows yet" if unknown else "leave"
    click.echo(
        f"{rows:,} clients in {out}: {leaving:.1%} {leave}, the best possible AUC is {clients.best_auc:.3f}"
    )
