"""A PostgreSQL server of one's own, from Debian's package `postgresql`.

python -m risk_assets_tests.services.postgres     starts one, prints its URL, and ends it on Ctrl-C
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from risk_assets_tests.services.ports import free_port

DEBIANS = Path("/usr/lib/postgresql")
#: PostgreSQL refuses to run as root; Debian's package makes this user.
USER = "postgres"


@dataclass
class Postgres:
    """A server with the superuser `postgres`, trusted without a password, on a port of 127.0.0.1."""

    folder: Path
    port: int

    def url(self, driver: str = "postgresql", database: str = "postgres") -> str:
        """Return an SQLAlchemy URL (postgresql+psycopg) or a libpq one (postgresql)."""
        return f"{driver}://postgres@127.0.0.1:{self.port}/{database}"

    def psql(self, sql: str, database: str = "postgres") -> str:
        """Run SQL and return what it prints, tuples only."""
        return subprocess.run(self.command(sql, database), check=True, capture_output=True, text=True).stdout

    def command(self, sql: str, database: str = "postgres") -> list[str]:
        """Return the command that runs SQL and prints tuples only."""
        return [_program("psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", self.url(database=database), "-c", sql]

    def start(self) -> None:
        """Start the server and wait until it answers."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
        log = self.folder / "log"
        _run("pg_ctl", "start", "-w", "-t", "60", "-D", str(self.folder / "data"), "-l", str(log), "-o", options)

    def stop(self, mode: str = "fast") -> None:
        """Stop the server: `fast` breaks connections, `immediate` is a crash."""
        _run("pg_ctl", "stop", "-w", "-t", "60", "-m", mode, "-D", str(self.folder / "data"))


@contextlib.contextmanager
def running_postgres() -> Iterator[Postgres]:
    """Start a new server and, at the end, stop it and remove its files."""
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, USER)
        server = Postgres(folder, free_port())
        _run("initdb", "-D", str(folder / "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        server.start()
        try:
            yield server
        finally:
            with contextlib.suppress(subprocess.CalledProcessError):  # a test may have stopped it
                server.stop("immediate")
    finally:
        shutil.rmtree(folder)


def _run(program: str, *arguments: str) -> None:
    as_user = ["runuser", "-u", USER, "--"] if os.geteuid() == 0 else []
    command: Sequence[str] = [*as_user, _program(program), *arguments]
    with tempfile.TemporaryFile("w+") as output:  # no pipe: the server would keep it open
        done = subprocess.run(command, check=False, stdout=output, stderr=output, cwd="/")
        output.seek(0)
        if done.returncode:
            raise subprocess.CalledProcessError(done.returncode, command, output.read())


def _program(name: str) -> str:
    versions = sorted(DEBIANS.glob("*/bin"), key=lambda folder: int(folder.parent.name))
    found = shutil.which(name, path=os.pathsep.join([*map(str, versions[-1:]), os.environ.get("PATH", "")]))
    if found is None:
        raise FileNotFoundError(f"{name}: install PostgreSQL, on Debian: apt-get install postgresql")
    return found


def _serve() -> None:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with running_postgres() as server, contextlib.suppress(KeyboardInterrupt):
        print(server.url("postgresql+psycopg"), flush=True)
        while True:
            time.sleep(3600)


if __name__ == "__main__":
    _serve()
