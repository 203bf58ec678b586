"""The rows that a version was not trained on: what drift is judged on and, of held-out clients, the gate."""

from __future__ import annotations

from risk_assets.domain.intake.ingestion import Ingestion, SourceFile
from risk_assets.engine.select import Keep, labelled_query
from risk_assets.engine.session import Session
from risk_assets.storage.deployment.versions import version_folder
from risk_assets.storage.intake.part_files import parts_of
from risk_assets.storage.layout import Layout
from risk_assets.storage.records import read_record


def new_files(layout: Layout, ingestion: Ingestion, version: str) -> tuple[str, ...]:
    """Return the names of the files of finaldata, by content, that `version` was not trained on.

    A file that waited for outcomes then, or whose outcomes have changed since, is new.
    """
    trained_on = read_record(version_folder(layout, version) / layout.ingestion.name, Ingestion)
    known = {_content(file) for file in trained_on.files}
    return tuple(file.name for file in ingestion.files if _content(file) not in known)


def new_rows(layout: Layout, session: Session, ingestion: Ingestion, version: str, keep: Keep) -> str:
    """Return a query for the rows with a known outcome, of files that do not wait for more, that are new.

    Those are rows of new files that `version` was not trained on, even if in another file then.
    """
    names = set(new_files(layout, ingestion, version))
    teaching = [file.name for file in ingestion.files if file.name in names and file.waiting is None]
    parts = parts_of(layout, ingestion, teaching)
    return labelled_query(session, parts, keep, besides=version_folder(layout, version) / layout.trained_rows.name)


def _content(file: SourceFile) -> tuple[str, bool, int]:
    return file.sha256, file.waiting is None, file.updated
