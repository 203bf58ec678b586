"""Rules that a broken file of leavings trips: why it is suspect beside the files before it, in sentences."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from datetime import timedelta
from statistics import median

from risk_assets.domain.figures import figure
from risk_assets.domain.intake.feed_rules import LEAST_ROWS, MODAL_RISE, MODAL_SHARE, ROWS_FACTOR
from risk_assets.domain.intake.leavings_profile import EPOCH, LeavingsProfile, together

#: What has been once may be so again, up to this factor.
SEEN_FACTOR = 2
#: Days without a leaving: so many at least, and so many times the longest run of them before.
LEAST_GAP, GAP_FACTOR = 7, 2
#: Leavings before this share of them are single late reports, which have gaps between them.
SETTLED_SHARE = 0.05


def leavings_faults(
    profile: LeavingsProfile, before: Sequence[LeavingsProfile], held: Sequence[LeavingsProfile] = ()
) -> tuple[str, ...]:
    """Return why a file of leavings is suspect beside those before it, which are in reading order.

    Days that files tell of which are `held` back are not missing in this one.

    >>> april = LeavingsProfile(300, 300, {day: 10 for day in range(30)})
    >>> may = LeavingsProfile(12, 12, {day: 1 for day in range(48, 60)})
    >>> for fault in leavings_faults(may, [april]):
    ...     print(fault)
    0.4 leavings a day; in the files before 9.677
    no leaving from 1970-01-31 to 1970-02-17; in the files before never more than 0 days without one
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
    days, usual, dated = _days(profile, newest), median(rates), sum(profile.days.values())
    rate = dated / days
    if max(dated, usual * days) < LEAST_ROWS:
        return
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
    """Days without a leaving after the newest that was told: rows that they would decide count as stayed."""
    if told.newest is None:
        return
    settled = told.at(SETTLED_SHARE)
    usual = _longest(sorted(day for day in told.days if day >= settled))[0]
    days, start = _longest([told.newest, *sorted(day for day in profile.days if day > told.newest)])
    if days >= max(LEAST_GAP, GAP_FACTOR * usual) and days * median(rates) >= LEAST_ROWS:
        first, last = EPOCH + timedelta(days=start + 1), EPOCH + timedelta(days=start + days)
        past = f"in the files before never more than {usual} days without one"
        yield f"no leaving from {first} to {last}; {past}"


def _longest(days: Sequence[int]) -> tuple[int, int]:
    """Return the longest run of days between two neighbours, and the day before it."""
    gaps = ((later - earlier - 1, earlier) for earlier, later in itertools.pairwise(days))
    return max(gaps, key=lambda gap: gap[0], default=(0, 0))
