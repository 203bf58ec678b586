"""Sentences about the databases that new rows are read from, for the log and for notifications."""

from __future__ import annotations

from collections.abc import Mapping

#: A database may be away for a moment; a notification is due, once, after so many failures in a row.
FAILURES_BEFORE_NOTICE = 3


def count_failures(before: Mapping[str, int], faults: Mapping[str, str | None]) -> dict[str, int]:
    """Return how often each failing source has failed in a row; all others are left out.

    `faults` maps every source to what is wrong with it, None for nothing.

    >>> count_failures({"crm": 1, "erp": 2}, {"crm": "timeout", "erp": None})
    {'crm': 2}
    """
    return {name: before.get(name, 0) + 1 for name, fault in faults.items() if fault is not None}


def due_notifications(before: Mapping[str, int], faults: Mapping[str, str | None]) -> list[str]:
    """Return a sentence for each source that has just failed for the third time, or has recovered from that.

    >>> due_notifications({"crm": 2, "erp": 3}, {"crm": "crm: timeout", "erp": None})
    ['No rows could be read 3 times in a row: crm: timeout', 'erp is read again.']
    """
    now = count_failures(before, faults)
    failed = [
        f"No rows could be read {count} times in a row: {faults[name]}"
        for name, count in now.items()
        if count == FAILURES_BEFORE_NOTICE
    ]
    recovered = [
        f"{name} is read again."
        for name, fault in faults.items()
        if fault is None and before.get(name, 0) >= FAILURES_BEFORE_NOTICE
    ]
    return [*failed, *recovered]


def landing_summary(name: str, rows: int, files: int, reached: str | None, *, complete: bool) -> str:
    """Return what one poll of a source has landed, as a sentence; `reached` is the watermark.

    >>> landing_summary("crm", 1200, 1, "2026-09-01", complete=False)
    'crm: 1,200 rows landed in 1 file, up to 2026-09-01; more is waiting'
    """
    if not files:
        return f"{name}: nothing new" + (f" after {reached}" if reached else "")
    landed = f"{name}: {_counted(rows, 'row')} landed in {_counted(files, 'file')}, up to {reached}"
    return landed if complete else f"{landed}; more is waiting"


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
