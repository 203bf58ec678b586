"""What people are told of the databases that new rows are read from."""

from __future__ import annotations

from collections.abc import Mapping

#: A database may be away for a moment; from so many failures in a row on people are told, once.
FAILURES_BEFORE_NOTICE = 3


def count_failures(before: Mapping[str, int], faults: Mapping[str, str | None]) -> dict[str, int]:
    """Return how often each source has failed in a row; a source that is no longer looked at is forgotten.

    `faults` maps every source to what is wrong with it, None for nothing.
    """
    return {name: before.get(name, 0) + 1 for name, fault in faults.items() if fault is not None}


def worth_a_notice(before: Mapping[str, int], faults: Mapping[str, str | None]) -> list[str]:
    """Return a sentence for each source that has just failed for the third time, or is read again after that."""
    now = count_failures(before, faults)
    failed = [
        f"No rows could be read {count} times in a row: {faults[name]}"
        for name, count in now.items()
        if count == FAILURES_BEFORE_NOTICE
    ]
    again = [
        f"{name} is read again."
        for name, fault in faults.items()
        if fault is None and before.get(name, 0) >= FAILURES_BEFORE_NOTICE
    ]
    return [*failed, *again]


def landing_summary(name: str, rows: int, files: int, reached: str | None, *, complete: bool) -> str:
    """Say what a look at a source has landed, in a sentence."""
    if not files:
        return f"{name}: nothing new" + (f" after {reached}" if reached else "")
    landed = f"{name}: {_counted(rows, 'row')} landed in {_counted(files, 'file')}, up to {reached}"
    return landed if complete else f"{landed}; more is waiting"


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
