"""What parsing one file gives."""

from __future__ import annotations

import csv
from pathlib import Path

from risk_assets.domain.columns import Columns, NumericColumn
from risk_assets.engine.intake.parse import Parsed, parse
from risk_assets.engine.intake.scan import scan_file
from risk_assets.engine.session import Session

COLUMNS = Columns("id", "exited", "1", "0", (NumericColumn("calls", 0),), ("region",))
HEADER = "id,calls,region,exited\n"


class Outcome:
    """What parsing a file gave, read back from disk."""

    def __init__(self, session: Session, folder: Path, name: str, content: bytes) -> None:
        source = folder / name
        source.write_bytes(content)
        part, quarantine = folder / "part.parquet", folder / "quarantine.csv"
        part.unlink(missing_ok=True)
        quarantine.unlink(missing_ok=True)
        self.parsed: Parsed = parse(session, scan_file(source), part=part, quarantine=quarantine, folder=folder)
        self.rows = session.run(f"FROM '{part}'").fetchall() if part.exists() else []
        self.refused: list[tuple[int, str, str]] = []
        if quarantine.exists():
            with quarantine.open(encoding="utf-8", newline="") as file:
                _, *lines = csv.reader(file)
            self.refused = [(int(line), reason, raw) for line, reason, raw in lines]
