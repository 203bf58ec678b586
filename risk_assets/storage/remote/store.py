"""One folder of a store, through fsspec: few operations, each tried again within bounds of time."""

from __future__ import annotations

import errno
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from risk_assets.settings.object_storage import S3, ObjectStorageSetting, scheme_of
from risk_assets.storage import atomic

if TYPE_CHECKING:
    import fsspec

T = TypeVar("T")

#: What is fetched at a time; a lost connection costs no more than this.
CHUNK = 8 * 1024 * 1024
#: Seconds before the second try; each further pause is twice as long, up to the longest.
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0
#: Where stores tell what changes with an object's content, the surest first.
VERSIONS = (
    "ETag",
    "etag",
    "md5Hash",
    "content_md5",
    "LastModified",
    "last_modified",
    "mtime",
    "updated",
    "created",
)
#: Answers that another try would not change.
FINAL = (FileNotFoundError, PermissionError, FileExistsError, IsADirectoryError, NotADirectoryError)
FINAL_NAMES = {"NoCredentialsError", "PartialCredentialsError", "ParamValidationError", "ProfileNotFound"}


class RemoteError(RuntimeError):
    """A store did not do what it was asked; the message names the URL and what was tried."""


@dataclass(frozen=True)
class Entry:
    """An object: its name below the store's folder, what identifies its content, and its size in bytes."""

    name: str
    version: str
    size: int


