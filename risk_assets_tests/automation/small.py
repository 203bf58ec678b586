"""A data root with a few client files, and the parts of Dagster that look at it, all in this process."""

from __future__ import annotations

import json
import os
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg

from risk_assets.automation.jobs import CAUSE
from risk_assets.automation.new_source_files import new_source_files
from risk_assets.domain.intake.ingestion import Ingestion
from risk_assets.domain.intake.outcomes import OutcomeCounts, OutcomeRules, OutcomesAccount
from risk_assets.domain.intake.source_file import SourceFile
from risk_assets.resources.home import Home
from risk_assets.storage.layout import Layout
from risk_assets.storage.records import write_record

CONFIG = {
    "data_root": "data",
    "input_folder_path": "sourcedata",
    "output_folder_path": "ingesteddata",
    "test_data_path": "testdata",
    "output_model_path": "models",
    "prod_deployment_path": "production_deployment",
    "columns": {"id": "corporation", "target": "exited", "positive": 1, "numeric": ["activity"]},
    "settle_seconds": 0,
}


@dataclass
class SmallHome:
    """Settings and folders below `folder`, and an instance that is forgotten with it."""

    folder: Path
    instance: dg.DagsterInstance = field(default_factory=dg.DagsterInstance.ephemeral)
    cursor: str | None = None

    def build(self, **settings: object) -> None:
        (self.folder / "config.json").write_text(json.dumps(CONFIG | settings))
        for folder in filter(None, (self.layout.input, self.layout.testdata, self.layout.outcomes)):
            folder.mkdir(parents=True, exist_ok=True)

    @property
    def resource(self) -> Home:
        return Home(config_file=str(self.folder / "config.json"))

    @property
    def layout(self) -> Layout:
        return self.resource.layout

    def write(self, name: str, text: str = "a,1,0\n", *, at: int | None = None, below: str = "input") -> None:
        """Write a file; `at` sets its modification time (ns), which a later write would change."""
        file: Path = getattr(self.layout, below) / name
        file.write_text(text)
        if at is not None:
            os.utime(file, ns=(at, at))

    def look(self) -> dg.SensorResult:
        """Let the sensor look once, with the cursor that it left behind."""
        with dg.build_sensor_context(self.instance, self.cursor) as context:
            result = new_source_files(context, home=self.resource)
        assert isinstance(result, dg.SensorResult)
        self.cursor = result.cursor or self.cursor
        return result

    def settle(self) -> dg.SensorResult:
        """Look twice: what does not change in between is settled."""
        self.look()
        return self.look()

    def ingest(self) -> None:
        """Leave the account that a run of finaldata would leave, of the files that are settled."""
        state, _ = self.resource.settled_state("sourcedata", {})
        files = tuple(_account(name, file.sha256) for name, file in state.files.items())
        account = None
        if self.layout.outcomes is not None:
            settled, _ = self.resource.settled_state("outcomes", {})
            told = tuple(_account(name, file.sha256) for name, file in settled.files.items())
            account = OutcomesAccount(told, OutcomeRules(30, 0), "", "", "leavings.parquet", OutcomeCounts())
        ingestion = Ingestion("version", "2026-03-01T12:00:00+00:00", 0, files, account)
        write_record(self.layout.ingestion, ingestion)

    def record_run(
        self,
        job: str,
        status: dg.DagsterRunStatus,
        *,
        tags: dict[str, str] | None = None,
        assets: Collection[str] = (),
        cause: str | None = None,
    ) -> dg.DagsterRun:
        """Put a run on record."""
        selection = frozenset(dg.AssetKey(key) for key in assets) or None
        run = dg.DagsterRun(
            job_name=job,
            status=status,
            asset_selection=selection,
            tags={**(tags or {}), **({CAUSE: cause} if cause else {})},
        )
        return self.instance.add_run(run)


def _account(name: str, sha256: str) -> SourceFile:
    return SourceFile(name=name, sha256=sha256, bytes=1, read=1, accepted=1, duplicates=0, quarantined=0)
