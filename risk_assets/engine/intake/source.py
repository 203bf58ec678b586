"""The seam between formats and the rules: what a file of rows must answer, whatever its format."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from risk_assets.engine.intake.header import Header
from risk_assets.engine.intake.quarantine import Refused
from risk_assets.engine.intake.rules import Rule
from risk_assets.engine.intake.scan import ScannedFile
from risk_assets.engine.session import Session

#: Takes a query of the texts r0, r1, … of the declared columns, and returns that of rows for the row table.
RowQuery = Callable[[str], str]


class RowSource(Protocol):
    """An open file of rows; what it cannot read as a whole it reports as UnreadableError."""

    @property
    def header(self) -> Header:
        """The names of its columns, and where the declared ones are."""

    def count(self, session: Session) -> int:
        """Return how many rows the file has, sound or not."""

    @property
    def tidy(self) -> bool:
        """Whether its texts have no blanks, quotes, _ and + in them."""

    def load(self, session: Session, rows_of: RowQuery) -> int:
        """Load what `rows_of` makes of its texts into the row table.

        Returns how many records are misshapen and left out; these count as refused.
        """

    def refused(self, session: Session, misshapen: int, rules: Sequence[Rule]) -> Iterator[Refused]:
        """Yield what is refused in the order of the file, once `load` has found so many misshapen records."""


class FileFormat(Protocol):
    """A format of files: how names of it end, and what opens one."""

    @property
    def name(self) -> str:
        """The word for it; the same content is parsed apart under each."""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """How names of files end, in lower case."""

    def open(self, session: Session, file: ScannedFile, folder: Path) -> RowSource:
        """Open a file; `folder` takes copies that are needed meanwhile. Raises UnreadableError."""
