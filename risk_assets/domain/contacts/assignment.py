"""Which listed clients are left uncalled, so that it can be told whether calls help.

Of the clients that come onto the call list, a share is left uncalled at random, within each manager. The draw
holds for `horizon_days` from the day of listing, and is analysed as drawn, whoever was called in the end
(intention to treat), with the client as the unit of clustering.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

Z95 = 1.959964
#: Fewer of either kind tell nothing.
LEAST_ASSIGNED = 10


@dataclass(frozen=True)
class Assignment:
    """A listed client: the day (ISO 8601), its manager, whether it is left uncalled, its risk and value then."""

    client: str
    listed_on: str
    stratum: str
    uncalled: bool
    risk: float
    value: float | None = None


@dataclass(frozen=True)
class Effect:
    """What calls did: shares that left among `called` and `uncalled` clients, and their difference.

    `difference` is uncalled less called, so that more is better; `low` and `high` bound its 95 % interval. `saved`
    is that difference times the value of the called clients a year, None where no value is declared. `wanted` is
    about how many assignments would tell a difference of that size from none, None where there is none to tell.
    """

    called: int
    uncalled: int
    left_called: int
    left_uncalled: int
    difference: float
    low: float
    high: float
    saved: float | None = None
    saved_low: float | None = None
    saved_high: float | None = None
    wanted: int | None = None


def places_listed(capacity: int, share: float) -> int:
    """Return how many clients are listed so that `capacity` are left to be called.

    >>> places_listed(100, 0.0), places_listed(100, 0.2)
    (100, 125)
    """
    return math.ceil(capacity / (1 - share) - 1e-9)


def places_taken(is_drawn: Sequence[bool], capacity: int, share: float) -> int:
    """Return how many clients of an order are listed, so that about `capacity` of them are to be called.

    `is_drawn` tells for each client, in the order, whether it is known to be called; of the others a share is not.

    >>> places_taken([False] * 300, 100, 0.2), places_taken([True] * 300, 100, 0.2)
    (125, 100)
    """
    called = 0.0
    for place, drawn in enumerate(is_drawn):
        if called > capacity - 1e-9:
            return place
        called += 1 if drawn else 1 - share
    return len(is_drawn)


def draw(
    newly_listed: Iterable[tuple[str, str]], counts: Mapping[str, int], share: float, listed_on: str
) -> dict[str, bool]:
    """Return for each (client, stratum) that is newly listed whether it is left uncalled.

    Clients of a stratum are put into a random order by a hash of the purpose, the day and the id, and every
    1/share-th is taken, from a random start by stratum and going on from the `counts` drawn before.

    >>> sum(draw([(f"c{n}", "Anna") for n in range(100)], {}, 0.2, "2026-03-01").values())
    20
    """
    found, seen = dict[str, bool](), Counter(counts)
    for client, stratum in sorted(newly_listed, key=lambda one: (one[1], _uniform("uncalled", listed_on, one[0]))):
        start = _uniform("uncalled start", stratum)
        drawn = seen[stratum]
        found[client] = math.floor(start + (drawn + 1) * share) > math.floor(start + drawn * share)
        seen[stratum] += 1
    return found


def _uniform(*parts: str) -> float:
    digest = hashlib.sha256("\0".join(parts).encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def effect(assigned: Sequence[tuple[Assignment, bool]]) -> Effect | None:
    """Return what calls did, from assignments and whether each client left; None while too few can be compared.

    The variance is that of a difference of two means with residuals summed within clients (Liang and Zeger 1986).

    >>> both = [(Assignment(f"c{n}", "2026-03-01", "", n % 2 == 0, 0.5), n % 4 == 0) for n in range(80)]
    >>> found = effect(both)
    >>> found.difference, found.low < 0.5 < found.high
    (0.5, True)
    """
    groups: dict[bool, list[tuple[Assignment, bool]]] = {True: [], False: []}
    for one, left in assigned:
        groups[one.uncalled].append((one, left))
    if min(map(len, groups.values())) < LEAST_ASSIGNED:
        return None
    shares = {kind: sum(left for _, left in found) / len(found) for kind, found in groups.items()}
    error = math.sqrt(_variance(groups, shares))
    difference = shares[True] - shares[False]
    low, high = difference - Z95 * error, difference + Z95 * error
    values = [one.value for one, _ in groups[False] if one.value is not None]
    worth = sum(values) if len(values) == len(groups[False]) else None
    saved = [None] * 3 if worth is None else [worth * each for each in (difference, low, high)]
    return Effect(
        called=len(groups[False]),
        uncalled=len(groups[True]),
        left_called=sum(left for _, left in groups[False]),
        left_uncalled=sum(left for _, left in groups[True]),
        difference=difference,
        low=low,
        high=high,
        saved=saved[0],
        saved_low=saved[1],
        saved_high=saved[2],
        wanted=_wanted(len(assigned), difference, error),
    )


def left_within(one: Assignment, left_on: Mapping[str, str], days: int) -> bool:
    """Return whether a client left within so many days of its listing, by the date of its leaving (ISO 8601).

    >>> listed = Assignment("c1", "2026-03-01", "", True, 0.5)
    >>> left_within(listed, {"c1": "2026-03-31"}, 30), left_within(listed, {"c1": "2026-03-31"}, 29)
    (True, False)
    """
    day = left_on.get(one.client)
    return day is not None and 0 < (date.fromisoformat(day[:10]) - date.fromisoformat(one.listed_on)).days <= days


def _variance(groups: Mapping[bool, Sequence[tuple[Assignment, bool]]], shares: Mapping[bool, float]) -> float:
    sums: dict[str, float] = defaultdict(float)
    for kind, found in groups.items():
        for one, left in found:
            sums[one.client] += (left - shares[kind]) / len(found) * (1 if kind else -1)
    clients = len(sums)
    return sum(value * value for value in sums.values()) * clients / max(1, clients - 1)


def _wanted(assigned: int, difference: float, error: float) -> int | None:
    """Return the assignments with which a difference of this size shows in four of five trials."""
    if not difference or not error:
        return None
    return math.ceil(assigned * ((Z95 + 0.8416) * error / abs(difference)) ** 2)
