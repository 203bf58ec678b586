"""The contacts database: how it is reached, its tables, and their migration to today's form."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from risk_assets.settings import Settings
from risk_assets.storage.atomic import create_private, replacing
from risk_assets.storage.layout import Layout

#: A writer waits for the others so long, in seconds.
BUSY_SECONDS = 10
#: Any number will do, as long as every process of ours locks the same one while it migrates.
ADVISORY_LOCK = 7_200_411
PG_DUMP = "pg_dump makes a copy of it"
_TABLES = sa.MetaData()

CONTACTS = sa.Table(
    "contacts",
    _TABLES,
    sa.Column("number", sa.Integer, primary_key=True),
    *(sa.Column(name, sa.Text) for name in ("token", "client")),
    sa.Column("revision", sa.Integer),
    *(
        sa.Column(name, sa.Text)
        for name in ("at", "by", "kind", "note", "follow_up_on", "snooze_until", "left_on")
    ),
    sa.Column("risk", sa.Double),
)
CLIENT_STATES = sa.Table(
    "client_states",
    _TABLES,
    sa.Column("client", sa.Text, primary_key=True),
    sa.Column("revision", sa.Integer),
    *(sa.Column(name, sa.Text) for name in ("at", "by", "kind", "rests_until", "follow_up_on")),
)
ASSIGNMENTS = sa.Table(
    "assignments",
    _TABLES,
    sa.Column("client", sa.Text, primary_key=True),
    sa.Column("listed_on", sa.Text, primary_key=True),
    sa.Column("stratum", sa.Text),
    sa.Column("uncalled", sa.Boolean),
    sa.Column("risk", sa.Double),
    sa.Column("value", sa.Double),
)


class ContactsUnavailableError(RuntimeError):
    """The contacts database cannot be reached, read or written; the message says why."""


class ContactsDatabase:
    """Connections to the contacts database, which is made or migrated with the first one.

    `url` is SQLAlchemy's; a SQLite file is kept in write-ahead mode, each commit synced, and what is deleted is
    overwritten. Raises ContactsUnavailableError.
    """

    def __init__(self, url: str | Path) -> None:
        self._file = url if isinstance(url, Path) else None
        self._engine = _engine(url)
        self._is_ready = False

    @classmethod
    def of(cls, settings: Settings, layout: Layout) -> ContactsDatabase:
        """Return the database that the settings name."""
        return cls(layout.contacts if settings.contacts_url is None else settings.contacts_url.get_secret_value())

    def rows(self, query: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        """Return what a query finds."""
        with self.reading() as connection:
            return connection.execute(query).all()

    @contextlib.contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Yield a connection on which each statement is a transaction of its own."""
        with self._explained():
            self._prepare()
            with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                yield connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Yield a connection in a transaction that is committed at the end, and undone on any error."""
        with self._explained():
            self._prepare()
            with _transaction(self._engine) as connection:
                yield connection

    def back_up(self, file: Path) -> None:
        """Write a whole copy of a SQLite database that others may use, to a file for its owner alone."""
        with self._explained(), replacing(file) as staged:
            self._prepare()
            create_private(staged)
            with self._engine.connect() as connection, contextlib.closing(sqlite3.connect(staged)) as copy:
                held = connection.connection.driver_connection
                if not isinstance(held, sqlite3.Connection):
                    raise ContactsUnavailableError(f"contacts are in {self._engine.dialect.name}: {PG_DUMP}")
                held.backup(copy)

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def _prepare(self) -> None:
        if self._is_ready:
            return
        if self._file is not None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            create_private(self._file)
        with _transaction(self._engine) as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(ADVISORY_LOCK)))
            migrate(connection)
        self._is_ready = True

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, sqlite3.Error, OSError) as error:
            cause = str(getattr(error, "orig", None) or error).splitlines()[0]
            where = self._file.name if self._file else self._engine.url.render_as_string(hide_password=True)
            raise ContactsUnavailableError(f"contacts ({where}) cannot be reached: {cause}") from error


@contextlib.contextmanager
def kept_contacts(settings: Settings, layout: Layout) -> Iterator[ContactsDatabase | None]:
    """Yield the contacts database, None where nothing was written down yet: looking makes none."""
    if settings.contacts_url is None and not layout.contacts.exists():
        yield None
        return
    with contextlib.closing(ContactsDatabase.of(settings, layout)) as database:
        yield database


def migrate(connection: sa.Connection, revision: str = "head") -> None:
    """Bring the tables to a revision, in the transaction of the connection."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _engine(url: str | Path) -> sa.Engine:
    if not isinstance(url, Path):
        parsed = sa.make_url(url)
        if parsed.drivername in {"postgresql", "postgres"}:
            parsed = parsed.set(drivername="postgresql+psycopg")
        return sa.create_engine(parsed, pool_pre_ping=True, pool_size=4)
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(url)), connect_args={"timeout": BUSY_SECONDS, "isolation_level": None}
    )

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: object, _: object) -> None:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")  # type: ignore[attr-defined]  # sqlite3's, which sqlalchemy hides

    return engine


@contextlib.contextmanager
def _transaction(engine: sa.Engine) -> Iterator[sa.Connection]:
    with engine.begin() as connection:
        if connection.dialect.name == "sqlite":  # its driver begins nothing by itself here
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield connection
