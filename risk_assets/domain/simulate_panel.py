"""A simulated company over months: clients come, change and leave, in a world whose truth is known.

A client's activity wanders around its own level (an autoregressive process of order 1), with a season and a slow
trend. Between two observations it leaves with a constant hazard that depends on what was last observed: the more
its last month lags behind its last year, the higher, and lower for large companies.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from risk_assets.domain.simulate import SIZE_CENTRE, SIZE_SPREAD, best_auc, codes

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

#: Months of activity before the first observation, which it sums up.
YEAR = 12
#: How much of the distance from its own level a client keeps from month to month, and how far chance moves it.
MEMORY, SHOCK = 0.9, 0.25
SEASON, TREND = 0.05, -0.002
#: The natural logarithm of the hazard in 30 days: of an average client, and the effects of falling and of size.
USUAL_HAZARD, FALL_EFFECT, SIZE_EFFECT = -4.4, 2.4, 0.4
HAZARD_DAYS = 30.0
#: Futures that are drawn for each client to know its true risk.
FUTURES = 200
MANAGERS = ("Adler", "Brandt", "Costa", "Dumont", "Egger")
COUNTRIES = ("AT", "CH", "DE", "FR", "IT")


@dataclass(frozen=True)
class Panel:
    """Monthly rows (corporation, as_of and features), leavings (corporation, left_on, reported), and the truth.

    `risk` is the true risk of each row of month number `period`, the last one whose horizon the panel holds (None:
    no month), and `best_auc` the AUC of ranking them by it: no model that sees the rows can do better on average.
    """

    months: tuple[date, ...]
    rows: tuple[pd.DataFrame, ...]
    leavings: pd.DataFrame
    period: int | None
    risk: NDArray[np.float64]
    best_auc: float


def simulate_panel(  # each is a dimension of the world
    *,
    months: int,
    clients: int,
    horizon_days: int,
    seed: int,
    start: date,
    reported_within_days: int = 0,
    steady: bool = False,
) -> Panel:
    """Draw a company of `clients` clients each month, from that of `start` on; those who leave are replaced.

    The same arguments give the same panel. Rows are observed on the first of a month. A leaving is reported up to
    `reported_within_days` days late. A `steady` world has neither season nor trend. Raises ValueError for
    arguments below 1 (0 for days of reporting).

    >>> panel = simulate_panel(months=6, clients=400, horizon_days=90, seed=0, start=date(2025, 1, 1))
    >>> [len(month) for month in panel.rows], panel.period
    ([400, 400, 400, 400, 400, 400], 2)
    """
    if min(months, clients, horizon_days) < 1 or reported_within_days < 0:
        raise ValueError("months, clients and horizon_days are at least 1, reported_within_days at least 0")
    rng = np.random.default_rng(seed)
    days = _firsts(start, months + 1)
    world = _World.drawn(clients * 2 + clients * months // 4, months, rng, steady=steady)
    there = np.zeros(len(world.size), dtype=bool)
    came = 0
    rows, leavings = [], []
    for month, (today, following) in enumerate(itertools.pairwise(days)):
        joining = min(clients - int(there.sum()), len(there) - came)
        there[came : came + joining] = True
        came += joining
        members = np.flatnonzero(there)
        rows.append(world.observed(members, month, today))
        wait = rng.exponential(HAZARD_DAYS / world.hazard(members, month))
        length = (following - today).days
        leaving = wait < length
        gone = members[leaving]
        there[gone] = False
        left_on = [today + timedelta(days=1 + int(day)) for day in wait[leaving]]
        leavings.append(world.left(gone, left_on, rng.integers(0, reported_within_days + 1, len(gone))))
    period = _last_complete(days[:-1], horizon_days + reported_within_days)
    risk = np.empty(0)
    if period is not None:
        members = world.numbers(rows[period])
        risk = world.true_risk(members, period, days[period], horizon_days, rng)
    return Panel(tuple(days[:-1]), tuple(rows), _joined(leavings), period, risk, best_auc(risk))


@dataclass(frozen=True)
class _World:
    """Every company that ever is a client: log size, level and state by month, and the counts of its activity."""

    names: NDArray[np.object_]
    size: NDArray[np.float64]
    level: NDArray[np.float64]
    state: NDArray[np.float64]
    counts: NDArray[np.int64]
    fee: NDArray[np.float64]
    steady: bool

    @classmethod
    def drawn(cls, companies: int, months: int, rng: np.random.Generator, *, steady: bool) -> _World:
        size = rng.normal(SIZE_CENTRE, SIZE_SPREAD, companies)
        level = 3.0 + 0.3 * (size - SIZE_CENTRE) + rng.normal(0, 0.6, companies)
        state = np.empty((companies, YEAR + months))
        state[:, 0] = rng.normal(0, SHOCK / np.sqrt(1 - MEMORY**2), companies)
        for month in range(1, YEAR + months):
            state[:, month] = MEMORY * state[:, month - 1] + rng.normal(0, SHOCK, companies)
        counts = rng.poisson(np.exp(level[:, None] + state + _common(np.arange(YEAR + months), steady=steady)))
        fee = np.exp(rng.normal(size + 4.0, 0.5)).round(2)
        return cls(np.array(codes(0, companies), dtype=object), size, level, state, counts, fee, steady)

    def observed(self, members: NDArray[np.int64], month: int, today: date) -> pd.DataFrame:
        import pandas as pd

        last, year = self._activity(members, month)
        return pd.DataFrame(
            {
                "corporation": self.names[members],
                "as_of": today.isoformat(),
                "lastmonth_activity": last,
                "lastyear_activity": year,
                "number_of_employees": self._employees(members),
                "manager": [MANAGERS[member % len(MANAGERS)] for member in members],
                "country": [COUNTRIES[member * 7 % 11 % len(COUNTRIES)] for member in members],
                "annual_fee": self.fee[members],
            }
        )

    def left(self, gone: NDArray[np.int64], left_on: Sequence[date], late: NDArray[np.int64]) -> pd.DataFrame:
        import pandas as pd

        reported = [day + timedelta(days=int(days)) for day, days in zip(left_on, late, strict=True)]
        return pd.DataFrame({"corporation": self.names[gone], "left_on": left_on, "reported": reported})

    def numbers(self, rows: pd.DataFrame) -> NDArray[np.int64]:
        places = {name: place for place, name in enumerate(self.names)}
        return np.array([places[name] for name in rows["corporation"]], dtype=np.int64)

    def hazard(self, members: NDArray[np.int64], month: int) -> NDArray[np.float64]:
        """Return the hazard in 30 days by what is observed in a month."""
        return self._hazard(members, *self._activity(members, month))

    def true_risk(
        self, members: NDArray[np.int64], month: int, today: date, horizon: int, rng: np.random.Generator
    ) -> NDArray[np.float64]:
        """Return the probability (n,) to leave within the horizon: the mean over FUTURES drawn futures.

        The hazard of the first month is known; that of those after it follows from activity that is yet to come.
        """
        last, year = self._activity(members, month)
        survives = np.zeros(len(members))
        windows = self.counts[members, month + 1 : month + YEAR]
        for _ in range(FUTURES):
            counts, activity, state = windows, (last, year), self.state[members, month + YEAR - 1]
            exposure, day, at = np.zeros(len(members)), today, month
            while day < today + timedelta(days=horizon):
                following = min(_firsts(day, 2)[1], today + timedelta(days=horizon))
                exposure += self._hazard(members, *activity) * (following - day).days / HAZARD_DAYS
                state = MEMORY * state + rng.normal(0, SHOCK, len(members))
                at, day = at + 1, following
                fresh = rng.poisson(
                    np.exp(self.level[members] + state + _common(np.array(at + YEAR - 1), steady=self.steady))
                )
                activity = fresh, counts.sum(axis=1) + fresh
                counts = np.column_stack([counts[:, 1:], fresh])
            survives += np.exp(-exposure)
        risk: NDArray[np.float64] = 1 - survives / FUTURES
        return risk

    def _activity(self, members: NDArray[np.int64], month: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        counts = self.counts[members, month : month + YEAR]
        return counts[:, -1], counts.sum(axis=1)

    def _employees(self, members: NDArray[np.int64]) -> NDArray[np.int64]:
        return 1 + np.floor(np.exp(self.size[members])).astype(np.int64)

    def _hazard(
        self, members: NDArray[np.int64], last: NDArray[np.int64], year: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        fall = np.log(year / YEAR + 1) - np.log(last + 1)
        size = np.log(self._employees(members)) - SIZE_CENTRE
        hazard: NDArray[np.float64] = np.exp(USUAL_HAZARD + FALL_EFFECT * fall - SIZE_EFFECT * size)
        return hazard


def _common(month: NDArray[np.int64], *, steady: bool) -> NDArray[np.float64]:
    """Return what season and trend add to every client's log activity, nothing in a steady world."""
    if steady:
        return np.zeros(month.shape)
    common: NDArray[np.float64] = SEASON * np.sin(2 * np.pi * month / YEAR) + TREND * month
    return common


def _firsts(start: date, count: int) -> list[date]:
    """Return the firsts of so many months, that of `start` among them."""
    months = range(start.year * 12 + start.month - 1, start.year * 12 + start.month - 1 + count)
    return [date(month // 12, month % 12 + 1, 1) for month in months]


def _last_complete(days: Sequence[date], horizon: int) -> int | None:
    complete = [place for place, day in enumerate(days) if day + timedelta(days=horizon) <= days[-1]]
    return complete[-1] if complete else None


def _joined(leavings: Sequence[pd.DataFrame]) -> pd.DataFrame:
    import pandas as pd

    return pd.concat(leavings, ignore_index=True)
