"""The OpenAPI document against the live server that serves it, by schemathesis with every check.

RISK_ASSETS_TESTS_EXAMPLES=500 pytest risk_assets_tests/serve/test_openapi.py asks for 500 examples an endpoint.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from risk_assets.storage.layout import Layout
from risk_assets.storage.records import write_record
from risk_assets_tests.serve.deployed import deploy, make_settings
from risk_assets_tests.serve.running import ROOT, Server, running
from risk_assets_tests.serve.test_app import DIAGNOSTICS, VERDICT
from risk_assets_tests.serve.test_client_table import write_finaldata, write_ranking

pytestmark = pytest.mark.slow
EXAMPLES = os.environ.get("RISK_ASSETS_TESTS_EXAMPLES", "8")
KEY = "a key"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    settings = make_settings(tmp_path_factory.mktemp("documented"))
    deploy(settings)
    write_ranking(settings)
    write_finaldata(settings)
    layout = Layout.of(settings)
    write_record(layout.diagnostics, DIAGNOSTICS)
    write_record(layout.drift, VERDICT)
    layout.summary_report.write_bytes(b"%PDF-1.4 a report")
    with running(settings, environment={"RISK_ASSETS_API_KEYS": KEY}) as server:
        yield server


def test_the_server_does_what_its_document_says(server: Server, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{server.url}/openapi/openapi.json"]
    options = [
        "--checks",
        "all",
        "--max-examples",
        EXAMPLES,
        "--header",
        f"Authorization: Bearer {KEY}",
        "--no-color",
    ]
    environment = {
        **os.environ,
        "SCHEMATHESIS_HOOKS": "risk_assets_tests.serve.schemathesis_hooks",
        "PYTHONPATH": str(ROOT),
    }

    result = subprocess.run(
        [*command, *options], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )

    assert result.returncode == 0, result.stdout
    assert "No issues found" in result.stdout
    assert "Traceback" not in server.err.read_text()
