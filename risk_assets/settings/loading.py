"""Reading config.json, with errors of one line that name file and key."""

from __future__ import annotations

import difflib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ValidationError
from pydantic_settings import SettingsError as SourceSettingsError

from risk_assets.settings.display import KEYS
from risk_assets.settings.models import models_in
from risk_assets.settings.object_storage import missing_package
from risk_assets.settings.settings import PREFIX, Settings

#: Variables with the prefix that are no settings: which config, and what `risk call` and the tests go by.
OTHER_VARIABLES = {"CONFIG", "URL", "API_KEY"}


class SettingsError(ValueError):
    """A setting is missing or wrong; the message is one line that names the key."""


def config_file(path: str | Path | None = None) -> Path:
    """Return the file of `path`, else of RISK_ASSETS_CONFIG, else config.json here or in a folder above."""
    named = path or os.environ.get("RISK_ASSETS_CONFIG")
    if named:
        return Path(named).absolute()
    here = Path.cwd()
    found = (folder / "config.json" for folder in (here, *here.parents))
    return next((file for file in found if file.is_file()), here / "config.json")


@dataclass(frozen=True)
class ConfigFile:
    """A config file, with its content when it was read."""

    path: Path
    content: bytes

    @classmethod
    def of(cls, path: str | Path | None = None) -> ConfigFile:
        """Return the file that `load_settings` reads. Raises SettingsError where it cannot be read."""
        file = config_file(path)
        try:
            return cls(file, file.read_bytes())
        except OSError as error:
            raise SettingsError(f"config {file}: {error.strerror}") from error

    @property
    def has_changed(self) -> bool:
        """Whether it says something else by now; one that is gone says nothing."""
        return self.path.is_file() and self.path.read_bytes() != self.content


def load_settings(path: str | Path | None = None) -> Settings:
    """Read the settings of `path`, else of RISK_ASSETS_CONFIG, else of config.json here or in a folder above.

    Relative paths count from the config file's own folder. Raises SettingsError with one line that names the key.
    """
    file = config_file(path)
    try:
        content = json.loads(file.read_text(encoding="utf-8"), object_pairs_hook=_unique_keys)
    except OSError as error:
        raise SettingsError(f"config {file}: {error.strerror}") from error
    except ValueError as error:
        raise SettingsError(f"config {file}: not valid JSON: {error}") from error
    if not isinstance(content, dict):
        raise SettingsError(f"config {file}: must be a JSON object")
    content.pop("$schema", None)  # for editors
    if content.get("source_passwords"):
        raise SettingsError(
            f"config {file}: source_passwords: belong in the environment, as RISK_ASSETS_SOURCE_PASSWORDS__<NAME>"
        )
    for name in os.environ:
        _refuse_unknown(name)
    try:
        settings = Settings(**content)
    except ValidationError as error:
        raise SettingsError(_one_line(file, error)) from error
    except SourceSettingsError as error:  # a variable that is no JSON where an object is wanted
        raise SettingsError(f"environment: {error}") from error
    for key, url in settings.urls.items():
        if missing := missing_package(url):
            raise SettingsError(f"config {file}: {key}: {missing}")
    return settings.model_copy(
        update={
            "data_root": file.parent / settings.data_root.expanduser(),
            "cache_folder": file.parent / settings.cache_folder.expanduser(),
            "spill_folder": settings.spill_folder and file.parent / settings.spill_folder.expanduser(),
        }
    )


def _refuse_unknown(variable: str) -> None:
    """Refuse a misspelled variable, which would otherwise change nothing without a word."""
    key = variable.removeprefix(PREFIX)
    if not variable.startswith(PREFIX) or key in OTHER_VARIABLES or key.startswith("TESTS_"):
        return
    if key.partition("__")[0].lower() not in Settings.model_fields:
        raise SettingsError(f"environment: {variable}: unknown setting")


def _unique_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    keys = [key for key, _ in pairs]
    for key in keys:
        if keys.count(key) > 1:
            raise ValueError(f"key {key!r} is given twice")
    return dict(pairs)


def _one_line(file: Path, error: ValidationError) -> str:
    """Return all faults, each after the place that holds the value: the environment wins over the file."""
    found: dict[str, list[str]] = {}
    variables = {name.upper() for name in os.environ}
    for item in error.errors():
        key = ".".join(str(part) for part in item["loc"]) or "config"
        text = item["msg"].removeprefix("Value error, ")
        if item["type"] == "extra_forbidden":
            text = f"unknown key{_meant(item['loc'])}"
        steps = [str(part).upper() for part in item["loc"]]
        names = (PREFIX + "__".join(steps[: depth + 1]) for depth in range(len(steps)))
        variable = next((name for name in names if name in variables), None)
        found.setdefault(f"environment: {variable}" if variable else f"config {file}", []).append(f"{key}: {text}")
    return "; ".join(f"{place}: {'; '.join(texts)}" for place, texts in found.items())


def _meant(place: tuple[int | str, ...]) -> str:
    """Return which key was perhaps meant in place of an unknown one."""
    model: object = Settings
    *path, wrong = place
    for step in path:
        if isinstance(step, str) and isinstance(model, type) and issubclass(model, BaseModel):
            field = model.model_fields.get(step)
            model = next(models_in(field.annotation), None) if field else None
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return ""
    keys = [field.alias or name for name, field in model.model_fields.items()]
    keys += KEYS if place[0] == "columns" and "name" in keys else []
    nearest = difflib.get_close_matches(str(wrong), keys, n=1)
    return f", perhaps {nearest[0]}" if nearest else ""
