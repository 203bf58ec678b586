"""What people are told of the databases that new rows are read from."""

from __future__ import annotations

from collections.abc import Mapping

#: A database may be away for a moment; from so many failures in a row on people are told, once.
FAILURES_TOLD = 3


def count_failures(before: Mapping[str, int], faults: Mapping[str, str | None]) -> dict[str, int]:
    """Return how often each source has failed in a row; a source that is no longer looked at is forgotten.

    `faults` maps every source to what is wrong with it, None for nothing.

    >>> count_failures({"crm": 2}, {"crm": "no route", "billing": None})
    {'crm': 3}
    """
    return {name: before.get(name, 0) + 1 for name, fault in faults.items() if fault is not None}


def worth_a_notice(before: Mapping[str, int], faults: Mapping[str, str | None]) -> list[str]:
    """Return a sentence for each source that has just failed for the third time, or is read again after that.

    >>> worth_a_notice({"crm": 2}, {"crm": "crm: no route to host"})
    ['No rows could be read 3 times in a row: crm: no route to host']
    """
    now = count_failures(before, faults)
    failed = [
        f"No rows could be read {count} times in a row: {faults[name]}"
        for name, count in now.items()
        if count == FAILURES_TOLD
    ]
    again = [
        f"{name} is read again."
        for name, fault in faults.items()
        if fault is None and before.get(name, 0) >= FAILURES_TOLD
    ]
    return [*failed, *again]


def landed_sentence(name: str, rows: int, files: int, reached: str | None, *, complete: bool) -> str:
    """Say what a look at a source has landed, in a sentence.

    >>> landed_sentence("crm", 1200, 1, "2026-01-31", complete=True)
    'crm: 1,200 rows landed in 1 file, up to 2026-01-31'
    """
    if not files:
        return f"{name}: nothing new" + (f" after {reached}" if reached else "")
    landed = f"{name}: {_counted(rows, 'row')} landed in {_counted(files, 'file')}, up to {reached}"
    return landed if complete else f"{landed}; more is waiting"


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
