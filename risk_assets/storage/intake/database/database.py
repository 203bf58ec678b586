"""A connection to a source's database: opened for reading, and its errors told in one line without a password."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from risk_assets.settings import SettingsError, SqlSourceSetting

if TYPE_CHECKING:
    from sqlalchemy.engine import URL, Connection, Engine

#: A server that does not answer in time is tried again at the next look, before Dagster's own limit of 60 s.
CONNECT_SECONDS = 10
STATEMENT_SECONDS = 35
#: What PostgreSQL needs to notice within a minute that the other end is gone.
KEEPALIVES = {"keepalives_idle": 15, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 45_000}


class SourceError(RuntimeError):
    """A source cannot be read now; the message is one line that names it and what is wrong."""


@dataclass(frozen=True)
class Database:
    """A connection in a transaction that only reads, and what its kind means for reading."""

    source: SqlSourceSetting
    connection: Connection
    engine: Engine

    @property
    def is_postgres(self) -> bool:
        """Whether texts and types are PostgreSQL's."""
        return self.engine.dialect.name == "postgresql"

    @property
    def streams_arrow(self) -> bool:
        """Whether rows come as Arrow batches by binary COPY."""
        return self.is_postgres and self.engine.dialect.driver == "psycopg" and find_spec(_ARROW) is not None

    @property
    def conninfo(self) -> str:
        """The connection as PostgreSQL's own library takes it."""
        from psycopg.conninfo import make_conninfo

        _, arguments = self.engine.dialect.create_connect_args(self.engine.url)
        given = {name: value for name, value in arguments.items() if name != "context"}  # SQLAlchemy's own
        return make_conninfo(**{**_connect_args(self.engine.url), **given})


_ARROW = "adbc_driver_postgresql"
#: PostgreSQL's code for a statement that was cancelled.
_TOO_LONG = "57014"


def open_engine(source: SqlSourceSetting, password: str | None) -> Engine:
    """Return an engine that has not connected yet. Raises SettingsError naming the extra or driver that lacks."""
    for library in ("sqlalchemy", "pyarrow"):
        if find_spec(library) is None:
            raise SettingsError(f'sources: {source.name} needs {library}: pip install "risk_assets[sql]"')
    import sqlalchemy as sa
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError

    try:
        url = sa.make_url(source.url)
        url = url.set(password=password) if password else url
        engine = sa.create_engine(url, poolclass=sa.NullPool, connect_args=_connect_args(url))
    except (ArgumentError, NoSuchModuleError, TypeError) as error:
        raise SettingsError(f"sources: {source.name}: url: {first_line(error, password)}") from None
    except ModuleNotFoundError as error:
        extra = ': pip install "risk_assets[sql]"' if error.name == "psycopg" else ""
        message = f"url: the driver {error.name} is not installed{extra}"
        raise SettingsError(f"sources: {source.name}: {message}") from error
    return engine


@contextlib.contextmanager
def connected(source: SqlSourceSetting, password: str | None) -> Iterator[Database]:
    """Open the database for reading. Raises SourceError, here and for whatever is read from it."""
    engine = open_engine(source, password)
    with one_line_error(source, password), engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            for statement in session_settings():
                connection.exec_driver_sql(statement)
            connection.commit()
        yield Database(source, connection, engine)


def session_settings() -> tuple[str, ...]:
    """Return what a session of PostgreSQL must be told, so that equal values have equal texts."""
    return (
        f"SET statement_timeout = '{STATEMENT_SECONDS}s'",
        "SET TimeZone = 'UTC'",
        "SET DateStyle = 'ISO'",
        "SET IntervalStyle = 'postgres'",
        "SET bytea_output = 'hex'",
        "SET extra_float_digits = 1",
        "SET default_transaction_read_only = on",
    )


@contextlib.contextmanager
def one_line_error(source: SqlSourceSetting, password: str | None) -> Iterator[None]:
    """Turn what databases and drivers raise into SourceError."""
    try:
        yield
    except _database_errors() as error:
        raise read_error(source, getattr(error, "orig", None) or error, password) from None


def read_error(source: SqlSourceSetting, error: BaseException, password: str | None = None) -> SourceError:
    """Return what a database or driver raised as an error in one line, with what helps if it took too long."""
    message = first_line(error, password)
    took_long = _TOO_LONG in (getattr(error, "sqlstate", None), getattr(error, "pgcode", None))
    if took_long or "statement timeout" in message:
        message += f' ({STATEMENT_SECONDS} s): an index on "{source.cursor}" and the id would spare it the sort'
    return SourceError(f"{source.name}: {message}")


@functools.cache
def _database_errors() -> tuple[type[Exception], ...]:
    from sqlalchemy.exc import SQLAlchemyError

    found: list[type[Exception]] = [SQLAlchemyError]
    if find_spec(_ARROW) is not None:
        from adbc_driver_manager import Error

        found.append(Error)
    return tuple(found)


def _connect_args(url: URL) -> dict[str, int]:
    """Return what drivers built on PostgreSQL's own library are told; no other driver knows these names."""
    is_libpq = url.get_backend_name() == "postgresql" and url.get_driver_name() in {"psycopg", "psycopg2"}
    return {"connect_timeout": CONNECT_SECONDS, **KEEPALIVES} if is_libpq else {}


def first_line(error: BaseException, password: str | None = None) -> str:
    """Return what an error says, without SQL, parameters and the password, should a driver repeat it."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    message = lines[0] if lines else type(error).__name__
    return message.replace(password, "***") if password else message
