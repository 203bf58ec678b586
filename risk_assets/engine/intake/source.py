"""The seam between formats and the rules: what a file of rows must answer, whatever its format."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from risk_assets.engine.intake.header import Header
from risk_assets.engine.intake.quarantine import Refused
from risk_assets.engine.intake.scan import ScannedFile
from risk_assets.engine.session import Session


class RowSource(Protocol):
    """An open file of rows; what it cannot read as a whole it reports as UnreadableError."""

    @property
    def header(self) -> Header:
        """The names of its columns, and where the declared ones are."""

    def count(self, session: Session) -> int:
        """Return how many rows the file has, sound or not."""

    def load(self, session: Session) -> int:
        """Load the rows, typed by `engine.intake.rules`, into the row table.

        Returns how many records are misshapen and left out; these count as refused.
        """

    def refused(self, session: Session, misshapen: int) -> Iterator[Refused]:
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
