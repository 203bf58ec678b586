"""A file of clients scored by the deployed model, without a server: `risk score`."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from risk_assets.domain.scoring.scored_file import MOST_REASONS, Wanted, scored_columns
from risk_assets.engine.duck.session import open_duckdb
from risk_assets.engine.intake.formats import SUFFIXES
from risk_assets.engine.intake.quarantine import write_quarantine
from risk_assets.engine.intake.scan import UnreadableError
from risk_assets.engine.scoring.scored_file import ClientFile, read_clients, write_scores
from risk_assets.engine.session import Session
from risk_assets.reporting.wording import terminal_text
from risk_assets.settings import Settings, load_settings
from risk_assets.storage.atomic import replacing
from risk_assets.storage.deployment.versions import DeploymentError, live_version
from risk_assets.storage.faults import explain
from risk_assets.storage.layout import Layout
from risk_assets.storage.remote.mirror import Mirror

if TYPE_CHECKING:
    from risk_assets.serve.model.live import Version

FORMS = (".csv", ".parquet")
LONGEST = 500


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A .csv or .parquet file; by default CSV goes to the standard output.",
)
@click.option("--features", is_flag=True, help="Also repeat what each risk follows from.")
@click.option(
    "--interval", is_flag=True, help="Also tell the bounds of the 90 % interval: risk_low and risk_high."
)
@click.option(
    "--reasons",
    type=click.IntRange(0, MOST_REASONS),
    default=0,
    help="Also tell so many reasons for each risk, in risk.",
)
@click.option(
    "--skip-bad",
    is_flag=True,
    help="Leave out rows that cannot be scored, and write them beside --out: OUT.bad.csv.",
)
@click.pass_obj
def score(
    config: str | None,
    file: Path,
    out: Path | None,
    *,
    features: bool,
    interval: bool,
    reasons: int,
    skip_bad: bool,
) -> None:
    """Score the clients of FILE (.csv, .csv.gz, .tsv, .parquet, .xlsx, .xls, .ods) with the deployed model.

    Rows stay in their order. A row that cannot be scored ends the command, and nothing is written.
    """
    _refuse_mistaken(file, out, skip_bad=skip_bad)
    settings = load_settings(config)
    version = _deployed(settings)
    wanted = Wanted(features=features, interval=interval, reasons=reasons)
    with _reading(settings, file) as (session, folder):
        clients = read_clients(session, file, folder)
        if clients.bad and not skip_bad:
            raise click.ClickException(_first_fault(session, file, clients))
        if not clients.rows:
            raise click.ClickException(f"{file}: no row can be scored; the first: {_fault(session, clients)}")
        with contextlib.ExitStack() as written:
            if out is not None and skip_bad:
                bad = written.enter_context(replacing(bad_file(out)))
                write_quarantine(bad, clients.refused(session))
            target = folder / "scores.csv" if out is None else written.enter_context(replacing(out))
            write_scores(session, version.scorecard, wanted, target, parquet=_is_parquet(out))
        if out is None:
            _print(target)
    for line in _account(clients, version, out, skip_bad=skip_bad):
        click.echo(line, err=True)


def bad_file(out: Path) -> Path:
    """Return the file beside a file of scores that takes the rows that cannot be scored."""
    return out.with_name(f"{out.stem}.bad.csv")


def _is_parquet(out: Path | None) -> bool:
    return out is not None and out.suffix.lower() == ".parquet"


def _refuse_mistaken(file: Path, out: Path | None, *, skip_bad: bool) -> None:
    """Raise UsageError for options that do not go together."""
    if not file.name.lower().endswith(SUFFIXES):
        raise click.UsageError(f"{file} is of no kind that is read: {', '.join(SUFFIXES)}")
    if out is None:
        if skip_bad:
            raise click.UsageError("--skip-bad needs --out: the rows that are left out are written beside it")
        return
    if out.suffix.lower() not in FORMS:
        raise click.UsageError(f"--out {out}: its name ends with none of {', '.join(FORMS)}")
    if file.resolve() in {out.resolve(), bad_file(out).resolve()}:
        raise click.UsageError(f"--out {out} would write over {file}")


def _deployed(settings: Settings) -> Version:
    """Return the version that serves, checked as serving does. Raises DeploymentError."""
    mirror = Mirror.of(settings)
    click.get_current_context().call_on_close(mirror.close)
    mirror.pull("deployed_model")
    name = live_version(mirror.layout)
    if name is None:
        raise DeploymentError("no model is deployed yet; materialize deployed_model")
    from risk_assets.serve.model.live import load_version

    return load_version(mirror.layout, name, settings.client_columns)


@contextlib.contextmanager
def _reading(settings: Settings, file: Path) -> Iterator[tuple[Session, Path]]:
    """Open the engine, and a folder for copies; a file at fault ends the command in one sentence."""
    spill = settings.spill_folder or Layout.of(settings).ingested / ".spill"
    columns = scored_columns(settings.client_columns)
    opened = open_duckdb(columns, memory_limit=settings.memory_limit, threads=settings.threads, spill=spill)
    with opened as session, tempfile.TemporaryDirectory(dir=spill, prefix="score-") as folder:
        try:
            yield session, Path(folder)
        except UnreadableError as error:
            raise click.ClickException(f"{file}: {error}") from error
        except session.errors as error:
            fault = session.fault_of_file(error)
            if fault is None or explain(error, spill):  # a full disk is no fault of the file
                raise
            raise click.ClickException(f"{file}: cannot be read by the engine: {fault}") from error


def _first_fault(session: Session, file: Path, clients: ClientFile) -> str:
    more = f" (and {clients.bad - 1:,} more such rows)" if clients.bad > 1 else ""
    return f"{file}: {_fault(session, clients)}{more}. Nothing was written; --skip-bad leaves such rows out"


def _fault(session: Session, clients: ClientFile) -> str:
    first = next(clients.refused(session))
    return f"line {first.line}: {first.reason}"


def _print(scores: Path) -> None:
    try:
        with scores.open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)
        sys.stdout.flush()
    except BrokenPipeError:
        # whoever read our output has enough; Python would complain once more when it closes it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None


def _account(clients: ClientFile, version: Version, out: Path | None, *, skip_bad: bool) -> Iterator[str]:
    """Yield what people should know of the scores."""
    if clients.left_out:
        yield f"left out, as no such column is declared: {terminal_text(', '.join(clients.left_out), LONGEST)}"
    if clients.lacking:
        yield f"missing in all rows, as the file has no such column: {', '.join(clients.lacking)}"
    for words in clients.spelled:
        yield f"read as: {words}"
    where = f" in {out}" if out is not None else ""
    yield f"{clients.rows:,} clients scored by {version.name}{where}"
    if out is not None and skip_bad:
        yield f"{clients.bad:,} rows that cannot be scored are in {bad_file(out)}"
