"""Asking a running server: `risk call` and `risk call prediction FILE`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import click

from risk_assets.cli.api_client import JSON, ApiClient
from risk_assets.settings import load_settings
from risk_assets.storage.atomic import write_text
from risk_assets.storage.layout import Layout
from risk_assets.storage.remote.mirror import Mirror

URL = "http://127.0.0.1:8000"
#: A file of this size takes long enough for a bar to be worth its line.
LEAST_BAR_BYTES = 1_000_000


@click.group(invoke_without_command=True)
@click.option(
    "--url", default=URL, show_default=True, envvar="RISK_ASSETS_URL", show_envvar=True, help="The server."
)
@click.option("--api-key", envvar="RISK_ASSETS_API_KEY", show_envvar=True, help="One of the server's keys.")
@click.option(
    "--filepath",
    help="Clients to score: a .csv file below the server's data root. By default the first of test_data_path.",
)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="models/apireturns.txt by default.")
@click.pass_context
def call(ctx: click.Context, url: str, api_key: str | None, filepath: str | None, out: Path | None) -> None:
    """Ask a server for prediction, scoring, summarystats and diagnostics, and write down what it answers."""
    client = ctx.with_resource(ApiClient(url, api_key))
    if ctx.invoked_subcommand is not None:
        ctx.obj = client
        return
    from risk_assets.cli.api_returns import api_returns

    mirror = Mirror.of(load_settings(ctx.obj))
    target = out or mirror.layout.apireturns
    filepath = filepath or _test_file(mirror.layout)
    question = json.dumps({"filepath": filepath}).encode()
    answers = {
        "prediction": client.post("/prediction", question, kind=JSON, accept=JSON).content,
        **{name: client.get(f"/{name}") for name in ("scoring", "summarystats", "diagnostics")},
    }
    with mirror.working("apireturns" if out is None else None):
        write_text(target, api_returns(url, filepath, answers))
    mirror.close()
    click.echo(f"what {url} answered is in {target if out else mirror.place('apireturns', target)}")


def _test_file(layout: Layout) -> str:
    """Return the first CSV file of the test folder as the server knows it, or raise ClickException."""
    found = layout.test_files() if layout.testdata.is_dir() else ()
    files = (file for file in found if file.suffix.lower() == ".csv")
    file = next((file for file in files if file.is_relative_to(layout.data_root)), None)
    if file is None:
        raise click.ClickException(
            f"there is no .csv file in {layout.testdata} below {layout.data_root}; name one with --filepath"
        )
    return file.relative_to(layout.data_root).as_posix()


@call.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.pass_obj
def prediction(client: ApiClient, file: Path) -> None:
    """Score the clients of FILE, a CSV, and print it with their risks."""
    from risk_assets.cli.batches import score_file

    size = file.stat().st_size
    hidden = size < LEAST_BAR_BYTES or not sys.stderr.isatty()
    with click.progressbar(length=size, label=file.name, file=sys.stderr, hidden=hidden) as bar:
        try:
            score_file(
                client, file, sys.stdout.buffer, advance=bar.update, note=lambda text: click.echo(text, err=True)
            )
        except BrokenPipeError:
            # whoever read our output has enough; Python would complain once more when it closes it
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(1) from None
