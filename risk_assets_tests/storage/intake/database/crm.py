"""A customer database in a SQLite file, and what landing and ingestion make of it."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from risk_assets.domain.columns import Columns
from risk_assets.settings import SqlSourceSetting
from risk_assets.settings.object_storage import ObjectStorageSetting
from risk_assets.storage.intake.database.landing import land_new_rows
from risk_assets.storage.intake.database.reading import Look
from risk_assets.storage.layout import Layout
from risk_assets.storage.remote.mirror import Mirror
from risk_assets_tests.storage.place import COLUMNS, Place

Row = tuple[str, int | None, str | None, int]
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def local(layout: Layout) -> Mirror:
    """Return the mirror of folders that are all here."""
    return Mirror(layout, ObjectStorageSetting())


class Crm:
    """A table of clients whose cursor is `at`, a place to land its rows in, and a clock that is set by hand."""

    def __init__(
        self, folder: Path, *, columns: str = "id TEXT, calls, region TEXT, exited, at", **settings: object
    ) -> None:
        self.database = folder / "crm.db"
        self.place = Place(folder / "home")
        self.time = NOON
        self.settings: dict[str, object] = {
            "name": "crm",
            "url": f"sqlite:///{self.database}",
            "table": "clients",
            "cursor": "at",
        }
        self.settings |= settings
        self.run(f"CREATE TABLE clients ({columns})")

    @property
    def source(self) -> SqlSourceSetting:
        return SqlSourceSetting.model_validate(self.settings)

    @property
    def files(self) -> list[str]:
        return sorted(file.name for file in self.place.layout.input.iterdir() if not file.name.startswith("."))

    @property
    def state(self) -> Path:
        return self.place.layout.sources / "crm" / "state.json"

    @contextlib.contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self.database)
        try:
            with connection:
                yield connection
        finally:
            connection.close()

    def run(self, sql: str, *values: object) -> None:
        with self.connection() as connection:
            connection.execute(sql, values)

    def write(self, *ids: str, at: object, calls: object = 1) -> None:
        """Insert clients, or update those that are there."""
        with self.connection() as connection:
            for name in ids:
                connection.execute("DELETE FROM clients WHERE id = ?", (name,))
                connection.execute("INSERT INTO clients VALUES (?, ?, 'north', 0, ?)", (name, calls, at))

    def look(self, *, in_time: Callable[[], bool] = lambda: True, most_rows: int = 4_000_000) -> Look:
        return land_new_rows(
            self.source,
            None,
            local(self.place.layout),
            COLUMNS,
            in_time=in_time,
            now=lambda: self.time,
            most_rows=most_rows,
        )

    def wait(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)

    def finaldata(self, columns: Columns = COLUMNS) -> list[tuple[object, ...]]:
        """Ingest what is landed and return all rows in reading order."""
        self.place.ingest(columns=columns, csv=False)
        return self.place.rows()

    def ids(self) -> list[object]:
        return [row[0] for row in self.finaldata()]
