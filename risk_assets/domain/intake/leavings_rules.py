"""Rules that a broken file of leavings trips: why it is suspect beside the files before it, in sentences."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from risk_assets.domain.figures import figure
from risk_assets.domain.intake.feed_rules import LEAST_ROWS, MODAL_RISE, MODAL_SHARE, ROWS_FACTOR
from risk_assets.domain.intake.leavings_profile import EPOCH, LeavingsProfile, together

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Counts = NDArray[np.int64]

#: What has been once may be so again, up to this factor.
SEEN_FACTOR = 2
#: Days with hardly a leaving: so many at least, and as many as had this share of the usual at all times before.
LEAST_GAP, STEADY = 7, 0.25
#: Leavings before this share of them are single late reports, which have gaps between them.
SETTLED_SHARE = 0.05
#: Of the newest days some leavings are not reported yet: those after all but this share are not looked at.
LATE_SHARE = 0.25


def leavings_faults(
    profile: LeavingsProfile, before: Sequence[LeavingsProfile], held: Sequence[LeavingsProfile] = ()
) -> tuple[str, ...]:
    """Return why a file of leavings is suspect beside those before it, which are in reading order.

    Days that files tell of which are `held` back are not missing in this one.

    >>> april = LeavingsProfile(300, 300, {day: 10 for day in range(30)})
    >>> may = LeavingsProfile(12, 12, {day: 1 for day in range(48, 60)})
    >>> for fault in leavings_faults(may, [april]):
    ...     print(fault)
    0.400 leavings a day; in the files before 9.68
    0 leavings from 1970-01-31 to 1970-02-06; usual are 68
    """
    reference = together(before)
    if reference.rows < LEAST_ROWS:
        return ()
    rates, told = _rates(before), together([*before, *held])
    return (*_rate(profile, told.newest, rates), *_unknown(profile, reference), *_gap(profile, told, rates))


def _rates(files: Sequence[LeavingsProfile]) -> list[float]:
    """Return the leavings a day of each file."""
    newest: int | None = None
    found = []
    for file in files:
        found.append(sum(file.days.values()) / _days(file, newest))
        newest = max((day for day in (newest, file.newest) if day is not None), default=None)
    return found


def _days(file: LeavingsProfile, newest: int | None) -> float:
    """Return how many days a file covers: at least those since the newest day of the files before it."""
    if newest is None or file.newest is None:
        return file.period
    return max(file.period, file.newest - newest)


def _rate(profile: LeavingsProfile, newest: int | None, rates: Sequence[float]) -> Iterator[str]:
    usual, dated, days = median(rates), sum(profile.days.values()), _days(profile, newest)
    if dated < LEAST_ROWS:  # so few tell how many are missing since the files before, but not what they cover
        days = max((profile.newest or 0) - (newest or 0), 1)
        if usual * days < LEAST_ROWS:
            return
    rate = dated / days
    fewer = rate * ROWS_FACTOR <= usual and rate * SEEN_FACTOR < min(rates)
    if fewer or (rate >= usual * ROWS_FACTOR and rate > max(rates) * SEEN_FACTOR):
        yield f"{figure(rate)} leavings a day; in the files before {figure(usual)}"


def _unknown(profile: LeavingsProfile, reference: LeavingsProfile) -> Iterator[str]:
    if profile.rows < LEAST_ROWS:
        return
    if profile.unknown > MODAL_SHARE and profile.unknown - reference.unknown > MODAL_RISE:
        past = f"in the files before {reference.unknown:.0%}"
        yield f"{profile.unknown:.0%} of the leavings are of clients without a row; {past}"


def _gap(profile: LeavingsProfile, told: LeavingsProfile, rates: Sequence[float]) -> Iterator[str]:
    """Days after the newest that was told with hardly a leaving: rows that they would decide count as stayed.

    A few leavings of them may be there, reported late.
    """
    if told.newest is None or not (usual := median(rates)):
        return
    later = {day: count for day, count in profile.days.items() if day > told.newest}
    new = _daily(later, told.newest + 1, LeavingsProfile(0, 0, later).at(1 - LATE_SHARE))
    past = _daily(told.days, told.at(SETTLED_SHARE), told.newest)
    first = max(LEAST_GAP, math.ceil(LEAST_ROWS / usual))
    for width in range(first, min(len(new), len(past)) + 1):
        if _sums(past, width).min() < STEADY * usual * width:
            continue
        windows = _sums(new, width)
        place = int(windows.argmin())
        if windows[place] * ROWS_FACTOR <= usual * width:
            start = EPOCH + timedelta(days=told.newest + 1 + place)
            until = start + timedelta(days=width - 1)
            yield f"{windows[place]:,} leavings from {start} to {until}; usual are {round(usual * width):,}"
        return


def _daily(days: Mapping[int, int], first: int, last: int) -> Counts:
    """Return the leavings of each day from the first to the last."""
    return np.array([days.get(day, 0) for day in range(first, last + 1)], np.int64)


def _sums(daily: Counts, width: int) -> Counts:
    """Return the leavings in each window of `width` days."""
    reached = np.concatenate([[0], np.cumsum(daily)])
    return np.asarray(reached[width:] - reached[:-width], np.int64)
