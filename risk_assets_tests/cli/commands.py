"""A data root of its own, and `risk` run on it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner, Result

from risk_assets.cli import main
from risk_assets.settings import load_settings
from risk_assets.storage.layout import Layout

CONFIG = {
    "data_root": "data",
    "input_folder_path": "sourcedata",
    "output_folder_path": "ingesteddata",
    "test_data_path": "testdata",
    "output_model_path": "models",
    "prod_deployment_path": "production_deployment",
    "columns": {"id": "corporation", "target": "exited", "positive": 1, "numeric": ["activity"]},
}


@dataclass(frozen=True)
class Project:
    """A config file and the layout that it names."""

    config: Path

    @property
    def layout(self) -> Layout:
        return Layout.of(load_settings(self.config))

    def risk(self, *arguments: str) -> Result:
        """Run the command in this process; an exception that is not the command's own goes through."""
        return CliRunner().invoke(main, ["--config", str(self.config), *arguments], catch_exceptions=False)


def build_project(folder: Path) -> Project:
    config = folder / "config.json"
    config.write_text(json.dumps(CONFIG))
    return Project(config)
