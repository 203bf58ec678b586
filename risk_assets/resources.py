"""Dagster resources: thin handles on settings, engine and storage."""

import contextlib
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import PrivateAttr

from risk_assets.engine.session import Session, open_session
from risk_assets.settings import Settings, load_settings
from risk_assets.storage.dependencies import DependencyCheck
from risk_assets.storage.fingerprints import FolderState, Status, folder_state, split_settled
from risk_assets.storage.layout import Layout

DATA_VERSION_TAG = "dagster/data_version"
CODE_VERSION_TAG = "dagster/code_version"
INPUT_VERSION_TAG = "dagster/input_data_version"

#: An asset's metadata under this key names the settings that its result depends on.
SETTINGS = "settings"

#: What an asset may tell about itself in the UI.
Metadata = Mapping[
    str, dg.MetadataValue[Any] | dg.TableSchema | dg.TableColumnLineage | Path | dict[str, Any] | float | str
]


class Home(dg.ConfigurableResource):
    """The settings in force and the folders they name."""

    config_file: str

    @property
    def settings(self) -> Settings:
        """Read the settings anew, so that a change counts from the next run on."""
        return load_settings(self.config_file)

    @property
    def layout(self) -> Layout:
        """Return where everything lives."""
        return Layout.of(self.settings)

    @contextlib.contextmanager
    def session(self) -> Iterator[Session]:
        """Open the engine with the limits of the settings; it spills below the output folder."""
        settings = self.settings
        with open_session(
            settings.columns.to_columns(),
            memory_limit=settings.memory_limit,
            threads=settings.threads,
            spill=self.layout.ingested / ".spill",
        ) as session:
            yield session

    @property
    def notify_url(self) -> str | None:
        """Return the channel for notices, None for the log alone."""
        url = self.settings.notify_url
        return url.get_secret_value() if url else None

    def settled_sources(self, before: Mapping[str, Status]) -> tuple[FolderState, dict[str, Status]]:
        """Return the content of the input folder without files that changed since the last look, and those."""
        memory = self._memory("sourcedata")
        settled, settling = split_settled(self.layout.source_files(), memory, before)
        return folder_state(settled, memory), settling

    def source_state(self) -> FolderState:
        """Return the content of the input folder."""
        return folder_state(self.layout.source_files(), self._memory("sourcedata"))

    def test_state(self) -> FolderState:
        """Return the content of the test folder."""
        return folder_state(self.layout.test_files(), self._memory("testdata"))

    def _memory(self, name: str) -> Path:
        return self.layout.ingested / f".{name}.json"


class ObservedSources(dg.ConfigurableResource):
    """Reports what the source folders hold before the steps of a run start, so that lineage tells the truth.

    Dagster notes the version of an upstream source when a step begins; an observation made inside the step would
    come too late.
    """

    home: dg.ResourceDependency[Home]

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Observe sourcedata and testdata, each only when it changed since the last observation."""
        instance = context.instance
        if instance is None:
            return
        for key, state in (("sourcedata", self.home.source_state()), ("testdata", self.home.test_state())):
            report_observation(instance, key, state)


def with_settings(spec: dg.AssetSpec, settings: Settings) -> dg.AssetSpec:
    """Return the spec with a code version that changes with the settings its metadata names.

    Dagster does not know of settings, so a changed one would leave the asset looking fresh.
    """
    names = spec.metadata.get(SETTINGS)
    if not names:
        return spec
    values = settings.model_dump_json(include=set(names))
    digest = hashlib.sha256(values.encode()).hexdigest()[:8]
    return spec.replace_attributes(code_version=f"{spec.code_version}-{digest}")


def report_observation(instance: dg.DagsterInstance, key: str, state: FolderState) -> bool:
    """Tell Dagster the version of a source folder; return whether it was news."""
    record = instance.fetch_observations(dg.AssetKey(key), limit=1).records
    if (
        record
        and record[0].asset_observation
        and record[0].asset_observation.tags.get(DATA_VERSION_TAG) == state.version
    ):
        return False
    instance.report_runless_asset_event(
        dg.AssetObservation(
            key,
            tags={DATA_VERSION_TAG: state.version},
            metadata={"files": len(state.files), "bytes": sum(file.size for file in state.files.values())},
        )
    )
    return True


class Dependencies(dg.ConfigurableResource):
    """Asks for outdated and vulnerable packages while the run is under way, since the answers take seconds."""

    home: dg.ResourceDependency[Home]
    _check: DependencyCheck | None = PrivateAttr(default=None)

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Start the questions in the background."""
        del context
        settings = self.home.settings
        if settings.dependency_check:
            self._check = DependencyCheck.start(timeout=settings.dependency_timeout_seconds)

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        """End questions that nobody waits for any more."""
        del context
        if self._check is not None:
            self._check.stop()

    @property
    def check(self) -> DependencyCheck | None:
        """The questions under way; None when the settings turn them off."""
        return self._check
