"""Dagster resources: thin handles on settings, engine and storage."""

import contextlib
import functools
import hashlib
import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import dagster as dg
from pydantic import PrivateAttr

from risk_assets.domain.figures import rounded
from risk_assets.engine.opening import open_session
from risk_assets.engine.session import Session
from risk_assets.settings import Settings, SettingsError, load_settings
from risk_assets.storage.dependencies import DependencyCheck
from risk_assets.storage.intake.source_bucket import object_state
from risk_assets.storage.intake.source_folder import (
    FolderState,
    Status,
    folder_state,
    settled_state,
    unsettled_names,
)
from risk_assets.storage.layout import Layout
from risk_assets.storage.remote.mirror import Mirror

P = ParamSpec("P")
R = TypeVar("R")

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
        """Return the settings in force: read again only when the file has changed."""
        return _settings(self.config_file, self._modified)

    @property
    def mirror(self) -> Mirror:
        """Return what keeps folders that are URLs, and their local mirrors, alike."""
        return _mirror(self.config_file, self._modified)

    @property
    def _modified(self) -> int:
        file = Path(self.config_file)
        return file.stat().st_mtime_ns if file.exists() else 0

    @property
    def layout(self) -> Layout:
        """Return where everything lives."""
        return Layout.of(self.settings)

    @contextlib.contextmanager
    def session(self) -> Iterator[Session]:
        """Open the engine of the settings with their limits; it spills below the output folder."""
        settings = self.settings
        with open_session(
            settings.columns.to_columns(),
            settings.engine,
            memory_limit=settings.memory_limit,
            threads=settings.threads,
            spill=settings.spill_folder or self.layout.ingested / ".spill",
            shared=self.layout.ingested / ".spark",
        ) as session:
            yield session

    @property
    def notify_url(self) -> str | None:
        """Return the channel for notices, None for the log alone."""
        url = self.settings.notify_url
        return url.get_secret_value() if url else None

    def settled_state(self, key: str, before: Mapping[str, Status]) -> tuple[FolderState, dict[str, Status]]:
        """Return the content of a source folder without files that changed since the last look, and those.

        Its memory is its own: a run hashes files as they are, and that is no sign of their being complete.
        """
        if self.mirror.is_remote(key):
            return object_state(self.mirror, key), {}
        return settled_state(self._files(key), self._memory(f"{key}.settled"), before)

    def unsettled_sources(self) -> frozenset[str]:
        """Return the names of input files that are not as they were when the sensor last saw them settled."""
        if self.mirror.is_remote("sourcedata"):
            return frozenset()
        return unsettled_names(self._files("sourcedata"), self._memory("sourcedata.settled"))

    def source_state(self) -> FolderState:
        """Return the content of the input folder."""
        return self._state("sourcedata")

    def test_state(self) -> FolderState:
        """Return the content of the test folder."""
        return self._state("testdata")

    def _state(self, key: str) -> FolderState:
        if self.mirror.is_remote(key):
            return object_state(self.mirror, key)
        return folder_state(self._files(key), self._memory(key))

    def _files(self, key: str) -> tuple[Path, ...]:
        return self.layout.source_files() if key == "sourcedata" else self.layout.test_files()

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
        for key, look in (("sourcedata", self.home.source_state), ("testdata", self.home.test_state)):
            with contextlib.suppress(SettingsError):  # a missing folder is told by the assets that read it
                report_observation(instance, key, look())


@functools.lru_cache(maxsize=4)
def _settings(config_file: str, modified: int) -> Settings:
    del modified
    return load_settings(config_file)


@functools.lru_cache(maxsize=4)
def _mirror(config_file: str, modified: int) -> Mirror:
    return Mirror.of(_settings(config_file, modified))


def mirrored(*reads: str, writes: str | None = None) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Pull what a step reads before it, and push what it wrote after it, where folders are URLs.

    `reads` and `writes` are units (storage/units.py), which have the names of the assets that write them.
    """

    def around(body: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(body)
        def step(*arguments: P.args, **named: P.kwargs) -> R:
            home = named["home"]
            assert isinstance(home, Home)
            with home.mirror.working(writes, *reads):
                return readable(body(*arguments, **named))

        return step

    return around


def readable(result: R) -> R:
    """Round the figures that an asset or a check tells about itself: people read them, programs read the files."""
    if isinstance(result, dg.MaterializeResult):
        checks = [readable(check) for check in result.check_results or ()]
        return result._replace(metadata=_rounded(result.metadata or {}), check_results=checks)
    if isinstance(result, dg.AssetCheckResult):
        return cast("R", result.with_metadata(_rounded(result.metadata)))
    return result


def _rounded(metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _rounded_value(getattr(value, "value", value), value) for name, value in metadata.items()}


def _rounded_value(content: object, value: object) -> object:
    """Return a float, or a mapping of names to floats, with four digits; anything else as it is."""
    if isinstance(content, float) and math.isfinite(content):
        return rounded(content)
    if isinstance(content, dict) and content and all(isinstance(each, float) for each in content.values()):
        return dg.MetadataValue.json({name: rounded(each) for name, each in content.items()})
    return value


def with_settings(spec: dg.AssetSpec, settings: Settings) -> dg.AssetSpec:
    """Return the spec with a code version that changes with the settings its metadata names.

    Dagster does not know of settings, so a changed one would leave the asset looking fresh.
    """
    return spec.replace_attributes(code_version=code_version(spec.code_version, spec.metadata, settings))


def code_version(declared: str | None, metadata: Mapping[str, Any], settings: Settings) -> str | None:
    """Return a declared code version with a digest of the settings that the metadata names.

    A version that has a digest already gets a new one: the daemon may have loaded it before the settings changed.
    """
    names = metadata.get(SETTINGS)
    if declared is None or not names:
        return declared
    values = settings.model_dump_json(include=set(getattr(names, "value", names)))
    return f"{declared.partition('-')[0]}-{hashlib.sha256(values.encode()).hexdigest()[:8]}"


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
