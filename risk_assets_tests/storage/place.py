"""A data root to ingest in, with a small schema."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from risk_assets.domain.columns import Columns, NumericColumn
from risk_assets.domain.intake.ingestion import Ingestion
from risk_assets.storage.intake.finaldata import IngestionRules, ingest, read_ingestion
from risk_assets.storage.intake.part_files import rows_of, rows_with_redelivered
from risk_assets.storage.layout import Layout
from risk_assets_tests.engine.parts import session_of

COLUMNS = Columns("id", "exited", "1", "0", (NumericColumn("calls", 0),), ("region",))
HEADER = "id,calls,region,exited\n"
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class Place:
    """A data root with an input folder, and what ingestion makes of it."""

    def __init__(self, root: Path) -> None:
        self.layout = Layout(root, root / "in", root / "test", root / "out", root / "models", root / "production")
        self.layout.input.mkdir(parents=True)
        self.layout.testdata.mkdir()

    def put(self, name: str, *lines: str, header: str = HEADER) -> None:
        (self.layout.input / name).write_text(header + "".join(line + "\n" for line in lines), encoding="utf-8")

    def ingest(
        self, *, columns: Columns = COLUMNS, bad: float = 0.5, csv: bool = True, leave_out: Collection[str] = ()
    ) -> Ingestion:
        with session_of(columns, self.layout.data_root / "spill") as session:
            return ingest(self.layout, session, IngestionRules(bad, write_csv=csv, leave_out=leave_out), now=NOW)

    def rows(self) -> list[tuple[object, ...]]:
        return self._read(rows_of(self.layout, self._account()).parts)

    def latest(self) -> dict[object, tuple[object, ...]]:
        """The latest row of each client."""
        return {row[0]: row for row in self._read(rows_with_redelivered(self.layout, self._account()).parts)}

    def contents(self) -> dict[str, bytes]:
        """Content by name of what holds rows."""
        folders = (self.layout.finaldata_parquet, self.layout.redelivered)
        return {
            f"{path.parent.name}/{path.name}": path.read_bytes() for each in folders for path in each.iterdir()
        }

    def everything(self) -> dict[str, bytes]:
        """Content by name of what people and other assets read."""
        kept = [self.layout.ingestion, self.layout.ingestedfiles, self.layout.finaldata_csv]
        return {
            str(path): path.read_bytes() for path in [*kept, *self.layout.quarantine.glob("*")]
        } | self.contents()

    def _account(self) -> Ingestion:
        ingestion = read_ingestion(self.layout)
        assert ingestion is not None
        return ingestion

    @staticmethod
    def _read(files: Iterable[Path]) -> list[tuple[object, ...]]:
        with duckdb.connect() as connection:
            return [row for file in files for row in connection.execute(f"FROM '{file}'").fetchall()]
