"""The PostgreSQL that other tests lean on."""

from __future__ import annotations

import pytest

from risk_assets_tests.services.postgres import running_postgres

pytestmark = pytest.mark.slow


def test_a_server_of_ones_own_answers_keeps_its_rows_over_a_restart_and_is_gone_afterwards() -> None:
    with running_postgres() as server:
        server.psql("CREATE TABLE clients (name text); INSERT INTO clients VALUES ('Acme')")
        server.stop()
        server.start()
        assert server.psql("SELECT name FROM clients") == "Acme\n"
    assert not server.folder.exists()
