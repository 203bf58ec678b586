"""The live model: one whole version at a time, swapped when the pointer moves, kept when the new one is bad."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from risk_assets.domain.columns import Columns
from risk_assets.domain.deployment.decisions import Manifest
from risk_assets.domain.deployment.gate import smoke_test
from risk_assets.domain.model.declared import declaration_fault
from risk_assets.domain.model.scorecard import Scorecard
from risk_assets.serve.http.replies import RequestError
from risk_assets.serve.metrics import LOADS, READY, REFUSED
from risk_assets.storage.deployment.versions import DeploymentError, live_version, read_manifest, version_folder
from risk_assets.storage.layout import Layout
from risk_assets.storage.records import RecordError, parse_record

#: The pointer is looked at this often at most, in seconds.
LOOK_SECONDS = 0.05
#: A version that could not be loaded is tried again after this time, in seconds.
RETRY_SECONDS = 30.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Version:
    """A deployed version as it serves."""

    name: str
    manifest: Manifest
    scorecard: Scorecard


@dataclass(frozen=True)
class Refusal:
    """A version that the pointer names and that cannot serve, and why."""

    version: str | None
    reason: str


class LiveModel:
    """Holds the version that serves; whoever asks gets one object and keeps to it.

    `current` looks at the pointer and, when it has moved, loads what it names, in one thread while the others
    serve on with the version before.
    """

    def __init__(
        self,
        layout: Layout,
        columns: Columns,
        elsewhere: Callable[[], Refusal | None] = lambda: None,
        *,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._layout = layout
        self._pointer = layout.current
        self._elsewhere = elsewhere
        self._look_seconds = look_seconds
        self._columns = columns
        self._version: Version | None = None
        self._seen: tuple[int, ...] | None = None
        self._look_at = 0.0
        self._retry_at = float("inf")
        self._loading = threading.Lock()
        self._refused: Refusal | None = None
        self._shown: tuple[bool, bool] | None = None

    @property
    def refused(self) -> Refusal | None:
        """What the pointer names and cannot serve; `elsewhere` knows of a pointer that is not on this disk."""
        return self._refused or self._elsewhere()

    @property
    def held(self) -> Version | None:
        """The version that served last, without a look at the pointer."""
        return self._version

    def current(self) -> Version:
        """Return the version that serves. Raises RequestError (503) while there is none."""
        version = self.find()
        if version is None:
            refused = self.refused
            why = refused.reason if refused else "no model is deployed yet; materialize deployed_model"
            raise RequestError(503, why)
        return version

    def find(self) -> Version | None:
        """Return the version that serves, None while there is none."""
        if time.monotonic() >= self._look_at and self._loading.acquire(blocking=self._version is None):
            try:
                self._look()
            finally:
                self._loading.release()
        return self._version

    def _look(self) -> None:
        """Look at the pointer, unless another thread did so while this one waited.

        The next look is due after this one has ended: whoever comes while the first version loads waits for it.
        """
        now = time.monotonic()
        if now < self._look_at:
            return
        try:
            self._follow(now)
        finally:
            self._look_at = time.monotonic() + self._look_seconds
        state = (self._version is not None, self.refused is not None)
        if state != self._shown:
            for gauge, value in zip((READY, REFUSED), state, strict=True):
                gauge.set(value)
            self._shown = state

    def _follow(self, now: float) -> None:
        seen = _signature(self._pointer)
        if seen == self._seen and now < self._retry_at:
            return
        self._seen, self._retry_at = seen, float("inf")
        if seen is None and self._version is None:
            return
        name = None
        try:
            name = _pointed_to(self._layout)
            self._version, self._refused = load_version(self._layout, name, self._columns), None
            LOADS.labels("loaded").inc()
            logger.info("%s serves", name)
        except (DeploymentError, RecordError, OSError) as error:
            self._refused, self._retry_at = Refusal(name, message_of(self._layout, error)), now + RETRY_SECONDS
            LOADS.labels("refused").inc()
            logger.error("%s cannot serve: %s", name or "what the pointer names", error)  # noqa: TRY400


def load_version(layout: Layout, name: str, columns: Columns) -> Version:
    """Load a version from the very bytes that its manifest vouches for, and try it on smoke rows.

    Raises DeploymentError or RecordError with what is wrong.
    """
    manifest = read_manifest(layout, name)
    if manifest.version != name:
        raise DeploymentError(f"{name}/manifest.json: is the manifest of {manifest.version}")
    path = version_folder(layout, name) / "scorecard.json"
    scorecard = parse_record(path, verified_bytes(layout, manifest, "scorecard.json"), Scorecard)
    if not scorecard.features:
        raise DeploymentError(f"{name}: the model has no shapes")
    if fault := declaration_fault(scorecard, columns):
        raise DeploymentError(f"{name}: {fault}")
    _try_out(name, scorecard)
    return Version(name, manifest, scorecard)


def _try_out(name: str, scorecard: Scorecard) -> None:
    try:
        with np.errstate(all="ignore"):
            faults = smoke_test(scorecard.risk(smoke_rows(scorecard)))
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        faults = (str(error),)
    if faults:
        raise DeploymentError(f"{name}: the smoke test failed: {'; '.join(faults)}")


def verified_bytes(layout: Layout, manifest: Manifest, name: str) -> bytes:
    """Read a file of a version. Raises DeploymentError when it is not what the manifest says."""
    place = f"{manifest.version}/{name}"
    if name not in manifest.files:
        raise DeploymentError(f"{place}: is not in the manifest")
    content = (version_folder(layout, manifest.version) / name).read_bytes()
    if hashlib.sha256(content).hexdigest() != manifest.files[name][0]:
        raise DeploymentError(f"{place}: its content differs from the manifest")
    return content


def smoke_rows(scorecard: Scorecard) -> dict[str, NDArray[np.float64] | NDArray[np.object_]]:
    """Return rows that visit the breaks and categories of each shape, and one in which everything is missing."""
    cells: dict[str, list[object]] = {
        **{shape.column: [*shape.breaks, np.nan] for shape in scorecard.numeric},
        **{shape.column: [*shape.values, None] for shape in scorecard.categorical},
    }
    rows = max(map(len, cells.values()), default=0)
    padded = {name: values + values[-1:] * (rows - len(values)) for name, values in cells.items()}
    numeric = {shape.column for shape in scorecard.numeric}
    return {
        name: np.array(values, dtype=np.float64 if name in numeric else object) for name, values in padded.items()
    }


def _pointed_to(layout: Layout) -> str:
    name = live_version(layout)
    if name is None:
        raise DeploymentError(f"{layout.current}: is gone")
    return name


def message_of(layout: Layout, error: Exception) -> str:
    """Return what an error says, for people elsewhere: files are named from the data root on."""
    text = str(error)
    for folder in (layout.data_root, layout.deployment.parent):
        text = text.replace(f"{folder}/", "")
    return text


def _signature(pointer: Path) -> tuple[int, ...] | None:
    """Return what changes whenever the pointer is replaced, None when there is none.

    A pointer that cannot be looked at has the number of the error; reading it then tells which one that is.
    """
    try:
        status = pointer.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        return (error.errno or 0,)
    return status.st_ino, status.st_mtime_ns, status.st_size
