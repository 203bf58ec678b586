"""Client files in a bucket: known by the versions of their objects, of which none is read to tell what is new."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from risk_assets.domain.intake.ingestion import Ingestion
from risk_assets.storage.intake.source_folder import Fingerprint, FolderState
from risk_assets.storage.records import RecordError, find_record, write_record
from risk_assets.storage.remote.mirror import Mirror


@dataclass(frozen=True)
class SourceObjects:
    """The versions of the objects, by name, that an ingestion of this time read."""

    ingested_at: str
    objects: Mapping[str, str]


def object_state(mirror: Mirror, key: str) -> FolderState:
    """Return what a source folder in a bucket holds, from one listing: objects are whole once they are listed."""
    return FolderState(
        {name: Fingerprint(entry.size, 0, entry.version) for name, entry in mirror.listing(key).items()}
    )


def note_sources(mirror: Mirror, ingestion: Ingestion) -> None:
    """Write down which objects finaldata was made from, as they were when they were pulled."""
    if not mirror.is_remote("sourcedata"):
        mirror.layout.source_objects.unlink(missing_ok=True)
        return
    versions = mirror.pulled_versions("sourcedata")
    objects = {file.name: versions[file.name] for file in ingestion.files if file.name in versions}
    write_record(mirror.layout.source_objects, SourceObjects(ingestion.ingested_at, objects))


def ingested_versions(mirror: Mirror) -> dict[str, str]:
    """Return the content versions of the files that finaldata is made of, as the input folder's state has them.

    A file of which they are not known has "": it is looked at again.
    """
    try:
        ingestion = find_record(mirror.peek("finaldata", mirror.layout.ingestion), Ingestion)
        if ingestion is None or not mirror.is_remote("sourcedata"):
            return {file.name: file.sha256 for file in ingestion.files} if ingestion else {}
        noted = find_record(mirror.peek("finaldata", mirror.layout.source_objects), SourceObjects)
    except RecordError:  # the next ingestion makes them anew
        return {}
    known = noted.objects if noted and noted.ingested_at == ingestion.ingested_at else {}
    return {file.name: known.get(file.name, "") for file in ingestion.files}
