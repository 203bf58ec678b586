"""The rows that a version was not trained on: what drift is judged on and, of held-out clients, the gate."""

from __future__ import annotations

from pathlib import Path

from risk_assets.domain.intake.ingestion import Ingestion
from risk_assets.engine.dataset import Dataset
from risk_assets.engine.select import NewDatasets, labelled_query, observed_query, one_per_client
from risk_assets.engine.session import Session
from risk_assets.storage.deployment.versions import version_folder
from risk_assets.storage.intake.part_files import rows_of_files
from risk_assets.storage.intake.set_apart import ids_set_apart
from risk_assets.storage.layout import Layout
from risk_assets.storage.records import read_record


def new_files(layout: Layout, ingestion: Ingestion, version: str) -> tuple[str, ...]:
    """Return the names of the files of finaldata, by content, that `version` was not trained on.

    A file that waited for outcomes then, or whose outcomes have changed since, is new.
    """
    trained_on = _trained_on(layout, version)
    known = {(file.sha256, file.updated) for file in trained_on.files if file.waiting is None}
    return tuple(file.name for file in ingestion.files if (file.sha256, file.updated) not in known)


def new_held_out_rows(layout: Layout, session: Session, ingestion: Ingestion, version: str) -> str:
    """Return a query for the new rows with a known outcome of clients that no model is trained on.

    Those are rows that do not wait for outcomes, in new files or complete since then, and that `version` was not
    trained on, even if in another file then; no two are of one client. Test clients are left out.
    """
    new = _new_datasets(layout, ingestion, version)
    apart = ids_set_apart(layout, session)
    return one_per_client(session, labelled_query(session, new, "held out", _trained_rows(layout, version), apart))


def new_observations(layout: Layout, session: Session, ingestion: Ingestion, version: str) -> str:
    """Return a query for all new rows that `version` was not trained on, whatever became of the clients.

    The outcomes of files that wait for more are not among them, and no two rows are of one client.
    """
    new = _new_datasets(layout, ingestion, version)
    return one_per_client(session, observed_query(session, new, _trained_rows(layout, version)))


def _new_datasets(layout: Layout, ingestion: Ingestion, version: str) -> NewDatasets:
    names = new_files(layout, ingestion, version)
    waiting = {file.name for file in ingestion.files if file.waiting is not None}
    known = {file.name for file in ingestion.files if file.name not in names}
    then, decided = _trained_on(layout, version).outcomes, Dataset(())
    if ingestion.outcomes is not None and then is not None:
        decided = rows_of_files(layout, ingestion, known)
    return NewDatasets(
        rows_of_files(layout, ingestion, [name for name in names if name not in waiting]),
        rows_of_files(layout, ingestion, [name for name in names if name in waiting]),
        decided,
        then.complete_until if then else "",
    )


def _trained_on(layout: Layout, version: str) -> Ingestion:
    return read_record(version_folder(layout, version) / layout.ingestion.name, Ingestion)


def _trained_rows(layout: Layout, version: str) -> Path:
    return version_folder(layout, version) / layout.trained_rows.name
