"""`python -m risk_assets.cli` is `risk`."""

from risk_assets.cli import main

main(prog_name="risk")
