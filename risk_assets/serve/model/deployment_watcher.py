"""What a server has from a bucket, kept up to date in the background: no request ever waits for the network.

One worker of a machine looks, the others go by what it found. A new version is fetched, verified by its manifest
and tried out before the local pointer moves, so that whatever happens to the bucket, what served last serves on,
after a restart too.
"""

from __future__ import annotations

import fcntl
import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from risk_assets.domain.columns import Columns
from risk_assets.serve.model.live import Refusal, load_version, message_of
from risk_assets.settings import Settings
from risk_assets.storage.deployment.versions import DeploymentError, live_version, named_version
from risk_assets.storage.lock import LockedError
from risk_assets.storage.records import RecordError, find_record, write_record
from risk_assets.storage.remote.mirror import Mirror
from risk_assets.storage.remote.seen import REMEMBERED
from risk_assets.storage.remote.store import Entry, RemoteError

#: What serving takes from a version; the pickle and the rows are for others.
SERVED = ("manifest.json", "scorecard.json", "metrics.json", "reference.json")
#: What pages and API show of the graph's results.
RESULTS = ("latest_score", "client_risk", "drift", "backtest", "diagnostics", "report", "finaldata", "testdata")
RESULT_SECONDS = 10.0
#: A version that cannot serve is fetched again after this time, in seconds.
RETRY_SECONDS = 30.0
#: Seconds between two uploads of the prediction log.
LOG_SECONDS = 300.0
#: A worker that starts waits this long at most for the first look of the one that leads.
START_SECONDS, SHORT_PAUSE = 10.0, 0.05
#: A look that is under way has this long to end when the server stops.
STOP_SECONDS = 2.0
#: In bytes; a pointer holds a version's name.
LONGEST_POINTER = 1000
#: Failures of the network that a look gets over.
FAILURES = (RemoteError, LockedError, OSError)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Look:
    """What the last look found wrong, for the other workers."""

    refused: Refusal | None = None


class VersionError(DeploymentError):
    """A version that the pointer names cannot be fetched or cannot serve."""

    def __init__(self, version: str, reason: str) -> None:
        super().__init__(reason)
        self.version = version


