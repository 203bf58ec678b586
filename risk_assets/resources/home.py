"""The settings in force and the folders they name, as a Dagster resource."""

import contextlib
import functools
from collections.abc import Iterator, Mapping
from pathlib import Path

import dagster as dg

from risk_assets.engine.opening import open_session
from risk_assets.engine.session import Session
from risk_assets.settings import Settings, load_settings
from risk_assets.storage.intake.source_bucket import object_state
from risk_assets.storage.intake.source_folder import (
    INGESTED,
    FolderState,
    Status,
    folder_state,
    forget,
    named_in,
    settled_state,
    statuses,
    unsettled_names,
)
from risk_assets.storage.layout import Layout
from risk_assets.storage.remote.mirror import Mirror


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
            settings.client_columns,
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

    def glimpse(self) -> dict[str, dict[str, Status]]:
        """Return size and times of the files of each source folder on this disk: a cheap look."""
        return {key: statuses(self._files(key)) for key in self.source_keys if not self.mirror.is_remote(key)}

    def settled_state(self, key: str, before: Mapping[str, Status]) -> tuple[FolderState, dict[str, Status]]:
        """Return the content of a source folder without files that changed since the last look, and those.

        Its memory is its own: a run hashes files as they are, and that is no sign of their being complete.
        """
        if self.mirror.is_remote(key):
            return object_state(self.mirror, key), {}
        return settled_state(self._files(key), self._memory(f"{key}.settled"), before)

    def unsettled_sources(self) -> frozenset[str]:
        """Return the names (`named_in`) of files that are not as the sensor last saw them settled."""
        return frozenset(
            named_in(key, name)
            for key in INGESTED
            if key in self.source_keys and not self.mirror.is_remote(key)
            for name in unsettled_names(self._files(key), self._memory(f"{key}.settled"))
        )

    @property
    def source_keys(self) -> tuple[str, ...]:
        """Return the keys of the source folders in use."""
        layout = self.layout
        return (
            "sourcedata",
            *(["testdata"] if layout.test_share is None else []),
            *(["outcomes"] if layout.outcomes else []),
        )

    def source_state(self, key: str = "sourcedata") -> FolderState:
        """Return the content of a source folder, by its key."""
        if self.mirror.is_remote(key):
            return object_state(self.mirror, key)
        return folder_state(self._files(key), self._memory(key))

    def verify_sources(self) -> None:
        """Let the content of all source files be read again, whatever their size and times."""
        for key in self.source_keys:
            forget(self._memory(key))

    def _files(self, key: str) -> tuple[Path, ...]:
        layout = self.layout
        files = {
            "sourcedata": layout.source_files,
            "testdata": layout.test_files,
            "outcomes": layout.outcome_files,
        }
        return files[key]()

    def _memory(self, name: str) -> Path:
        return self.layout.ingested / f".{name}.json"


@functools.lru_cache(maxsize=4)
def _settings(config_file: str, modified: int) -> Settings:
    del modified
    return load_settings(config_file)


@functools.lru_cache(maxsize=4)
def _mirror(config_file: str, modified: int) -> Mirror:
    return Mirror.of(_settings(config_file, modified))
