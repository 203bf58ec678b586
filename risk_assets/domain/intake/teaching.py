"""Which files teach: outcomes become known one by one, and those of clients that left are often reported first.

Of a file that is reported in part, the known rows are no sample of all rows: a model would learn who is reported
first. So a file waits, whole, until nearly all of its outcomes are known.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import replace

from risk_assets.domain.intake.source_file import SourceFile

#: From this share of known outcomes on a file teaches.
NEARLY_ALL = 0.95
#: Natural logarithm of the chance below which outcomes of one class alone are no accident.
LEAST_LOG_CHANCE = -14.0


def with_waiting(files: Sequence[SourceFile], final: Collection[str] = ()) -> tuple[SourceFile, ...]:
    """Return the files in reading order, each with the reason for which it teaches nothing yet, if there is one.

    A file waits while less than NEARLY_ALL of its accepted rows have a known outcome, unless its name is in
    `final`: no more outcomes will come. One of a single class waits where the files before it had two and its
    chance, by their shares, is below e^LEAST_LOG_CHANCE.

    >>> young = SourceFile("a.csv", "", 1, read=10, accepted=10, duplicates=0, quarantined=0, open=9)
    >>> with_waiting([young])[0].waiting
    'the outcomes of 9 of its 10 rows are not known yet'
    """
    judged: list[SourceFile] = []
    negatives = positives = 0
    for file in files:
        reason = _reason(file, negatives, positives, is_final=file.name in final)
        judged.append(replace(file, waiting=reason))
        if reason is None:
            negatives, positives = negatives + file.known - file.positives, positives + file.positives
    return tuple(judged)


def _reason(file: SourceFile, negatives: int, positives: int, *, is_final: bool) -> str | None:
    if not file.accepted:
        return None
    if not file.known:
        return "no outcome of its rows is known yet"
    if file.known < NEARLY_ALL * file.accepted and not is_final:
        return f"the outcomes of {file.open:,} of its {file.accepted:,} rows are not known yet"
    if not (negatives and positives):
        return None
    for count, seen, word in (
        (file.positives, positives, "left"),
        (file.known - file.positives, negatives, "stayed"),
    ):
        if count == file.known and count * math.log(seen / (negatives + positives)) < LEAST_LOG_CHANCE:
            return (
                f"all of its {count:,} known outcomes are “{word}”, which is no accident beside the files before"
            )
    return None
