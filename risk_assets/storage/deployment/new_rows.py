"""The rows that a version was not trained on: what drift is judged on and, of held-out clients, the gate."""

from __future__ import annotations

from risk_assets.domain.intake.ingestion import Ingestion
from risk_assets.engine.select import Keep, labelled_query
from risk_assets.engine.session import Session
from risk_assets.storage.deployment.versions import version_folder
from risk_assets.storage.intake.part_files import parts_of
from risk_assets.storage.layout import Layout
from risk_assets.storage.records import read_record


def new_files(layout: Layout, ingestion: Ingestion, version: str) -> tuple[str, ...]:
    """Return the names of the files of finaldata, by content, that `version` was not trained on."""
    trained_on = read_record(version_folder(layout, version) / layout.ingestion.name, Ingestion)
    known = {file.sha256 for file in trained_on.files}
    return tuple(file.name for file in ingestion.files if file.sha256 not in known)


def new_rows(layout: Layout, session: Session, ingestion: Ingestion, version: str, keep: Keep) -> str:
    """Return a query for rows of new files that `version` was not trained on, even if in another file then."""
    parts = parts_of(layout, ingestion, new_files(layout, ingestion, version))
    return labelled_query(session, parts, keep, besides=version_folder(layout, version) / layout.trained_rows.name)
