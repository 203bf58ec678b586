"""What serves: immutable version folders, the pointer to one of them, and the decisions behind it.

A version takes effect in the order folder, decision. A decision is carried out in four atomic steps: its intent
(pending.json), the pointer (current), its line (deployments.jsonl), and the end of the intent. Whoever dies
between two of them leaves a state that says what happened: an intent that the pointer agrees with took effect and
counts as a line, any other never happened. Readers apply that rule, and the next writer writes the line.

Writers hold `lock.writing(layout.deployment, ...)`; readers need no lock.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from risk_assets.domain.deployment.decisions import Decision, Manifest
from risk_assets.domain.scoring.metrics import Metrics
from risk_assets.storage import atomic
from risk_assets.storage.deployment.version_files import copy_file, fault_of, same_but_for_times
from risk_assets.storage.layout import Layout
from risk_assets.storage.records import (
    RecordError,
    append_record,
    find_record,
    read_history,
    read_record,
    write_record,
)

if TYPE_CHECKING:
    from risk_assets.domain.columns import Columns
    from risk_assets.domain.model.scorecard import Scorecard

MANIFEST = "manifest.json"
WAY_OUT = "Restore its files, or let another version serve than `current` names: risk rollback VERSION."
OTHER_COLUMNS = "Declare it as it was, or let another version serve: risk history lists them."
WRITE_ANEW = "Write the name of the version that should serve into it; `risk history` lists them."
VERSION_NAME = re.compile(r"v(\d{4,})-([0-9a-f]{8})")


class DeploymentError(ValueError):
    """A version or the pointer is not what it should be; the message says which and why."""


def version_folder(layout: Layout, version: str) -> Path:
    """Return the folder of a version, whether or not it exists; a text that is no version name is refused."""
    if not VERSION_NAME.fullmatch(version):
        raise DeploymentError(f"not a version name: {version!r} (they look like v0001-3fa9c1d2)")
    return layout.versions / version


def next_version(layout: Layout, model_sha256: str) -> str:
    """Return the name that the next version would have: no folder and no decision has used its number."""
    used = [*(folder.name for folder in _folders(layout)), *(line.version for line in read_decisions(layout))]
    found = [VERSION_NAME.fullmatch(name) for name in used]
    number = max((int(match[1]) for match in found if match), default=0) + 1
    return f"v{number:04d}-{model_sha256[:8]}"


def publish_version(
    layout: Layout,
    sources: Mapping[str, Path],
    *,
    model_sha256: str,
    data_version: str,
    parent: str | None,
    features: Iterable[str],
    libraries: Mapping[str, str],
    now: datetime,
) -> Manifest:
    """Copy `sources` (name in the folder -> file) into a new version folder, which nothing points to yet.

    What a killed attempt left half done is cleared away; a whole folder with the same files, model, data and
    parent is taken as it is. Raises DeploymentError when trainedmodel.pkl is not the model of `model_sha256`.
    """
    layout.versions.mkdir(parents=True, exist_ok=True)
    staging = layout.versions / ".staging"
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir()
    manifest = Manifest(
        version=next_version(layout, model_sha256),
        created_at=now.astimezone(UTC).isoformat(timespec="seconds"),
        model_sha256=model_sha256,
        data_version=data_version,
        parent=parent,
        features=tuple(features),
        libraries=dict(sorted(libraries.items())),
        files={name: copy_file(source, staging / name) for name, source in sorted(sources.items())},
    )
    model = manifest.files.get("trainedmodel.pkl")
    if model is not None and model[0] != model_sha256:
        raise DeploymentError(f"{sources['trainedmodel.pkl']}: changed since it was scored; run again")
    if (twin := _twin(layout, manifest)) is not None:
        shutil.rmtree(staging)
        return twin
    write_record(staging / MANIFEST, manifest)
    staging.rename(layout.versions / manifest.version)
    atomic.sync(layout.versions)
    return manifest


def read_manifest(layout: Layout, version: str) -> Manifest:
    """Read the manifest of a version. Raises DeploymentError for an unknown one, RecordError for a bad file."""
    folder = version_folder(layout, version)
    if not folder.is_dir():
        raise DeploymentError(f"no such version: {version}")
    return read_record(folder / MANIFEST, Manifest)


def verify_version(layout: Layout, version: str) -> tuple[str, ...]:
    """Return the faults of a version's files against its manifest, in words; empty when all is well."""
    try:
        manifest = read_manifest(layout, version)
    except (DeploymentError, RecordError) as error:
        return (str(error),)
    folder = version_folder(layout, version)
    faults = [fault for name, stated in manifest.files.items() if (fault := fault_of(folder / name, *stated))]
    strangers = {file.name for file in folder.iterdir()} - {*manifest.files, MANIFEST}
    faults += [f"{version}/{name}: is not in the manifest" for name in sorted(strangers)]
    if manifest.version != version:
        faults.append(f"{version}/{MANIFEST}: is the manifest of {manifest.version}")
    return tuple(faults)


