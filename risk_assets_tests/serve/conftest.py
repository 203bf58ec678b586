"""Fixtures of serving: a home, an application on it, and its client."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from risk_assets.serve.app import create_app
from risk_assets.serve.state import Serving, serving_of
from risk_assets.settings import Settings
from risk_assets.settings.loading import ConfigFile
from risk_assets_tests.serve.browsing import axe, browser, check, opened_page  # noqa: F401  # fixtures
from risk_assets_tests.serve.deployed import deploy, make_settings


@dataclass(frozen=True)
class Home:
    """A deployed home and an application that serves it."""

    settings: Settings
    app: Flask
    http: FlaskClient
    version: str

    @property
    def serving(self) -> Serving:
        return serving_of(self.app)

    def predict(self, content: Any, **more: Any) -> TestResponse:
        return self.http.post("/prediction", json=content, **more)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """One home for all tests of a module, which leave it as it is."""
    with opened(make_settings(tmp_path_factory.mktemp("home")), deployed=True) as home:
        yield home


@contextlib.contextmanager
def opened(
    settings: Settings, *, deployed: bool = False, hosts: Collection[str] = (), config: ConfigFile | None = None
) -> Iterator[Home]:
    """An application on a home, closed afterwards."""
    version = deploy(settings) if deployed else ""
    app = create_app(settings, hosts=hosts, config=config)
    try:
        yield Home(settings, app, app.test_client(), version)
    finally:
        serving_of(app).close()