class DeploymentWatcher:
    """Follows the pointer of a bucket from one thread, and its results, which may be gigabytes, from another."""

    def __init__(
        self, settings: Settings, columns: Columns, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        # A look that fails is made again soon, so no look is worth long tries.
        self._mirror, self._results = (Mirror.of(settings, retry_seconds=0) for _ in range(2))
        self._layout = self._mirror.layout
        self._columns = columns
        self._poll_seconds = settings.object_storage.poll_seconds
        self._log_days = settings.prediction_log_days
        self._clock = clock
        self._lead: int | None = None
        self._seen: Entry | None = None
        self._retry_at = 0.0
        self._log_at = clock() + LOG_SECONDS
        self._failed: dict[str, str] = {}
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="deployment_watcher", daemon=True)
        self._fetching = threading.Thread(target=self._fetch_results, name="results", daemon=True)
        self.refused: Refusal | None = None

    def start(self) -> None:
        """Look for a version once in this thread, so that the first request finds one; then in the background."""
        if not self._layout.urls:
            return
        self.look()
        if self._lead is not None:
            write_record(self._report, Look(self.refused))
        end = self._clock() + START_SECONDS
        while not self._report.exists() and self._clock() < end:
            self._closed.wait(SHORT_PAUSE)
        self._thread.start()
        self._fetching.start()

    def close(self) -> None:
        """Stop, and upload what is left of the prediction log."""
        if not self._thread.is_alive():
            return
        self._closed.set()
        self._results.close()  # what is being fetched ends with an error; the next server goes on from there
        self._thread.join(STOP_SECONDS)
        if self._thread.is_alive():  # a silent network; what is left of the log waits for the next server
            return
        if self._lead is not None:
            self._push_log()
            os.close(self._lead)
        self._mirror.close()
        self._fetching.join(STOP_SECONDS)

    def look(self) -> None:
        """Follow the pointer, and now and then upload logs; what fails is told and tried again."""
        if not self._leads():
            found = find_record(self._report, Look)
            self.refused = found.refused if found else None
            return
        if self._mirror.is_remote("deployed_model"):
            self._follow()
        now = self._clock()
        if now >= self._log_at:
            self._log_at = now + LOG_SECONDS
            self._push_log()

    def _follow(self) -> None:
        """Let the version that the bucket's pointer names be the live one here, once it can serve."""
        entry: Entry | None = None
        try:
            entry = self._mirror.store("deployed_model").info(self._layout.current.name)
            if entry is not None and entry == self._seen and self._clock() < self._retry_at and self._is_done():
                return
            self._take(entry)
            self._seen, self._retry_at = entry, float("inf")
            self._tell(None)
        except LockedError:
            return  # a run here is writing versions; the pointer is looked at again when that is done
        except (DeploymentError, RemoteError, OSError) as error:
            self._seen, self._retry_at = entry, self._clock() + RETRY_SECONDS
            version = error.version if isinstance(error, VersionError) else None
            self._tell(Refusal(version, message_of(self._layout, error)))

    def _is_done(self) -> bool:
        """Whether what was last found of the pointer still stands here: the cache may have been cleared."""
        return self.refused is not None or self._mirror.is_clean("deployed_model", self._layout.current.name)

    def _take(self, entry: Entry | None) -> None:
        """Fetch and try out what the pointer names, then point to it here."""
        store, pointer = self._mirror.store("deployed_model"), self._layout.current
        if entry is not None and entry.size > LONGEST_POINTER:
            raise DeploymentError(f"{store.url}/{pointer.name}: not a version name: it has {entry.size} bytes")
        content = store.read(pointer.name) if entry else None
        if entry is None or content is None:
            if live_version(self._layout) is None:
                store.list()  # nothing is deployed yet; a bucket that is not there is told
                return
            raise DeploymentError(f"{store.url}/{pointer.name}: is gone")
        name = named_version(content, f"{store.url}/{pointer.name}")
        folder = f"{self._layout.versions.name}/{name}"
        names = tuple(f"{folder}/{file}" for file in SERVED)
        try:
            self._mirror.pull_some("deployed_model", (*names, self._layout.deployments.name))
            load_version(self._layout, name, self._columns)
        except (DeploymentError, RecordError, RemoteError, OSError) as error:
            raise VersionError(name, message_of(self._layout, error)) from error
        self._mirror.accept("deployed_model", entry, content)

    def _tell(self, refused: Refusal | None) -> None:
        """Let the other workers know, and whoever reads the log when it is news."""
        if refused == self.refused:
            return
        self.refused = refused
        write_record(self._report, Look(refused))
        if refused is None:
            logger.info("the bucket's pointer can be followed again")
        else:
            logger.error("%s cannot serve: %s", refused.version or "the bucket's pointer", refused.reason)

    def _push_log(self) -> None:
        """Upload what was served, and remove what is too old; serving does not depend on it."""
        if self._mirror.is_remote("predictions"):
            self._attempt("prediction log", self._upload_log)

    def _upload_log(self) -> None:
        self._mirror.push("predictions")
        oldest = (datetime.now(UTC).date() - timedelta(days=self._log_days)).isoformat()
        self._mirror.drop("predictions", [name for name in self._mirror.listing("predictions") if name < oldest])

    def _attempt(self, what: str, act: Callable[[], None]) -> None:
        try:
            act()
        except FAILURES as error:
            if self._failed.get(what) != str(error):
                logger.warning("%s: %s; it is tried again", what, error)
            self._failed[what] = str(error)
        else:
            self._failed.pop(what, None)

    def _leads(self) -> bool:
        """Whether this worker is the one that looks: the first to take the lock, until it ends."""
        if self._lead is None:
            place = self._layout.deployment / REMEMBERED / "deployment_watcher"
            place.parent.mkdir(parents=True, exist_ok=True)
            lock = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(lock)
                return False
            self._lead = lock
            self._report.unlink(missing_ok=True)
        return True

    @property
    def _report(self) -> Path:
        return self._layout.deployment / REMEMBERED / "look.json"

    def _run(self) -> None:
        while not self._closed.wait(self._poll_seconds):
            try:
                self.look()
            except (OSError, RecordError):
                logger.exception("a look at the bucket failed; it is made again")

    def _fetch_results(self) -> None:
        """Keep what pages show up to date, if this worker leads, until the server stops."""
        while not self._closed.is_set():
            if self._lead is not None:
                self._attempt("results", self._pull_results)
            self._closed.wait(RESULT_SECONDS)

    def _pull_results(self) -> None:
        try:
            self._results.pull(*RESULTS, read_only=True)
        except RemoteError:
            if not self._closed.is_set():  # else it was ended on purpose
                raise
