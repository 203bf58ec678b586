"""A small home on disk in which assets are materialized within the test's own process."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import dagster as dg
import pandas as pd

from risk_assets.domain.simulate import Drift, simulate
from risk_assets.resources.dependencies import Dependencies
from risk_assets.resources.home import Home
from risk_assets.resources.observation import ObservedSources
from risk_assets.storage.layout import Layout

ROOT = Path(__file__).parents[2]
MODEL = ("finaldata", "trained_model", "latest_score", "deployed_model")


class Project:
    """Writes client files, materializes assets and reads what they did."""

    def __init__(self, folder: Path, **settings: object) -> None:
        self.config = folder / "config.json"
        self.configure(**settings)
        self.home = Home(config_file=str(self.config))
        self.layout: Layout = self.home.layout
        for path in (self.layout.input, self.layout.testdata):
            path.mkdir(parents=True)
        self.instance = dg.DagsterInstance.ephemeral(tempdir=str(folder))
        loaded = dg.load_assets_from_package_name("risk_assets.assets")
        self.assets = [asset for asset in loaded if isinstance(asset, dg.AssetsDefinition)]

    def configure(self, **settings: object) -> None:
        """Write the settings: the shipped ones, made quick, with these besides."""
        config = json.loads((ROOT / "config.json").read_text())
        quick = {"dependency_check": False, "bootstrap_samples": 200}
        self.config.write_text(json.dumps(config | quick | settings))

    def write_clients(
        self,
        name: str,
        rows: int,
        *,
        seed: int,
        first_id: int,
        drift: Drift = "none",
        amount: float = 1.0,
        folder: Path | None = None,
    ) -> pd.DataFrame:
        """Write a file of simulated clients into the input folder, or another, and return its rows."""
        frame = simulate(rows, seed=seed, drift=drift, amount=amount, first_id=first_id).frame
        frame.to_csv((folder or self.layout.input) / name, index=False)
        return frame

    def write_test_clients(self, rows: int, *, seed: int = 99, amount: float = 0.0) -> pd.DataFrame:
        """Write testdata."""
        drift: Drift = "relation" if amount else "none"
        return self.write_clients(
            "testdata.csv",
            rows,
            seed=seed,
            first_id=900_000,
            drift=drift,
            amount=amount,
            folder=self.layout.testdata,
        )

    def materialize(self, *keys: str, raise_on_error: bool = True) -> dg.ExecuteInProcessResult:
        """Materialize these assets with the checks that run inside them."""
        return dg.materialize(
            self.assets,
            instance=self.instance,
            selection=dg.AssetSelection.assets(*keys),
            resources={
                "home": self.home,
                "observed_sources": ObservedSources(home=self.home),
                "dependencies": Dependencies(home=self.home),
            },
            raise_on_error=raise_on_error,
        )

    def version_of(self, key: str) -> str:
        """Return the data version of an asset's newest materialization."""
        return self._tags(key)["dagster/data_version"]

    def input_version(self, key: str, parent: str) -> str:
        """Return the version of a parent that an asset's newest materialization was made from."""
        return self._tags(key)[f"dagster/input_data_version/{parent}"]

    def _tags(self, key: str) -> dict[str, str]:
        event = self.instance.get_latest_materialization_event(dg.AssetKey(key))
        assert event is not None
        assert event.asset_materialization is not None
        return dict(cast("dict[str, str]", event.asset_materialization.tags))


def failed_checks(result: dg.ExecuteInProcessResult) -> Sequence[str]:
    """Return the names of the checks that did not pass."""
    return [check.check_name for check in result.get_asset_check_evaluations() if not check.passed]
