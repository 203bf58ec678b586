"""Serving the deployed model: `risk serve`."""

from __future__ import annotations

import click

from risk_assets.settings import load_settings
from risk_assets.settings.loading import ConfigFile


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--workers", type=click.IntRange(1), help="Processes; the setting, or one per core, by default.")
@click.option("--insecure", is_flag=True, help="Let anyone who reaches the address ask, without a key.")
@click.pass_obj
def serve(config: str | None, host: str, port: int, workers: int | None, *, insecure: bool) -> None:
    """Serve the deployed model over HTTP: API, documentation (/openapi/) and pages."""
    from risk_assets.serve.server import ServeError
    from risk_assets.serve.server import serve as serve_forever

    try:
        file, settings = ConfigFile.of(config), load_settings(config)
        serve_forever(settings, host=host, port=port, workers=workers, insecure=insecure, config=file)
    except ServeError as error:
        raise click.ClickException(str(error)) from error
