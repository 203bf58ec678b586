"""What became of the files of outcomes, and which rows they decide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from risk_assets.domain.columns import Columns
from risk_assets.domain.intake.source_file import SourceFile


@dataclass(frozen=True)
class OutcomeRules:
    """How a row gets its label: it has left when its client leaves within `horizon_days`.

    Leavings are reported within `reported_within_days`. All that happened until `until` (ISO 8601) is known; where
    that is not declared, until the newest date of leaving that was not ahead of its file.
    """

    horizon_days: int
    reported_within_days: int
    until: str | None = None

    def complete_until(self, reached: str) -> str:
        """Return the greatest date of a complete row, "" where nothing is known.

        A row is complete when its date + the horizon + the days of reporting are not after what is known.

        >>> OutcomeRules(horizon_days=90, reported_within_days=10).complete_until("2026-09-30")
        '2026-06-22'
        >>> OutcomeRules(90, 10, until="2026-10-31").complete_until("2026-09-30")
        '2026-07-23'
        """
        known = self.until or reached
        if not known:
            return ""
        complete = datetime.fromisoformat(known) - timedelta(days=self.horizon_days + self.reported_within_days)
        return complete.isoformat().removesuffix("T00:00:00")


@dataclass(frozen=True)
class OutcomeFiles:
    """How files of outcomes are read, and what follows from them.

    Files whose name matches the pattern `partial` tell of single leavings: what they lack is not known.

    >>> columns = Columns("id", "left", "1", "0", ())
    >>> given = OutcomeFiles(columns, OutcomeRules(90, 0), partial="contacts*.csv")
    >>> given.is_partial("contacts-may.csv"), given.is_partial("may.csv")
    (True, False)
    """

    columns: Columns
    rules: OutcomeRules
    partial: str = ""

    def is_partial(self, name: str) -> bool:
        """Return whether the file of this name tells of single leavings.

        >>> OutcomeFiles(Columns("id", "left", "1", "0", ()), OutcomeRules(90, 0)).is_partial("may.csv")
        False
        """
        return fnmatchcase(name, self.partial)


@dataclass(frozen=True)
class OutcomeCounts:
    """Rows of finaldata by what outcomes say of them, and what outcomes say that no row tells.

    `after_leaving` rows are stale listings of clients that have gone; of the others `known` are complete, and
    `positives` of these have left. `unknown_clients` have an outcome and no row; `before_rows` is how many
    leavings come before every row of their client, and `announced` how many lie ahead of their file. `late_days`
    is the 99 % quantile of the days between leaving and file, None while there is one file.
    """

    known: int = 0
    positives: int = 0
    after_leaving: int = 0
    unknown_clients: int = 0
    before_rows: int = 0
    left_twice: int = 0
    announced: int = 0
    late_days: float | None = None


@dataclass(frozen=True)
class OutcomesAccount:
    """The files of outcomes in reading order, how far they reach, and what they decide.

    `reached` is the newest date of leaving that was not ahead of its file, `complete_until` the greatest date of a
    complete row (both ISO 8601, "" where there is none). `leavings` is the name of the file of leavings.

    >>> july = SourceFile("july.csv", "ab", 90, read=10, accepted=9, duplicates=1, quarantined=0)
    >>> rules = OutcomeRules(90, 0)
    >>> OutcomesAccount((july,), rules, "2026-07-31", "2026-05-02", "a.parquet", OutcomeCounts()).accepted
    9
    """

    files: tuple[SourceFile, ...]
    rules: OutcomeRules
    reached: str
    complete_until: str
    leavings: str
    counts: OutcomeCounts

    @property
    def accepted(self) -> int:
        """Leavings that are held, each once.

        >>> OutcomesAccount((), OutcomeRules(90, 0), "", "", "", OutcomeCounts()).accepted
        0
        """
        return sum(file.accepted for file in self.files)

    @property
    def quarantined(self) -> int:
        """Rows of outcomes that are refused.

        >>> OutcomesAccount((), OutcomeRules(90, 0), "", "", "", OutcomeCounts()).quarantined
        0
        """
        return sum(file.quarantined for file in self.files)

    @property
    def sentences(self) -> Mapping[str, int]:
        """What is worth a look, with its number; what does not occur is left out.

        >>> OutcomesAccount((), OutcomeRules(90, 0), "", "", "", OutcomeCounts(announced=2)).sentences
        {'leavings lie ahead': 2}
        """
        counts = self.counts
        found = {
            "leavings lie ahead": counts.announced,
            "leavings come before every row of their client": counts.before_rows,
            "clients have an outcome and no row": counts.unknown_clients,
            "clients left more than once": counts.left_twice,
            "rows list a client that has gone": counts.after_leaving,
            "rows of outcomes are refused": self.quarantined,
        }
        return {sentence: count for sentence, count in found.items() if count}
