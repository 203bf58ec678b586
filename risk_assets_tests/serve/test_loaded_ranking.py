from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from risk_assets.serve.client_search import Filters
from risk_assets.serve.client_table import ClientTable
from risk_assets.serve.loaded_ranking import MOST_CODED
from risk_assets.storage.layout import Layout
from risk_assets_tests.serve.desk import COUNT, write_desk


def change(table: Path, **cells: str) -> None:
    """Write a ranking again with other columns."""
    replaced = ", ".join(f"{cell} AS {name}" for name, cell in cells.items())
    changed = table.with_name("changed.parquet")
    duckdb.sql(f"COPY (SELECT * REPLACE ({replaced}) FROM '{table}') TO '{changed}' (FORMAT parquet)")
    changed.replace(table)


def ids(table: ClientTable, **levels: str) -> list[str]:
    """Return the clients of a manager on the first page."""
    return [client.id for client in table.page(filters=Filters(levels)).clients]


def test_the_next_page_is_of_the_ranking_as_it_is_then(tmp_path: Path) -> None:
    settings = write_desk(tmp_path)
    layout = Layout.of(settings)
    table = ClientTable(settings, layout)
    try:
        for manager in ("Cleo", "Dora", "Emil"):
            assert ids(table, manager=manager) == []
            change(layout.client_risk_parquet, manager=f"CASE WHEN rank < 3 THEN '{manager}' ELSE manager END")
            assert ids(table, manager=manager) == ["c001", "c002"]
            assert manager in table.levels("manager")
    finally:
        table.close()


@pytest.mark.parametrize("levels", [COUNT, MOST_CODED + 1])
def test_a_level_is_found_however_many_there_are(tmp_path: Path, levels: int) -> None:
    settings = write_desk(tmp_path)
    layout = Layout.of(settings)
    more = f"SELECT t.* REPLACE (100 + i AS rank, 'other ' || i AS manager) FROM t, range({levels}) AS r(i)"
    duckdb.sql(
        f"COPY (WITH t AS (SELECT * FROM '{layout.client_risk_parquet}' WHERE rank = 1) "
        f"SELECT * FROM '{layout.client_risk_parquet}' UNION ALL ({more})) "
        f"TO '{tmp_path}/more.parquet' (FORMAT parquet)"
    )
    (tmp_path / "more.parquet").replace(layout.client_risk_parquet)
    change(
        layout.client_risk_parquet, manager="CASE WHEN rank = 7 THEN NULL WHEN rank = 8 THEN '' ELSE manager END"
    )
    table = ClientTable(settings, layout)
    try:
        assert table.page(filters=Filters({"manager": "Ben"})).total == COUNT // 2 - 1
        assert table.page(filters=Filters({"manager": "other 5"})).total == 1
        assert table.page(filters=Filters({"manager": "O'Neil"})).total == 0
        assert ids(table, manager="") == ["c007", "c008"]
    finally:
        table.close()


def test_clients_of_the_same_value_stand_in_the_order_of_their_risk(tmp_path: Path) -> None:
    settings = write_desk(tmp_path)
    layout = Layout.of(settings)
    change(layout.client_risk_parquet, value_at_risk="1e0", rank=f"{COUNT + 1} - rank")
    table = ClientTable(settings, layout)
    try:
        first = table.page(sort="-value_at_risk", size=40)
        rest = table.page(sort="-value_at_risk", size=40, page=2, after=first.after)
    finally:
        table.close()

    assert [client.id for client in (*first.clients, *rest.clients)] == [f"c{n:03d}" for n in range(COUNT, 0, -1)]


def test_how_many_clients_fit_is_said_on_a_page_beyond_the_last(tmp_path: Path) -> None:
    settings = write_desk(tmp_path)
    table = ClientTable(settings, Layout.of(settings))
    try:
        found = table.page(page=9, filters=Filters({"manager": "Ben"}))
    finally:
        table.close()

    assert (found.total, found.pages, found.clients, found.after) == (COUNT // 2, 1, (), None)
