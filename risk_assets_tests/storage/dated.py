"""A data root with dated rows, and dates of leaving in files of their own."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from risk_assets.domain.columns import Columns, NumericColumn
from risk_assets.domain.intake.ingestion import Ingestion
from risk_assets.domain.intake.outcomes import OutcomeFiles, OutcomeRules
from risk_assets.domain.model.scorecard import Scorecard
from risk_assets.engine.dataset import rows
from risk_assets.engine.session import Session
from risk_assets.storage.intake.finaldata import FeedCheck, IngestionRules, ingest, require_ingestion
from risk_assets.storage.intake.part_files import rows_of
from risk_assets.storage.layout import Layout
from risk_assets_tests.engine.parts import session_of
from risk_assets_tests.storage.place import NOW

COLUMNS = Columns(
    "id", "has_left", "1", "0", (NumericColumn("calls", 0),), carried=("manager",), value="fee", as_of="as_of",
    has_target=False,
)  # fmt: skip
LEAVINGS = Columns("id", "has_left", "1", "0", (), as_of="left_on", has_target=False, announced=True)
HEADER = "id,as_of,calls,manager,fee\n"
ARRIVED = "2026-01-01"


class DatedPlace:
    """A data root with a folder of clients and one of outcomes, and what ingestion makes of them."""

    def __init__(self, root: Path) -> None:
        source, test, out, models, live = (root / name for name in ("in", "test", "out", "models", "live"))
        self.layout = Layout(root, source, test, out, models, live, outcomes=root / "outcomes")
        for folder in (self.layout.input, self.layout.testdata, root / "outcomes"):
            folder.mkdir(parents=True)

    def put(self, name: str, *lines: str, header: str = HEADER, arrived: str = ARRIVED) -> None:
        """Write a file of clients that arrived on a day."""
        _write(self.layout.input / name, header, lines, arrived)

    def report(self, name: str, *lines: str, header: str = "id,left_on\n", arrived: str = ARRIVED) -> None:
        """Write a file of outcomes that arrived on a day."""
        assert self.layout.outcomes is not None
        _write(self.layout.outcomes / name, header, lines, arrived)

    @contextlib.contextmanager
    def session(self, columns: Columns = COLUMNS) -> Iterator[Session]:
        with session_of(columns, self.layout.data_root / "spill") as session:
            yield session

    def ingest(
        self,
        rules: OutcomeRules,
        *,
        session: Session | None = None,
        bad: float = 0.9,
        hold: bool = False,
        live: Scorecard | None = None,
    ) -> Ingestion:
        with contextlib.ExitStack() as stack:
            return ingest(
                self.layout,
                session or stack.enter_context(self.session()),
                IngestionRules(
                    bad,
                    write_csv=True,
                    outcomes=OutcomeFiles(LEAVINGS, rules),
                    hold=FeedCheck(live) if hold else None,
                ),
                now=NOW,
            )

    def labelled(self) -> list[Mapping[str, Any]]:
        """The rows of finaldata with their outcomes, by client and date."""
        with self.session() as session:
            data = rows_of(self.layout, require_ingestion(self.layout))
            found = session.run(f"SELECT * FROM ({rows(COLUMNS, data)}) ORDER BY id, as_of").fetchall()
        return [dict(zip(COLUMNS.names, row, strict=True)) for row in found]

    def sheet(self) -> pd.DataFrame:
        return pd.read_csv(self.layout.finaldata_csv)


def _write(path: Path, header: str, lines: Sequence[str], arrived: str) -> None:
    path.write_text(header + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    noon = datetime.fromisoformat(arrived).replace(hour=12, tzinfo=UTC).timestamp()
    os.utime(path, (noon, noon))
