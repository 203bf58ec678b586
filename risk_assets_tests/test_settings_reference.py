"""The page and the schema of the settings say what the settings are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from risk_assets.settings import SettingsError, load_settings
from risk_assets.settings.models import models
from risk_assets.settings.reference import entries, page, schema

ROOT = Path(__file__).parents[1]
ENTRIES = [(key, each) for key, model in models().items() for each in entries(key, model)]


def test_the_page_of_the_settings_is_up_to_date() -> None:
    assert (ROOT / "docs" / "settings.md").read_text(encoding="utf-8") == page(), "run `make settings`"


def test_the_schema_of_the_settings_is_up_to_date() -> None:
    kept = ROOT / "risk_assets" / "settings" / "config.schema.json"
    assert kept.read_text(encoding="utf-8") == schema(), "run `make settings`"


def test_every_key_has_a_meaning_and_an_example() -> None:
    without = [
        f"{key}.{each.key}" for key, each in ENTRIES if not each.meaning or each.example in {"", "required"}
    ]
    assert without == []


@pytest.mark.parametrize("name", ["config.json", "config.practice.json", "config.panel.json"])
def test_shipped_configs_name_the_schema_and_fit_it(name: str) -> None:
    content = json.loads((ROOT / name).read_text(encoding="utf-8"))
    assert (ROOT / content["$schema"]).is_file()
    assert list(Draft202012Validator(json.loads(schema())).iter_errors(content)) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"treshold": 0.4}, "treshold: unknown key, perhaps threshold"),
        ({"columns": {"id": "a", "target": "b", "categoricals": []}}, "unknown key, perhaps categorical"),
        ({"columns": {"id": "a", "target": "b", "numeric": [{"name": "x", "mim": 0}]}}, "perhaps min"),
        ({"format": {"decimals": ","}}, "format.decimals: unknown key, perhaps decimal"),
        ({"zzz": 1}, "zzz: unknown key"),
    ],
)
def test_an_unknown_key_names_the_nearest_one(tmp_path: Path, change: dict[str, object], said: str) -> None:
    content = json.loads((ROOT / "config.json").read_text(encoding="utf-8"))
    config = tmp_path / "config.json"
    config.write_text(json.dumps(content | change), encoding="utf-8")
    with pytest.raises(SettingsError, match=said):
        load_settings(config)
