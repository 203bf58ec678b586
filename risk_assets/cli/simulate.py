"""Client files from a world whose truth is known: `risk simulate`."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from risk_assets.domain.simulate import Drift
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
@click.option("--out", type=click.Path(path_type=Path), required=True, help="A .csv or .csv.gz file.")
@click.option("--force", is_flag=True, help="Overwrite the file.")
def simulate(
    *, rows: int, seed: int, drift: Drift, amount: float, first_id: int, unknown: bool, out: Path, force: bool
) -> None:
    """Write simulated clients to a file, and tell the best AUC that any model can reach on them."""
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
