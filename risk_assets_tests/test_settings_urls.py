"""Folders that are named by a URL."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from risk_assets.settings import Settings, SettingsError, load_settings, object_storage
from risk_assets.storage.layout import Layout
from risk_assets_tests.test_settings import CONFIG, config_with


def columns_of(folder: Path, **changes: object) -> Layout:
    return Layout.of(load_settings(config_with(folder, **changes)))


def test_a_data_root_that_is_a_url_has_a_mirror_below_the_cache_folder(tmp_path: Path) -> None:
    layout = columns_of(tmp_path, data_root="s3://bucket/prod/", cache_folder="cache")
    assert layout.data_root.parent == tmp_path / "cache"
    assert layout.data_root.name.startswith("s3-bucket-prod-")
    assert layout.models == layout.data_root / "models"
    assert layout.url_of(layout.models) == "s3://bucket/prod/models"
    assert layout.url_of(layout.predictions) == "s3://bucket/prod/predictions"


def test_one_folder_alone_can_be_a_url(tmp_path: Path) -> None:
    layout = columns_of(tmp_path, input_folder_path="s3://drop/in", cache_folder="cache")
    assert layout.input.parent == tmp_path / "cache"
    assert layout.urls == ((layout.input, "s3://drop/in"),)
    assert layout.models == tmp_path / "data" / "models"


def test_an_absolute_folder_stays_here_when_the_data_root_is_a_url(tmp_path: Path) -> None:
    layout = columns_of(tmp_path, data_root="s3://bucket", input_folder_path="/srv/in")
    assert layout.input == Path("/srv/in")
    assert layout.url_of(layout.input) is None


def test_two_stores_have_two_mirrors(tmp_path: Path) -> None:
    one, other = (
        columns_of(tmp_path, data_root="s3://bucket", object_storage={"endpoint_url": f"http://127.0.0.1:{port}"})
        for port in (9000, 9001)
    )
    assert one.data_root != other.data_root


def test_the_cache_folder_is_the_users_unless_a_variable_names_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    assert columns_of(tmp_path, data_root="s3://b").data_root.parent == tmp_path / "home" / "risk_assets"
    monkeypatch.setenv("RISK_ASSETS_CACHE_FOLDER", str(tmp_path / "fast"))
    monkeypatch.setenv("RISK_ASSETS_DATA_ROOT", "s3://other")
    assert columns_of(tmp_path).data_root.parent == tmp_path / "fast"


def test_settings_written_down_and_read_again_are_the_same(tmp_path: Path) -> None:
    settings = load_settings(config_with(tmp_path, data_root="s3://bucket/prod", input_folder_path="s3://in"))
    content = json.loads(settings.model_dump_json())
    assert Settings(**content) == settings


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"data_root": "s3://key:secret@bucket/x"}, "data_root: a URL holds no credentials"),
        ({"input_folder_path": "s3://key:secret@bucket/x"}, "input_folder_path: a URL holds no credentials"),
        ({"data_root": "s3://"}, "data_root: a URL names a bucket"),
        ({"data_root": "s3://b/../c"}, "data_root: a URL names a bucket, and no step"),
        ({"data_root": "s3://b/x?versionId=1"}, "data_root: a URL is scheme://bucket/prefix"),
        ({"data_root": "simplecache::s3://b/x"}, "data_root: is no URL of one folder"),
        ({"data_root": "s3://b", "input_folder_path": "../in"}, "data_root: a folder lies outside its URL"),
        ({"data_root": "nonsense://b"}, "data_root: nonsense:// is no file system that fsspec knows"),
        ({"data_root": "s3://b", "input_folder_path": "s3://b/models/in"}, "input_folder_path: lies inside"),
        ({"data_root": "s3://b", "input_folder_path": "s3://b/models"}, "same folder as input_folder_path"),
        ({"object_storage": {"options": {"key": "AKIA"}}}, "options: key: credentials belong into"),
        ({"object_storage": {"options": {"a": [{"aws_secret_access_key": "x"}]}}}, "aws_secret_access_key: cred"),
        ({"object_storage": {"secret": "x"}}, "object_storage.secret: unknown key"),
        ({"object_storage": {"endpoint_url": "http://me:pw@host:9000"}}, "endpoint_url: must be an address"),
        ({"object_storage": {"endpoint_url": "127.0.0.1:9000"}}, "endpoint_url: must be an address"),
        ({"object_storage": {"read_seconds": 0}}, "object_storage.read_seconds: "),
    ],
)  # fmt: skip
def test_a_url_that_cannot_be_used_is_refused_in_one_line_without_its_secrets(
    tmp_path: Path, changes: dict[str, Any], told: str
) -> None:
    with pytest.raises(SettingsError, match=told) as found:
        load_settings(config_with(tmp_path, **changes))
    message = str(found.value)
    assert "\n" not in message
    assert not [word for word in ("secret@", "AKIA", "pw@") if word in message]


@pytest.mark.parametrize("absent", ["s3fs", "fsspec"])
def test_without_the_extra_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, absent: str) -> None:
    monkeypatch.setattr(object_storage, "find_spec", lambda name: None if name == absent else find_spec(name))
    with pytest.raises(SettingsError, match=r'data_root: s3:// needs an extra: pip install "risk_assets\[s3\]"'):
        load_settings(config_with(tmp_path, data_root="s3://bucket"))


def test_another_kind_of_store_names_the_package_that_it_wants(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"data_root: gs://: .*gcsfs"):
        load_settings(config_with(tmp_path, data_root="gs://bucket"))


def test_folders_that_are_only_here_need_no_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(object_storage, "find_spec", lambda _name: None)
    assert load_settings(config_with(tmp_path)).urls == {}
    assert "data_root" in CONFIG
