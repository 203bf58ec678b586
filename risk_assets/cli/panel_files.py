"""The files that simulated clients are written to."""

from __future__ import annotations

import gzip
import itertools
import os
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from risk_assets.storage.atomic import replacing

if TYPE_CHECKING:
    import pandas as pd

    from risk_assets.domain.simulate_panel import Panel

#: By default the rows of a panel are in a folder of this name beside that of its outcomes.
ROWS = "sourcedata"


def write_panel(panel: Panel, out: Path | None, outcomes: Path, truth: Path | None = None, *, force: bool) -> None:
    """Write a file of clients a month and, from the second on, one of the leavings reported since the last.

    Each file has the time of the day on which it would have come, which counts as its arrival. Nothing is written
    where one of the files exists, unless by `force`.
    """
    out = out or outcomes.parent / ROWS
    files = {out / f"clients_{day}.csv": (day, rows) for day, rows in zip(panel.months, panel.rows, strict=True)}
    files |= {outcomes / f"left_{day}.csv": (day, found) for day, found in _reported(panel).items()}
    if truth is not None:
        files[truth] = (panel.months[-1], panel.truth)
    for path in files:
        if path.exists() and not force:
            raise click.ClickException(f"{path} exists; --force overwrites it")
    for path, (day, frame) in files.items():
        write_csv(frame, path)
        noon = datetime.combine(day, time(12), UTC).timestamp()
        os.utime(path, (noon, noon))
    click.echo(f"{len(panel.months)} months of {len(panel.rows[0]):,} clients in {out}, leavings in {outcomes}")
    click.echo(_in_words(panel))


def write_csv(frame: pd.DataFrame, out: Path) -> None:
    """Write a table atomically, compressed where the name says so."""
    with replacing(out) as staged:
        if out.suffix != ".gz":
            frame.to_csv(staged, index=False, lineterminator="\n", compression=None)
            return
        # Without a name or a time in it, so that the same clients give the same bytes.
        with staged.open("wb") as file, gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed:
            frame.to_csv(packed, index=False, lineterminator="\n")


def _reported(panel: Panel) -> Mapping[date, pd.DataFrame]:
    """Return, for each month after the first, who left by what was reported after the month before."""
    reported, told = panel.leavings["reported"], panel.leavings[["corporation", "left_on"]]
    return {day: told[(reported > before) & (reported <= day)] for before, day in itertools.pairwise(panel.months)}


def _in_words(panel: Panel) -> str:
    if panel.period is None:
        days = panel.horizon_days + panel.reported_within_days
        return f"no month is complete: that takes leavings known until {days} days after it"
    day, share, left = panel.months[panel.period], panel.risk.mean(), panel.left.mean()
    return (
        f"leavings are known until {panel.outcomes_until}, so {day} is the last complete month: "
        f"{share:.1%} can be expected to leave, the best possible AUC is {panel.best_auc:.3f}\n"
        f"of its clients {left:.1%} left, whom the true risks rank with an AUC of {panel.reached_auc:.3f}"
    )
