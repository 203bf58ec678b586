"""What became of the rows of one source file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class SourceFile:
    """The counts of one file: accepted + duplicates + updates + quarantined = read.

    `updates` are rows that gave a row which is held already its outcome, or another one. Of the accepted rows
    `positives` have left, of `open` ones the outcome is not known, and `updated` ones have it from another file;
    without `has_target` the file has no column of outcomes at all. `waiting` says why its rows teach nothing yet.
    `reason` is set when the file as a whole is quarantined; `reasons` counts quarantined rows by reason;
    `dropped_columns` are columns of the file that are not declared, and `spelled` says how its numbers and dates
    were read where they are not spelled as programs spell them. `part` is the name of the file's part of
    finaldata (None when nothing is accepted), `fingerprint` a hash of its accepted rows in any order. Of equal
    rows the first file's is accepted; where a client's last row of a file is a duplicate for that reason, it is in
    the file `redelivered` (None when there is none). The hashes of both detect damage and do not count when two
    source files are compared. `arrived` is the day on which the file was last written (ISO, UTC; "" in accounts of
    earlier versions). Raises ValueError for counts that do not add up.

    >>> SourceFile("july.csv", "ab", 900, read=10, accepted=7, duplicates=2, quarantined=1, open=4).known
    3
    """

    name: str
    sha256: str
    bytes: int
    read: int
    accepted: int
    duplicates: int
    quarantined: int
    updates: int = 0
    reason: str | None = None
    reasons: Mapping[str, int] = field(default_factory=dict)
    dropped_columns: tuple[str, ...] = ()
    has_target: bool = True
    spelled: tuple[str, ...] = ()
    positives: int = 0
    open: int = 0
    updated: int = 0
    waiting: str | None = None
    part: str | None = None
    fingerprint: str = ""
    part_sha256: str = field(default="", compare=False)
    redelivered: str | None = None
    redelivered_sha256: str = field(default="", compare=False)
    arrived: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        """Refuse counts that do not add up."""
        if self.accepted + self.duplicates + self.updates + self.quarantined != self.read:
            raise ValueError(f"{self.name}: accepted + duplicates + updates + quarantined is not read: {self}")

    @property
    def known(self) -> int:
        """Accepted rows whose outcome is known."""
        return self.accepted - self.open
