"""The rows that a version was not trained on: what drift is judged on and, of held-out clients, the gate."""

from __future__ import annotations

from pathlib import Path

from risk_assets.domain.intake.ingestion import Ingestion
from risk_assets.engine.select import labelled_query, observed_query
from risk_assets.engine.session import Session
from risk_assets.storage.deployment.versions import version_folder
from risk_assets.storage.intake.finaldata import test_clients
from risk_assets.storage.intake.part_files import parts_of
from risk_assets.storage.layout import Layout
from risk_assets.storage.records import read_record


def new_files(layout: Layout, ingestion: Ingestion, version: str) -> tuple[str, ...]:
    """Return the names of the files of finaldata, by content, that `version` was not trained on.

    A file that waited for outcomes then, or whose outcomes have changed since, is new.
    """
    trained_on = read_record(version_folder(layout, version) / layout.ingestion.name, Ingestion)
    known = {(file.sha256, file.updated) for file in trained_on.files if file.waiting is None}
    return tuple(file.name for file in ingestion.files if (file.sha256, file.updated) not in known)


def new_held_out_rows(layout: Layout, session: Session, ingestion: Ingestion, version: str) -> str:
    """Return a query for the new rows with a known outcome of clients that no model is trained on.

    Those are rows of new files that do not wait for outcomes and that `version` was not trained on, even if in
    another file then; clients of testdata are left out.
    """
    teaching, _ = _new_parts(layout, ingestion, version)
    apart = test_clients(layout, session)
    return labelled_query(session, teaching, "held out", _trained_rows(layout, version), apart)


def new_observations(layout: Layout, session: Session, ingestion: Ingestion, version: str) -> str:
    """Return a query for all rows of new files that `version` was not trained on, whatever became of the clients.

    The outcomes of files that wait for more are not among them.
    """
    teaching, waiting = _new_parts(layout, ingestion, version)
    return observed_query(session, teaching, waiting, _trained_rows(layout, version))


def _new_parts(layout: Layout, ingestion: Ingestion, version: str) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """Return the parts of new files that teach, and of those that wait."""
    names = new_files(layout, ingestion, version)
    waiting = {file.name for file in ingestion.files if file.waiting is not None}
    return (
        parts_of(layout, ingestion, [name for name in names if name not in waiting]),
        parts_of(layout, ingestion, [name for name in names if name in waiting]),
    )


def _trained_rows(layout: Layout, version: str) -> Path:
    return version_folder(layout, version) / layout.trained_rows.name
