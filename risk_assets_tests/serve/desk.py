"""A home with clients of managers and with value, keys of each role, and visitors with a browser."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import duckdb
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from risk_assets.domain.access.roles import ROLES, Role
from risk_assets.settings import Settings
from risk_assets.storage.access.keys import make_key
from risk_assets.storage.layout import Layout
from risk_assets_tests.serve.deployed import COLUMNS, make_settings
from risk_assets_tests.serve.test_client_table import write_finaldata

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
#: Clients of the ranking: c001 is the riskiest, c060 the most valuable at risk.
COUNT = 60


def write_desk(root: Path, **changes: object) -> Settings:
    """Write a ranking with managers, value, intervals and features."""
    columns = COLUMNS.model_copy(update={"carried": ("manager",), "value": "worth"})
    settings = make_settings(root, **{"columns": columns, "call_capacity": 10, **changes})
    layout = Layout.of(settings)
    layout.models.mkdir(parents=True, exist_ok=True)
    duckdb.sql(
        "COPY (SELECT printf('c%03d', i) AS corporation, 1 - i / 100 AS risk, 1 - i / 100 - 0.01 AS risk_low, "
        "1 - i / 100 + 0.01 * (i % 7) AS risk_high, i AS rank, 1 + (i - 1) * 10 // 60 AS decile, "
        "0.1 AS previous_risk, 0.9 - i / 100 AS change, i * i * 1e0 AS worth, "
        "(1 - i / 100) * i * i AS value_at_risk, "
        "CASE WHEN i % 2 = 0 THEN 'Anna' ELSE 'Ben' END AS manager, 'activity is 3: odds × 2.0' AS reason_1, "
        "'=cmd()' AS reason_2, CAST(NULL AS VARCHAR) AS reason_3, CAST(NULL AS VARCHAR) AS change_reason, "
        'i * 1e0 AS "feature.activity", i * 10e0 + 0.1234567 AS "feature.employees", '
        "'retail' AS \"feature.industry\" "
        f"FROM range(1, {COUNT + 1}) AS t(i)) TO '{layout.client_risk_parquet}' (FORMAT parquet)"
    )
    clients = f"SELECT printf('c%03d', i) AS corporation, 'current' AS status FROM range(1, {COUNT + 1}) AS t(i)"
    duckdb.sql(f"COPY ({clients}) TO '{layout.client_status}' (FORMAT parquet)")
    write_finaldata(settings)
    return settings


def make_keys(settings: Settings) -> dict[Role, str]:
    """Make a key of each role, called after it."""
    return {role: make_key(Layout.of(settings), f"{role}er", role, now=NOW) for role in ROLES}


def hidden(page: TestResponse, name: str) -> str:
    """Return what a hidden field of a page holds."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page.get_data(as_text=True))
    assert found, f"no field {name}"
    return found[1]


def look(visitor: FlaskClient, address: str) -> TestResponse:
    """Look at an address with a browser."""
    return visitor.get(address, headers=BROWSER)


def sign_in(visitor: FlaskClient, key: str, to: str = "/calls") -> TestResponse:
    """Name a key on the page for it."""
    token = hidden(visitor.get("/pages/sign-in"), "form_token")
    data = {"form_token": token, "key": key, "to": to}
    return visitor.post("/pages/sign-in", data=data, headers=BROWSER)


def send_contact(visitor: FlaskClient, page: TestResponse, **fields: str) -> TestResponse:
    """Fill in the form of a client's page and send it."""
    held = {name: hidden(page, name) for name in ("form_token", "token", "client", "seen")}
    return visitor.post("/pages/contact", data={**held, "kind": "reached", **fields}, headers=BROWSER)