def live_version(layout: Layout) -> str | None:
    """Return the version that serves, None before the first. Raises DeploymentError for a broken pointer."""
    try:
        content = layout.current.read_bytes()
    except FileNotFoundError:
        return None
    return named_version(content, str(layout.current))


def named_version(content: bytes, place: str) -> str:
    """Return the version that a pointer's content names. Raises DeploymentError for anything else."""
    try:
        name = content.decode().strip()
    except UnicodeDecodeError as error:
        raise DeploymentError(f"{place}: not text. {WRITE_ANEW}") from error
    if not VERSION_NAME.fullmatch(name):
        raise DeploymentError(f"{place}: not a version name: {name[:80]!r}. {WRITE_ANEW}")
    return name


def require_live_version(layout: Layout) -> str:
    """Return the version that serves. Raises DeploymentError before the first."""
    live = live_version(layout)
    if live is None:
        raise DeploymentError("nothing is deployed yet: materialize deployed_model first")
    return live


def deployed_scorecard(layout: Layout, version: str) -> Scorecard:
    """Return the scorecard of a version, once its files are verified. Raises DeploymentError with their faults."""
    from risk_assets.domain.model.scorecard import Scorecard

    faults = verify_version(layout, version)
    if faults:
        raise DeploymentError(f"{version} cannot serve: {'; '.join(faults)}. {WAY_OUT}")
    return read_record(version_folder(layout, version) / layout.scorecard.name, Scorecard)


def servable_scorecard(layout: Layout, version: str, columns: Columns) -> Scorecard:
    """Return the scorecard of a version that can serve clients with these columns. Raises DeploymentError."""
    from risk_assets.domain.model.declared import declaration_fault

    scorecard = deployed_scorecard(layout, version)
    if fault := declaration_fault(scorecard, columns):
        raise DeploymentError(f"{version} cannot serve: {fault}. {OTHER_COLUMNS}")
    return scorecard


def deployed_metrics(layout: Layout, version: str) -> Metrics:
    """Return the score with which a version was deployed. Raises RecordError for a bad file."""
    return read_record(version_folder(layout, version) / layout.metrics.name, Metrics)


def point_to(layout: Layout, version: str) -> None:
    """Let `version` serve, once its files are verified. Raises DeploymentError with their faults otherwise."""
    faults = verify_version(layout, version)
    if faults:
        raise DeploymentError(f"{version} cannot serve: {'; '.join(faults)}")
    atomic.write_text(layout.current, version + "\n")


def record_decision(layout: Layout, decision: Decision) -> None:
    """Put a decision into effect and on record: `decision.live` serves and the line stands, or neither.

    Raises DeploymentError, and changes nothing, when that version's files are not what its manifest says.
    """
    _settle(layout)
    write_record(layout.pending, decision)
    try:
        if decision.live is not None and decision.live != live_version(layout):
            point_to(layout, decision.live)
    except DeploymentError:
        layout.pending.unlink()
        raise
    _settle(layout)


def read_decisions(layout: Layout) -> tuple[Decision, ...]:
    """Read all decisions, oldest first, with one that took effect and whose line is not written yet."""
    pending = _pending_decision(layout)  # before the lines: a writer removes it after its line
    lines = read_history(layout.deployments, Decision)
    if pending is None or pending in lines[-1:] or pending.live != live_version(layout):
        return lines
    return (*lines, pending)


def _settle(layout: Layout) -> None:
    """Write the line of a decision that took effect, and end its intent."""
    unwritten = read_decisions(layout)[len(read_history(layout.deployments, Decision)) :]
    for decision in unwritten:
        append_record(layout.deployments, decision)
        atomic.sync(layout.deployment)
    layout.pending.unlink(missing_ok=True)


def _pending_decision(layout: Layout) -> Decision | None:
    try:
        return find_record(layout.pending, Decision)
    except RecordError:
        if layout.pending.exists():
            raise
        return None  # its writer finished meanwhile


def _folders(layout: Layout) -> list[Path]:
    return sorted(layout.versions.iterdir()) if layout.versions.is_dir() else []


def _twin(layout: Layout, manifest: Manifest) -> Manifest | None:
    """Return the sound version that differs from `manifest` in nothing but its name and times."""
    for folder in _folders(layout):
        same_model = VERSION_NAME.fullmatch(folder.name) and folder.name[-8:] == manifest.version[-8:]
        if same_model and not verify_version(layout, folder.name):
            found = read_manifest(layout, folder.name)
            if same_but_for_times(found, manifest):
                return found
    return None
