"""The settings that name folders, below a data root that may be a URL."""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings

from risk_assets.settings.object_storage import (
    ObjectStorageSetting,
    folder_url,
    is_url,
    mirror_name,
    usual_cache,
)
from risk_assets.settings.outcomes import FolderName, OutcomesSetting

#: The settings that name folders; outcomes name one more.
FOLDERS = (
    "input_folder_path",
    "test_data_path",
    "output_folder_path",
    "output_model_path",
    "prod_deployment_path",
)


class FolderSettings(BaseSettings):
    """Where files are: folders below the data root, by name, path or URL."""

    data_root: Path = Field(description="a folder, or a URL, of which this is then the local mirror")
    data_root_url: str | None = Field(default=None, description="follows from data_root")
    input_folder_path: FolderName = Field(description="where client files are dropped")
    output_folder_path: FolderName = Field(description="where finaldata is written")
    test_data_path: FolderName | None = Field(
        default=None, description="where files of test clients are; without it, test_share of the clients"
    )
    output_model_path: FolderName = Field(description="where model, scores and report are written")
    prod_deployment_path: FolderName = Field(description="what serves, and everything that ever served")
    outcomes: OutcomesSetting | None = Field(default=None, description="dates of leaving, in place of a target")

    # folders that are named by a URL
    cache_folder: Path = Field(default_factory=usual_cache, description="local mirrors of URLs")
    object_storage: ObjectStorageSetting = Field(
        default=ObjectStorageSetting(), description="how URLs are reached"
    )

    @model_validator(mode="before")
    @classmethod
    def _mirrored_root(cls, given: object) -> object:
        """Split a data root that is a URL into the URL and the folder that mirrors it."""
        if not isinstance(given, Mapping) or not is_url(given.get("data_root")):
            return given
        try:
            url = folder_url(given["data_root"])
        except ValueError as error:
            raise ValueError(f"data_root: {error}") from error
        storage = given.get("object_storage") or {}
        endpoint = storage.get("endpoint_url") if isinstance(storage, Mapping) else storage.endpoint_url
        cache = Path(given.get("cache_folder") or usual_cache())
        return {**given, "data_root": cache / mirror_name(url, endpoint), "data_root_url": url}

    @property
    def urls(self) -> dict[str, str]:
        """The folders that are named by a URL, or lie below one: by setting, each with its URL."""
        found = {key: url for key, name in self.folders.items() if (url := self._url(name)) is not None}
        return ({"data_root": self.data_root_url} if self.data_root_url else {}) | found

    @property
    def folders(self) -> dict[str, str]:
        """The names of the folders in use, by the setting that names them."""
        found = {key: getattr(self, key) for key in FOLDERS}
        found["outcomes"] = self.outcomes.path if self.outcomes else None
        return {key: name for key, name in found.items() if name is not None}

    def _url(self, name: str) -> str | None:
        if is_url(name):
            return name
        if self.data_root_url is None or Path(name).is_absolute():
            return None
        return f"{self.data_root_url}/{os.path.normpath(name)}"

    def mirror(self, url: str) -> Path:
        """Return the local folder that mirrors a URL."""
        return self.cache_folder / mirror_name(url, self.object_storage.endpoint_url)

    @model_validator(mode="after")
    def _folders_apart(self) -> FolderSettings:
        """Refuse folders that would overwrite each other or feed output back as input."""
        folders = {key: os.path.normpath(self._url(name) or name) for key, name in self.folders.items()}
        below_root = map(os.path.normpath, self.folders.values())
        if self.data_root_url and any(name.split("/")[0] == ".." for name in below_root):
            raise ValueError("data_root: a folder lies outside its URL")
        for key, other in itertools.permutations(folders, 2):
            if folders[key] == folders[other]:
                first, second = sorted((key, other), key=list(folders).index)
                raise ValueError(f"{second}: the same folder as {first}")
            if Path(folders[key]).is_relative_to(folders[other]):
                raise ValueError(f"{key}: lies inside {other}")
        return self
