"""Client files from a world whose truth is known: `risk simulate`."""

from __future__ import annotations

import gzip
import itertools
import os
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from risk_assets.domain.simulate import Drift
from risk_assets.domain.simulate_panel import Panel, simulate_panel
from risk_assets.storage.atomic import replacing

if TYPE_CHECKING:
    import pandas as pd


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
@click.option(
    "--months", type=click.IntRange(min=1), help="Write so many months of the same clients, a file each, to --out."
)
@click.option("--clients", type=click.IntRange(min=1), default=10_000, show_default=True, help="In each month.")
@click.option("--start", type=click.DateTime(["%Y-%m-%d"]), default="2025-01-01", help="A day of the first month.")
@click.option("--horizon", type=click.IntRange(min=1), default=90, show_default=True, help="In days.")
@click.option(
    "--outcomes", type=click.Path(path_type=Path), help="The folder for dates of leaving, with --months."
)
@click.option("--reported-within", type=click.IntRange(min=0), default=0, help="Days until leavings are reported.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="A .csv or .csv.gz file, or a folder.")
@click.option("--force", is_flag=True, help="Overwrite the file.")
def simulate(  # each is an option of the command
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
    out: Path,
    force: bool,
) -> None:
    """Write simulated clients, and tell the best AUC that any model can reach on them.

    With --months they are observed on the first of each month, and leave in between: --outcomes gets the dates. A
    file has the time at which it would have come, so that what was known on a day can be told.
    """
    if months is not None:
        if outcomes is None:
            raise click.BadParameter("say where dates of leaving go", param_hint="--outcomes")
        panel = simulate_panel(
            months=months,
            clients=clients,
            horizon_days=horizon,
            seed=seed,
            start=start.date(),
            reported_within_days=reported_within,
        )
        write_panel(panel, out, outcomes, force=force)
        return
    _simulate_file(
        rows, seed=seed, drift=drift, amount=amount, first_id=first_id, unknown=unknown, out=out, force=force
    )


def write_panel(panel: Panel, out: Path, outcomes: Path, *, force: bool) -> None:
    """Write a file of clients a month and, from the second on, one of the leavings reported since the last."""
    files = {out / f"clients_{day}.csv": rows for day, rows in zip(panel.months, panel.rows, strict=True)}
    for before, day in itertools.pairwise(panel.months):
        reported = (panel.leavings["reported"] > before) & (panel.leavings["reported"] <= day)
        files[outcomes / f"left_{day}.csv"] = panel.leavings.loc[reported, ["corporation", "left_on"]]
    for path, frame in files.items():
        if path.exists() and not force:
            raise click.ClickException(f"{path} exists; --force overwrites it")
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(frame, path)
        day = date.fromisoformat(path.stem.partition("_")[2])
        noon = datetime.combine(day, time(12), UTC).timestamp()
        os.utime(path, (noon, noon))
    click.echo(f"{len(panel.months)} months of {len(panel.rows[0]):,} clients in {out}, leavings in {outcomes}")
    if panel.period is not None:
        share, month = panel.risk.mean(), panel.months[panel.period]
        click.echo(f"of {month} {share:.1%} leave in time, the best possible AUC is {panel.best_auc:.3f}")


def _simulate_file(  # as above
    rows: int, *, seed: int, drift: Drift, amount: float, first_id: int, unknown: bool, out: Path, force: bool
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
    _write(clients.frame.assign(exited="") if unknown else clients.frame, out)
    leaving = clients.frame["exited"].mean()
    leave = "will leave, as nobody knows yet" if unknown else "leave"
    click.echo(
        f"{rows:,} clients in {out}: {leaving:.1%} {leave}, the best possible AUC is {clients.best_auc:.3f}"
    )


def _write(frame: pd.DataFrame, out: Path) -> None:
    with replacing(out) as staged:
        if out.suffix != ".gz":
            frame.to_csv(staged, index=False, lineterminator="\n", compression=None)
            return
        # Without a name or a time in it, so that the same clients give the same bytes.
        with staged.open("wb") as file, gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed:
            frame.to_csv(packed, index=False, lineterminator="\n")
