"""A server of one's own that speaks S3: moto's, over HTTP, with one bucket. Whatever keys one names will do.

python -m risk_assets_tests.services.s3     starts one, prints its address, and ends it on Ctrl-C
"""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from risk_assets_tests.services.ports import free_port

BUCKET = "clients"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "anyone",
    "AWS_SECRET_ACCESS_KEY": "anything",
    "AWS_DEFAULT_REGION": "us-east-1",
}
PATIENCE = 600.0


@dataclass
class S3:
    """A server on a port of 127.0.0.1; its objects are in its memory."""

    port: int

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def files(self) -> Any:
        """Return the bucket as fsspec's file system."""
        import s3fs

        return s3fs.S3FileSystem(
            key="anyone",
            secret="anything",
            endpoint_url=self.endpoint,
            use_listings_cache=False,
            skip_instance_cache=True,
        )

    def put(self, name: str, content: bytes | str) -> None:
        """Let an object appear, or replace it."""
        self._files().pipe_file(f"{BUCKET}/{name}", content.encode() if isinstance(content, str) else content)

    def get(self, name: str) -> bytes:
        """Return an object's content."""
        return bytes(self._files().cat_file(f"{BUCKET}/{name}"))

    def delete(self, name: str) -> None:
        self._files().rm_file(f"{BUCKET}/{name}")

    def names(self, prefix: str = "") -> list[str]:
        """Return the names of all objects below a prefix, from there."""
        path = f"{BUCKET}/{prefix}".rstrip("/")
        return sorted(name.removeprefix(f"{path}/") for name in self._files().find(path))

    def clear(self) -> None:
        """Remove all objects."""
        for name in self._files().find(BUCKET):
            self._files().rm_file(name)

    def _files(self) -> Any:
        if not hasattr(self, "_kept"):
            self._kept = self.files()
        return self._kept


@contextlib.contextmanager
def running_s3() -> Iterator[S3]:
    """Start a new server with an empty bucket, and end it."""
    server = S3(free_port())
    with tempfile.TemporaryFile() as output:
        command = [str(Path(sys.executable).parent / "moto_server"), "-H", "127.0.0.1", "-p", str(server.port)]
        process = subprocess.Popen(command, stdout=output, stderr=output, env={**os.environ, **CREDENTIALS})
        try:
            _wait(server, process)
            server.files().mkdir(BUCKET)
            yield server
        finally:
            process.terminate()
            process.wait(PATIENCE)


def _wait(server: S3, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError):
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
            connection.request("GET", "/moto-api/")
            connection.getresponse().read()
            connection.close()
            return
        time.sleep(0.1)
    raise AssertionError("moto's server did not start")


def _serve() -> None:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with running_s3() as server, contextlib.suppress(KeyboardInterrupt):
        print(f"{server.endpoint} s3://{BUCKET}", flush=True)
        while True:
            time.sleep(3600)


if __name__ == "__main__":
    _serve()
