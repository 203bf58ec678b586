"""Rules that a broken feed trips and a changed world hardly ever: why a file is suspect, in sentences.

A new file is compared with all files before it. A rule needs a distance that no gradual change makes between two
files, so that each file that trips one deserves a look.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from risk_assets.domain.intake.feed_profile import CategorySketch, FileProfile, NumberSketch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

Sketch = NumberSketch | CategorySketch
_Kind = TypeVar("_Kind", NumberSketch, CategorySketch)
#: Fewer rows tell nothing about a file's content.
LEAST_ROWS = 50
#: One value, or none, holds this share of a column, and this much more than before.
MODAL_SHARE, MODAL_RISE = 0.5, 0.4
#: The middle halves do not overlap, and the medians are this factor apart.
APART = 4.0
#: Two columns lie apart by this much (sum of two Kolmogorov-Smirnov distances), and half as far when swapped.
SWAPPED, HALVED = 0.5, 0.5
#: Log of the odds at which outcomes of one class alone are no accident.
ONE_CLASS = -14.0
#: Of the cells of a category this share is new.
NEW_CATEGORIES = 0.9
#: A file has so many times the usual rows, or as many times fewer, where so many files were before it.
ROWS_FACTOR, LEAST_FILES = 10, 3
#: A client has so many times the rows that it has in any file before.
REPEATED = 1.2


def faults_of(profile: FileProfile, before: Sequence[FileProfile], reference: FileProfile) -> tuple[str, ...]:
    """Return why a file's content is suspect beside the files before it; `reference` is their profile together.

    >>> usual = FileProfile(500, 100, 400, {"calls": NumberSketch(500, 500, tuple(range(1, 102)))})
    >>> hundredfold = FileProfile(500, 90, 410, {"calls": NumberSketch(500, 500, tuple(range(100, 10200, 100)))})
    >>> faults_of(hundredfold, [usual], usual)
    ('calls: the middle half is 2,600 to 7,600; in the files before 26 to 76: about 100 times as large',)
    >>> faults_of(usual, [usual], usual)
    ()
    """
    found = list(_rows(profile, before))
    if min(profile.rows, reference.rows) >= LEAST_ROWS:
        found += [*_repeated(profile, before), *_content(profile, reference)]
    return tuple(found)


def _rows(profile: FileProfile, before: Sequence[FileProfile]) -> Iterator[str]:
    if len(before) < LEAST_FILES:
        return
    usual = float(np.median([each.rows for each in before]))
    if profile.rows * ROWS_FACTOR <= usual or profile.rows >= usual * ROWS_FACTOR:
        yield f"{profile.rows:,} rows; the files before have {usual:,.0f}"


def _repeated(profile: FileProfile, before: Sequence[FileProfile]) -> Iterator[str]:
    """Clients that are delivered several times weigh several times in what is learnt."""
    most = max((each.per_client for each in before), default=0.0)
    if most and profile.per_client > REPEATED * most:
        yield f"{profile.per_client:.3g} rows a client; in the files before {most:.3g} at most"


def _content(profile: FileProfile, reference: FileProfile) -> Iterator[str]:
    numbers = _both(profile.numbers, reference.numbers)
    categories = _both(profile.categories, reference.categories)
    told: set[str] = set()
    every: list[tuple[str, tuple[Sketch, Sketch]]] = [*numbers.items(), *categories.items()]
    for name, (sketch, known) in every:
        for fault in (_missing(sketch, known), _one_value(sketch, known)):
            if fault and name not in told:
                told.add(name)
                yield f"{name}: {fault}"
    swapped = [pair for pair in _swapped(numbers) if not told & set(pair)]
    for one, other in swapped:
        told |= {one, other}
        yield f"{one} and {other} look swapped: each fits the other's values of before"
    for name, (number, past) in numbers.items():
        if name not in told and (fault := _apart(number, past)):
            yield f"{name}: {fault}"
    for name, (category, seen) in categories.items():
        if name not in told and (fault := _new_categories(category, seen)):
            yield f"{name}: {fault}"
    yield from _one_class(profile, reference)


def _both(new: Mapping[str, _Kind], before: Mapping[str, _Kind]) -> dict[str, tuple[_Kind, _Kind]]:
    """Return the sketches of columns that both have."""
    return {name: (sketch, before[name]) for name, sketch in new.items() if name in before}


def _missing(sketch: Sketch, before: Sketch) -> str | None:
    if sketch.missing > MODAL_SHARE and sketch.missing - before.missing > MODAL_RISE:
        return f"{sketch.missing:.0%} are missing; in the files before {before.missing:.0%}"
    return None


def _one_value(sketch: Sketch, before: Sketch) -> str | None:
    share, usual = sketch.modal_share, before.modal_share
    if sketch.known >= LEAST_ROWS and share > MODAL_SHARE and share - usual > MODAL_RISE:
        return f"one value holds {share:.0%} of the rows; in the files before {usual:.0%}"
    return None


def _apart(number: NumberSketch, before: NumberSketch) -> str | None:
    if min(number.known, before.known) < LEAST_ROWS:
        return None
    low, middle, high = (number.at(share) for share in (0.25, 0.5, 0.75))
    past_low, past_middle, past_high = (before.at(share) for share in (0.25, 0.5, 0.75))
    if low <= past_high and past_low <= high:
        return None
    past = f"in the files before {_shown(past_low)} to {_shown(past_high)}"
    said = f"the middle half is {_shown(low)} to {_shown(high)}; {past}"
    if middle > 0 and past_middle > 0:
        ratio = middle / past_middle
        if max(ratio, 1 / ratio) < APART:
            return None
        size = f"{_shown(ratio)} times as large" if ratio > 1 else f"a {_shown(1 / ratio)}th"
        return f"{said}: about {size}"
    spread = max(high - low, past_high - past_low)
    return said if abs(middle - past_middle) > APART * spread else None


def _shown(number: float) -> str:
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"  # noqa: PLR2004


def distance(one: NumberSketch, other: NumberSketch) -> float:
    """Return the Kolmogorov-Smirnov distance of two sketches, 0 to 1.

    >>> distance(NumberSketch(4, 4, (0.0, 1.0)), NumberSketch(4, 4, (5.0, 6.0)))
    1.0
    """
    grid = np.array([*one.quantiles, *other.quantiles])
    return float(np.abs(one.below(grid) - other.below(grid)).max(initial=0.0))


def _swapped(numbers: Mapping[str, tuple[NumberSketch, NumberSketch]]) -> Iterator[tuple[str, str]]:
    full = {name: pair for name, pair in numbers.items() if min(pair[0].known, pair[1].known) >= LEAST_ROWS}
    own = {name: distance(*pair) for name, pair in full.items()}
    moved = [name for name, far in own.items() if far > SWAPPED / 4]
    for one, other in itertools.combinations(moved, 2):
        apart = own[one] + own[other]
        if apart > SWAPPED:
            crosswise = distance(full[one][0], full[other][1]) + distance(full[other][0], full[one][1])
            if crosswise < HALVED * apart:
                yield one, other


def _new_categories(category: CategorySketch, before: CategorySketch) -> str | None:
    listed = sum(category.counts.values())
    if min(category.known, before.known) < LEAST_ROWS or len(before.counts) > before.known / 2:
        return None
    new = sum(count for name, count in category.counts.items() if name not in before.counts)
    if new <= NEW_CATEGORIES * listed:
        return None
    example = max(category.counts, key=lambda name: category.counts[name])
    return f"{new / listed:.0%} of the values were never seen before, such as {example!r}"


def _one_class(profile: FileProfile, reference: FileProfile) -> Iterator[str]:
    """One class beside unknown outcomes is waiting, no fault: here all rows have an outcome."""
    known, total = profile.positives + profile.negatives, reference.positives + reference.negatives
    if known < profile.rows or not total or min(profile.positives, profile.negatives):
        return
    share = (reference.positives + 1) / (total + 2)
    if known * math.log(share if profile.positives else 1 - share) < ONE_CLASS:
        what = "left" if profile.positives else "stayed"
        yield f"all {known:,} clients {what}; in the files before {share:.0%} left"
