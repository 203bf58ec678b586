from __future__ import annotations

from pathlib import Path

import pytest

from risk_assets.settings import SettingsError, load_settings
from risk_assets_tests.test_settings import config_with

CRM = {"kind": "sql", "name": "crm-1", "url": "postgresql+psycopg://risk@db/crm", "table": "t", "cursor": "at"}


def test_the_password_comes_from_the_environment_and_is_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RISK_ASSETS_SOURCE_PASSWORDS__CRM_1", "se:cret")
    settings = load_settings(config_with(tmp_path, sources=[CRM]))
    assert settings.source_password(settings.sources[0]) == "se:cret"
    assert "se:cret" not in f"{settings!r} {settings} {settings.model_dump_json()}"


def test_without_a_password_the_driver_may_know_one(tmp_path: Path) -> None:
    settings = load_settings(config_with(tmp_path, sources=[CRM]))
    assert settings.source_password(settings.sources[0]) is None


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        ([CRM | {"url": "postgresql://risk:se:cret@db/crm"}], "sources.0.url: holds a password"),
        ([CRM | {"url": "postgresql://risk:se@c/r@db/crm"}], "sources.0.url: holds a password"),
        ([CRM | {"url": "postgresql://risk@db/crm?password=x"}], "sources.0.url: holds a password"),
        ([CRM | {"url": "mssql+pyodbc:///?odbc_connect=UID%3Dx%3BPWD%3Dy"}], "sources.0.url: holds a password"),
        ([CRM | {"url": "crm.db"}], "sources.0.url: is no SQLAlchemy URL"),
        ([CRM | {"table": None}], "sources.0: needs exactly one of table and query"),
        ([CRM | {"query": "SELECT 1"}], "sources.0: needs exactly one of table and query"),
        ([CRM | {"table": None, "query": "SELECT 1", "schema": "x"}], "sources.0: schema is for a table"),
        ([CRM | {"name": "../crm"}], "sources.0.name: "),
        ([CRM | {"name": "crm__1"}], "sources.0.name: "),
        ([CRM, CRM | {"name": "CRM_1"}], "sources: name 'crm-1' is used twice"),
        ([CRM | {"kursor": "at"}], "sources.0.kursor: unknown key"),
        ([CRM | {"look_back": -1}], "sources.0.look_back: "),
        ([CRM | {"batch_rows": 0}], "sources.0.batch_rows: "),
        ([{"kind": "sql", "name": "crm", "url": "sqlite://", "table": "t"}], "sources.0.cursor: Field required"),
    ],
)
def test_a_wrong_source_gives_one_line_that_names_the_key_and_shows_no_password(
    tmp_path: Path, sources: list[object], message: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(config_with(tmp_path, sources=sources))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "cret" not in str(caught.value)


def test_a_password_of_no_source_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RISK_ASSETS_SOURCE_PASSWORDS__CMR_1", "secret")
    with pytest.raises(SettingsError, match="source_passwords: no source is called 'cmr_1'"):
        load_settings(config_with(tmp_path, sources=[CRM]))


def test_a_password_in_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="source_passwords: belong in the environment") as caught:
        load_settings(config_with(tmp_path, sources=[CRM], source_passwords={"crm_1": "secret"}))
    assert "secret" not in str(caught.value)
