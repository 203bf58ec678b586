"""Which page shows what an asset makes: Dagster's UI links to the page, and the page back to the asset."""

#: The assets that a page shows, by its path.
ASSETS = {
    "/pages/overview": ("finaldata", "drift", "backtest", "diagnostics"),
    "/calls": ("client_risk",),
    "/clients": ("client_risk",),
    "/pages/model": ("trained_model", "latest_score"),
    "/pages/history": ("deployed_model", "drift"),
    "/pages/decide": ("finaldata", "deployed_model"),
    "/pages/report.pdf": ("report",),
}


def page_of(asset: str) -> str | None:
    """Return the path of the first page that shows an asset, None where none does."""
    return next((path for path, assets in ASSETS.items() if asset in assets), None)


def assets_of(path: str) -> tuple[str, ...]:
    """Return the assets that the page at a path shows; a client's page shows those of the list of clients."""
    return next((assets for page, assets in ASSETS.items() if path == page or path.startswith(f"{page}/")), ())
