from __future__ import annotations

import csv

import duckdb
from hypothesis import given
from hypothesis import strategies as st

from risk_assets.domain.spreadsheet import harmless, write_csv
from risk_assets.engine.sql import harmless_sql

TEXTS = st.text(alphabet="=+-@;,'\"\t\r\n a1", max_size=12)


@given(st.lists(TEXTS, max_size=20))
def test_the_engine_disarms_the_same_texts_as_the_server(texts: list[str]) -> None:
    found = duckdb.execute(
        f"SELECT {harmless_sql('t')} FROM (SELECT unnest(?::VARCHAR[]) AS t)", [texts]
    ).fetchall()
    assert [text for (text,) in found] == [harmless(text) for text in texts]


@given(TEXTS, st.sampled_from([",", ";"]))
def test_no_cell_begins_a_formula_however_a_spreadsheet_splits_lists(note: str, splits_at: str) -> None:
    written = write_csv(["id", "note"], [["c1", note]]).decode()
    for row in csv.reader(written.splitlines(keepends=True), delimiter=splits_at):
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row), row
