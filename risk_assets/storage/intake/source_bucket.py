"""Client files in a bucket: known by the versions of their objects, of which none is read to tell what is new."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from risk_assets.domain.intake.ingestion import HeldFile, Ingestion
from risk_assets.domain.intake.source_file import SourceFile
from risk_assets.storage.intake.feed_verdicts import accepted_since
from risk_assets.storage.intake.source_folder import INGESTED, Fingerprint, FolderState, named_in
from risk_assets.storage.records import RecordError, find_record, write_record
from risk_assets.storage.remote.mirror import Mirror

OUTCOMES = named_in("outcomes", "")


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
    objects: dict[str, str] = {}
    for key, files in _files_of(ingestion):
        if mirror.is_remote(key):
            versions = mirror.pulled_versions(key)
            objects |= {named_in(key, file.name): versions[file.name] for file in files if file.name in versions}
    if not any(mirror.is_remote(key) for key in INGESTED):
        mirror.layout.source_objects.unlink(missing_ok=True)
        return
    write_record(mirror.layout.source_objects, SourceObjects(ingestion.ingested_at, objects))


def ingested_versions(mirror: Mirror) -> dict[str, str]:
    """Return the content versions of the files that finaldata is made of, as the input folder's state has them.

    A file of which they are not known has "": it is looked at again.
    """
    try:
        ingestion = find_record(mirror.peek("finaldata", mirror.layout.ingestion), Ingestion)
        if ingestion is None:
            return {}
        if not any(mirror.is_remote(key) for key in INGESTED):
            return {
                named_in(key, file.name): file.sha256
                for key, files in _files_of(ingestion, _accepted(mirror, ingestion))
                for file in files
            }
        noted = find_record(mirror.peek("finaldata", mirror.layout.source_objects), SourceObjects)
    except RecordError:  # the next ingestion makes them anew
        return {}
    known = noted.objects if noted and noted.ingested_at == ingestion.ingested_at else {}
    found = {}
    for key, files in _files_of(ingestion, _accepted(mirror, ingestion)):
        for file in files:
            name = named_in(key, file.name)
            found[name] = known.get(name, "") if mirror.is_remote(key) else file.sha256
    return found


def held_names(mirror: Mirror) -> tuple[str, ...]:
    """Return the names of files that wait for somebody to accept or refuse them."""
    try:
        ingestion = find_record(mirror.peek("finaldata", mirror.layout.ingestion), Ingestion)
    except RecordError:
        return ()
    accepted = _accepted(mirror, ingestion) if ingestion else frozenset()
    held = ingestion.held if ingestion else ()
    return tuple(file.name for file in held if file.verdict == "suspect" and file.name not in accepted)


def _accepted(mirror: Mirror, ingestion: Ingestion) -> frozenset[str]:
    """Return the names of files that were held back then and are to go in now."""
    return accepted_since(mirror.peek("finaldata", mirror.layout.feed_verdicts), ingestion)


def _files_of(
    ingestion: Ingestion, accepted: frozenset[str] = frozenset()
) -> Iterable[tuple[str, tuple[SourceFile | HeldFile, ...]]]:
    """Yield the source folders that finaldata was made from, with their files, and those that are held back."""
    held = [file for file in ingestion.held if file.name not in accepted]
    told = [
        replace(file, name=file.name.removeprefix(OUTCOMES)) for file in held if file.name.startswith(OUTCOMES)
    ]
    yield "sourcedata", (*ingestion.files, *(file for file in held if not file.name.startswith(OUTCOMES)))
    if ingestion.outcomes is not None:
        yield "outcomes", (*ingestion.outcomes.files, *told)
