"""The rows of test clients: those of testdata or, where no folder holds any, of a share of the clients."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from risk_assets.engine.dataset import Dataset, table
from risk_assets.engine.select import LabelledRows, labelled_query, one_per_client, read_labelled_rows
from risk_assets.engine.session import Session
from risk_assets.engine.sql import in_share, quote
from risk_assets.storage.intake.finaldata import read_labelled, require_ingestion
from risk_assets.storage.intake.part_files import outcomes_of, rows_of, teaching_rows
from risk_assets.storage.intake.refusal import IngestionError
from risk_assets.storage.layout import Layout


def read_test_rows(layout: Layout, session: Session, *, independent: bool = False) -> tuple[LabelledRows, int]:
    """Return the rows of test clients with a known outcome, and how many rows of testdata were refused.

    Of `independent` rows no two are of one client. Raises IngestionError when no row is usable.
    """
    if layout.test_share is not None:
        data, among = teaching_rows(layout, require_ingestion(layout)), ids_set_apart(layout, session)
        client, order = quote(session.columns.id), ", ".join(map(quote, session.columns.known))
        query = f"{labelled_query(session, data, 'all')} AND {client} IN ({among}) ORDER BY {order}"
        return _read(session, query, independent=independent), 0
    with tempfile.TemporaryDirectory() as folder:
        data, refused = _test_data(layout, session, Path(folder))
        return _read(session, labelled_query(session, data, "all"), independent=independent), refused


def ids_set_apart(layout: Layout, session: Session) -> str:
    """Cache the ids of the test clients, and return the query for them: no model learns from them.

    Raises IngestionError when there is a folder of testdata without a usable row.
    """
    client = f"CAST({quote(session.columns.id)} AS VARCHAR)"
    if layout.test_share is not None:
        rows = table(session.columns, rows_of(layout, require_ingestion(layout)))
        drawn = in_share(session.columns, layout.test_share, "test")
        session.cache_table("test_clients", [f"SELECT DISTINCT {client} AS id FROM {rows} WHERE {drawn}"])
    else:
        with tempfile.TemporaryDirectory() as folder:
            data, _ = _test_data(layout, session, Path(folder))
            ids = f"SELECT DISTINCT {client} AS id FROM {table(session.columns, Dataset(data.parts))}"
            session.cache_table("test_clients", [ids])
    return "SELECT id FROM test_clients"


def _test_data(layout: Layout, session: Session, folder: Path) -> tuple[Dataset, int]:
    """Return the rows of the folder of testdata, read by the rules of finaldata, and how many were refused."""
    files = layout.test_files()
    if not files:
        raise IngestionError(f"no client files in {layout.url_of(layout.testdata) or layout.testdata}")
    columns = replace(session.columns, form=layout.test_form or session.columns.form)
    with session.new_connection(columns) as reader:
        parts, accounts = read_labelled(reader, files, folder)
    outcomes = None if session.columns.has_target else outcomes_of(layout, require_ingestion(layout))
    return Dataset(parts, outcomes), sum(file.quarantined for file in accounts)


def _read(session: Session, query: str, *, independent: bool) -> LabelledRows:
    rows = read_labelled_rows(session, one_per_client(session, query) if independent else query)
    if not len(rows.target):
        raise IngestionError("no row of a test client has a known outcome")
    return rows
