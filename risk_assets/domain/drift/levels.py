"""What has moved within a column: the share of each level before and now, and in words."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from risk_assets.domain.drift.profile import CategoricalProfile, NumericProfile
from risk_assets.domain.drift.statistics import decile_edges, reference_counts
from risk_assets.domain.drift.verdict import LevelShare
from risk_assets.domain.figures import figure

if TYPE_CHECKING:
    from risk_assets.domain.drift.counts import ColumnCounts

    ColumnProfile = NumericProfile | CategoricalProfile

#: Levels of a category that are told, and those that a sentence names.
MOST_LEVELS, MOST_NAMED = 8, 2
OTHERS, MISSING = "all others", "missing"


def level_shares(profile: ColumnProfile, counts: ColumnCounts) -> tuple[LevelShare, ...]:
    """Return the share of each level before and now: ranges in their order, of categories those that moved most.

    >>> from risk_assets.domain.drift.counts import ColumnCounts
    >>> country = CategoricalProfile("country", 8, 0, distinct=2, counts=(("Spain", 6), ("Peru", 2)))
    >>> level_shares(country, ColumnCounts((1, 1, 2, 0), unlisted=(("Kenya", 2),)))[0]
    LevelShare(name='Spain', before=0.75, now=0.25)
    """
    before, now = reference_counts(profile) / profile.n, np.array(counts.bins) / counts.n
    shares = [(float(old), float(new)) for old, new in zip(before, now, strict=True)]
    if isinstance(profile, NumericProfile):
        found = [LevelShare(name, *pair) for name, pair in zip(_ranges(profile), shares, strict=True)]
        return tuple(each for each in found if each.before or each.now)
    found = [LevelShare(name, *pair) for (name, _), pair in zip(profile.counts, shares, strict=False)]
    unlisted = [LevelShare(name, 0.0, number / counts.n) for name, number in counts.unlisted] * _lists_all(profile)
    (old, new), gone = shares[-2], sum(each.now for each in unlisted)
    found += [*unlisted, LevelShare(OTHERS, old, max(new - gone, 0.0)), LevelShare(MISSING, *shares[-1])]
    told = [each for each in found if each.before or each.now > TINY]
    return tuple(sorted(told, key=lambda each: -abs(each.now - each.before))[:MOST_LEVELS])


#: A share below is what rounding leaves of none.
TINY = 1e-9


def moved_most(profile: ColumnProfile, shares: tuple[LevelShare, ...]) -> str:
    """Return the levels of a category that moved most, in words; nothing of numbers, whose median says it.

    >>> shares = (LevelShare("Kenya", 0.0, 0.25), LevelShare("Spain", 0.75, 0.5), LevelShare("Peru", 0.25, 0.25))
    >>> country = CategoricalProfile("country", 8, 0, distinct=2, counts=(("Spain", 6), ("Peru", 2)))
    >>> moved_most(country, shares)
    'Kenya is new: 25.0% now; Spain 75.0% before, 50.0% now'
    """
    if isinstance(profile, NumericProfile):
        return ""
    known = {name for name, _ in profile.counts} | {OTHERS, MISSING}
    named = [each for each in shares if each.name != MISSING and each.before != each.now][:MOST_NAMED]
    return "; ".join(
        f"{each.name} {each.before:.1%} before, {each.now:.1%} now"
        if each.name in known
        else f"{each.name} is new: {each.now:.1%} now"
        for each in named
    )


def _lists_all(profile: CategoricalProfile) -> bool:
    """Whether the profile lists each of its values, so that any other one is new."""
    return profile.distinct == len(profile.counts)


def _ranges(profile: NumericProfile) -> list[str]:
    edges = decile_edges(profile).tolist()
    if not edges:
        return ["any number", MISSING]
    lowest = profile.quantiles[0]
    first = f"below {figure(lowest)}" if edges[0] < lowest else f"up to {figure(edges[0])}"
    between = (f"{figure(max(low, lowest))} to {figure(high)}" for low, high in pairwise(edges))
    return [first, *between, f"above {figure(edges[-1])}", MISSING]
