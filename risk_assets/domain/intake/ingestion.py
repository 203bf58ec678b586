"""What finaldata was made from."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from risk_assets.domain.intake.outcomes import OutcomesAccount
from risk_assets.domain.intake.source_file import SourceFile


@dataclass(frozen=True)
class HeldFile:
    """A file that is held back as suspect: its usable rows, why, and what was said of it last, by whom.

    >>> HeldFile("july.csv", "ab", 500, ("calls: all 0",)).sentence
    'july.csv is held back: calls: all 0'
    """

    name: str
    sha256: str
    rows: int
    reasons: tuple[str, ...]
    verdict: str = "suspect"
    by: str = ""

    @property
    def sentence(self) -> str:
        """Why it is held back, or that it was refused."""
        word = "is held back" if self.verdict == "suspect" else f"was refused{f' by {self.by}' * bool(self.by)}"
        return f"{self.name} {word}: {'; '.join(self.reasons)}"


@dataclass(frozen=True)
class Ingestion:
    """What finaldata was made from: its files in reading order, and a version that depends on its rows alone.

    `ingested_at` is ISO 8601 in UTC; `positives` counts accepted rows whose target is the positive label. Where
    labels are derived, `outcomes` is the account of what they are derived from. Files that are `held` back as
    suspect are no part of it.

    >>> july = SourceFile("july.csv", "ab", 900, read=10, accepted=7, duplicates=2, quarantined=1)
    >>> august = SourceFile("august.csv", "cd", 450, 5, 4, 0, 0, updates=1, open=4, waiting="nothing is known yet")
    >>> ingestion = Ingestion("v1", "2026-09-01T12:00:00+00:00", positives=3, files=(july, august))
    >>> ingestion.read, ingestion.accepted, ingestion.duplicates, ingestion.updates, ingestion.quarantined
    (15, 11, 2, 1, 1)
    >>> ingestion.open, ingestion.teaching
    (4, 7)
    """

    data_version: str
    ingested_at: str
    positives: int
    files: tuple[SourceFile, ...]
    outcomes: OutcomesAccount | None = None
    held: tuple[HeldFile, ...] = ()

    @property
    def accepted(self) -> int:
        """Rows of finaldata."""
        return sum(file.accepted for file in self.files)

    @property
    def read(self) -> int:
        """Rows read in all files."""
        return sum(file.read for file in self.files)

    @property
    def duplicates(self) -> int:
        """Rows left out because an equal row is in finaldata already."""
        return sum(file.duplicates for file in self.files)

    @property
    def teaching(self) -> int:
        """Rows with a known outcome, of files that do not wait for more."""
        if self.outcomes is not None:
            return self.outcomes.counts.known
        return sum(file.known for file in self.files if file.waiting is None)

    @property
    def updates(self) -> int:
        """Rows that brought the outcome of a row that is held."""
        return sum(file.updates for file in self.files)

    @property
    def open(self) -> int:
        """Rows of finaldata whose outcome is not known."""
        if self.outcomes is not None:
            return self.accepted - self.outcomes.counts.known
        return sum(file.open for file in self.files)

    @property
    def quarantined(self) -> int:
        """Rows refused; quarantine/ holds them with their reasons."""
        return sum(file.quarantined for file in self.files)

    @property
    def reasons(self) -> dict[str, int]:
        """Rows refused by reason, the most frequent first.

        >>> refused = {"fee is below 0": 1, "fee is not a number": 2}
        >>> july = SourceFile("july.csv", "ab", 90, 3, 0, 0, quarantined=3, reasons=refused)
        >>> Ingestion("v1", "2026-09-01T12:00:00+00:00", 0, (july,)).reasons
        {'fee is not a number': 2, 'fee is below 0': 1}
        """
        return dict(sum((Counter(file.reasons) for file in self.files), Counter[str]()).most_common())