class Store:
    """The objects below one URL. Every method raises RemoteError when the store does not answer in time."""

    def __init__(
        self, url: str, setting: ObjectStorageSetting, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        from fsspec.core import url_to_fs

        self.url = url
        self._patience = setting.retry_seconds
        self._sleep = sleep
        self._closed = False
        found: tuple[fsspec.AbstractFileSystem, str] = url_to_fs(url, **_options(scheme_of(url), setting))
        self._files, root = found
        self._root = root.rstrip("/")
        if scheme_of(url) in S3:
            self._files.retries = 1  # tries are counted here, for every kind of store alike

    def list(self) -> dict[str, Entry]:
        """Return all objects below the folder by name, whatever these look like."""
        infos = self._tried("list", "", lambda: self._files.find(self._root, detail=True))
        entries = (self._entry(info) for info in (infos or {}).values() if info["type"] == "file")
        return {entry.name: entry for entry in entries if entry.name}

    def info(self, name: str) -> Entry | None:
        """Return an object as it is now, None where there is none."""
        info = self._tried("look at", name, lambda: self._files.info(self._path(name)))
        return self._entry(info) if info is not None and info["type"] == "file" else None

    def read(self, name: str) -> bytes | None:
        """Return the content of a small object, None where there is none."""
        content: bytes | None = self._tried("read", name, lambda: self._files.cat_file(self._path(name)))
        return content

    def fetch(self, entry: Entry, target: Path) -> None:
        """Write an object's content to `target`, whole and durably.

        Raises RemoteError for one that is no longer as it was listed.
        """
        with atomic.replacing(target) as staged:
            with staged.open("wb") as file:
                for start in range(0, entry.size, CHUNK):
                    file.write(self._chunk(entry, start, min(start + CHUNK, entry.size)))
            if entry.size > CHUNK and self.info(entry.name) != entry:
                raise self._changed(entry)

    def put(self, source: Path, name: str) -> Entry:
        """Upload a file and return its object, which appears whole or not at all."""
        size = source.stat().st_size
        self._tried("write", name, lambda: self._files.put_file(str(source), self._path(name)) or True)
        found = self.info(name)
        if found is None or not size <= found.size <= source.stat().st_size:  # a log may grow meanwhile
            raise RemoteError(
                f"{self._url_of(name)}: is not as it was written: {found and found.size} of {size} bytes"
            )
        return found

    def put_new(self, name: str, content: bytes) -> bool:
        """Write a small object where none may be; False when there is one, of whoever came first.

        A store that cannot make it a condition (HTTP's If-None-Match) is asked before instead.
        """
        path = self._path(name)
        try:
            self._tried("write", name, lambda: self._files.pipe_file(path, content, mode="create") or True)
        except FileExistsError:
            return self.read(name) == content  # an earlier try of ours whose answer was lost
        except RemoteError as error:
            if not (isinstance(error.__cause__, OSError) and error.__cause__.errno == errno.ENOSYS):
                raise
            if self.info(name) is not None:
                return False
            self._tried("write", name, lambda: self._files.pipe_file(path, content) or True)
        return True

    def copy(self, source: str, target: str) -> bool:
        """Copy an object within the store; False when there is none."""
        steps = self._path(source), self._path(target)
        return self._tried("copy", source, lambda: self._files.cp_file(*steps) or True) is not None

    def delete(self, name: str) -> None:
        """Remove an object, if it is there."""
        self._tried("delete", name, lambda: self._files.rm_file(self._path(name)) or True)

    def close(self) -> None:
        """Close the connections; what is under way in other threads ends with a RemoteError."""
        self._closed = True
        session = getattr(self._files, "_s3", None)
        if session is not None:
            self._files.close_session(self._files.loop, session)

    def _chunk(self, entry: Entry, start: int, end: int) -> bytes:
        path = self._path(entry.name)
        content: bytes | None = self._tried(
            "read", entry.name, lambda: self._files.cat_file(path, start=start, end=end)
        )
        if content is None or len(content) != end - start:
            raise self._changed(entry)
        return content

    def _changed(self, entry: Entry) -> RemoteError:
        return RemoteError(f"{self._url_of(entry.name)}: changed or went away while it was read; run again")

    def _tried(self, what: str, name: str, act: Callable[[], T]) -> T | None:
        """Do something until it is done or its time is up; None when the object is not there.

        FileExistsError passes: it is an answer.
        """
        started, tries, pause = time.monotonic(), 0, FIRST_PAUSE
        while not self._closed:
            tries += 1
            try:
                return act()
            except FileNotFoundError as error:
                if not name:
                    raise RemoteError(f"{self._url_of(name)}: does not exist") from error
                return None
            except FileExistsError:
                raise
            except Exception as error:
                spent = time.monotonic() - started
                if _is_final(error) or spent + pause > self._patience:
                    tried = f"{tries} {'try' if tries == 1 else 'tries'} in {spent:.0f} s"
                    raise RemoteError(f"{self._url_of(name)}: cannot {what}: {_why(error)} ({tried})") from error
            self._sleep(pause * random.uniform(0.5, 1))  # noqa: S311  # so that many do not ask at the same moment
            pause = min(2 * pause, LONGEST_PAUSE)
        raise RemoteError(f"{self._url_of(name)}: cannot {what}: the store is closed")

    def _entry(self, info: dict[str, Any]) -> Entry:
        name = str(info["name"])
        name = name.removeprefix(f"{self._root}/") if name.startswith(f"{self._root}/") else ""
        found = next((info[key] for key in VERSIONS if info.get(key) is not None), "")
        found = str(found.timestamp() if isinstance(found, datetime) else found)
        size = int(info.get("size") or 0)
        return Entry(name, f"{found.strip(chr(34))}-{size}", size)

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    def _url_of(self, name: str) -> str:
        return f"{self.url}/{name}" if name else self.url


def _options(scheme: str, setting: ObjectStorageSetting) -> dict[str, Any]:
    options: dict[str, Any] = {"use_listings_cache": False, "skip_instance_cache": True}
    if scheme in S3:
        options |= {
            "endpoint_url": setting.endpoint_url,
            "client_kwargs": {"region_name": setting.region} if setting.region else {},
            "config_kwargs": {
                "connect_timeout": setting.connect_seconds,
                "read_timeout": setting.read_seconds,
                "retries": {"total_max_attempts": 1},
            },
        }
    elif scheme in {"file", "local"}:
        options["auto_mkdir"] = True
    return options | dict(setting.options)


def _is_final(error: Exception) -> bool:
    known = isinstance(error, FINAL) or type(error).__name__ in FINAL_NAMES
    return known or (isinstance(error, OSError) and error.errno == errno.ENOSYS)


def _why(error: Exception) -> str:
    text = str(error) or type(error).__name__
    if isinstance(error, PermissionError):
        return f"access is refused: {text}"
    return text.splitlines()[0][:300]
