"""A simulated company over months: clients join, change and leave, in a world whose truth is known.

It has gone on for a year before the first month. A client that leaves is replaced by one of the same size, so that
the sizes of clients, and with them the share that leaves, stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from risk_assets.domain.panel_clients import COUNTRIES, MANAGERS, PanelClients, month_after
from risk_assets.domain.scoring.score import auc_of
from risk_assets.domain.simulate import SIZE_CENTRE, SIZE_SPREAD, best_auc, codes

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

#: Months that have passed before the first one.
BEFORE = 12


@dataclass(frozen=True)
class Panel:
    """Monthly rows (corporation, as_of and features), leavings (corporation, left_on, reported), and the truth.

    `risks` holds, month by month, each row's true probability to leave within the horizon. `period` is the number
    of the last month whose outcomes are complete by what was reported until the last month (None: no month): its
    date, the horizon and the days of reporting together are not after `outcomes_until`.

    >>> panel = simulate_panel(months=6, clients=2000, horizon_days=90, seed=0, start=date(2025, 1, 1))
    >>> panel.months[panel.period].isoformat(), panel.outcomes_until.isoformat()
    ('2025-03-01', '2025-05-31')
    >>> float(panel.risk.mean()), panel.best_auc
    (0.09, 0.76)
    >>> int(panel.left.sum()), panel.reached_auc
    (162, 0.78)
    """

    months: tuple[date, ...]
    rows: tuple[pd.DataFrame, ...]
    risks: tuple[NDArray[np.float64], ...]
    leavings: pd.DataFrame
    horizon_days: int
    reported_within_days: int

    @property
    def outcomes_until(self) -> date | None:
        """The newest date of leaving that was reported until the last month, None where nobody has left."""
        known = self.leavings.loc[self.leavings["reported"] <= self.months[-1], "left_on"]
        return max(known, default=None)

    @cached_property
    def period(self) -> int | None:
        """The number of the last month whose outcomes are complete."""
        until = self.outcomes_until
        if until is None:
            return None
        wait = timedelta(days=self.horizon_days + self.reported_within_days)
        return max((place for place, day in enumerate(self.months) if day + wait <= until), default=None)

    @property
    def truth(self) -> pd.DataFrame:
        """The true risk of each row of each month: corporation, as_of, risk.

        >>> panel = simulate_panel(months=2, clients=3, horizon_days=90, seed=0, start=date(2025, 1, 1))
        >>> panel.truth.columns.tolist(), len(panel.truth)
        (['corporation', 'as_of', 'risk'], 6)
        """
        import pandas as pd

        keys = pd.concat([rows[["corporation", "as_of"]] for rows in self.rows], ignore_index=True)
        return keys.assign(risk=np.concatenate(self.risks))

    @property
    def risk(self) -> NDArray[np.float64]:
        """The true risks of the rows of that month, none where there is no such month."""
        return np.empty(0) if self.period is None else self.risks[self.period]

    @property
    def best_auc(self) -> float:
        """The expected AUC of ranking that month by the true risk: no model can do better on average."""
        return best_auc(self.risk)

    @property
    def left(self) -> NDArray[np.bool_]:
        """Whether the clients of that month left within the horizon."""
        if self.period is None:
            return np.empty(0, dtype=bool)
        end = self.months[self.period] + timedelta(days=self.horizon_days)
        gone = self.leavings.loc[self.leavings["left_on"] <= end, "corporation"]
        return self.rows[self.period]["corporation"].isin(gone).to_numpy()

    @property
    def reached_auc(self) -> float:
        """The AUC that ranking that month by the true risk reached on who left."""
        return auc_of(self.left, self.risk)


def simulate_panel(
    *,
    months: int,
    clients: int,
    horizon_days: int,
    seed: int,
    start: date,
    reported_within_days: int = 0,
    first_id: int = 0,
    carried: bool = False,
    steady: bool = False,
) -> Panel:
    """Draw a company of `clients` clients each month, from that of `start` on; those who leave are replaced.

    The same arguments give the same panel, and more months go on where fewer end. Rows are observed on the first
    of a month. A leaving is reported up to `reported_within_days` days late. `carried` adds the columns manager,
    country and value (money a year), which say no more than the features about who leaves. A `steady` world has
    neither season nor trend. Raises ValueError for arguments below 1 (below 0 for days of reporting and the first
    id).

    >>> panel = simulate_panel(months=6, clients=2000, horizon_days=90, seed=0, start=date(2025, 1, 1))
    >>> [len(month) for month in panel.rows], panel.period
    ([2000, 2000, 2000, 2000, 2000, 2000], 2)
    """
    if min(months, clients, horizon_days) < 1 or min(reported_within_days, first_id) < 0:
        raise ValueError("months, clients and horizon_days are at least 1, reported_within_days and first_id 0")
    days = [month_after(start, month) for month in range(months)]
    seen, left = _history(start, months, clients, np.random.default_rng(seed), steady=steady)
    names = np.array(codes(first_id, 1 + max(int(there.number.max()) for there in seen)), dtype=object)
    return Panel(
        months=tuple(days),
        rows=tuple(_rows(there, names, day, carried=carried) for there, day in zip(seen, days, strict=True)),
        risks=tuple(there.risk(_lengths(day, horizon_days)) for there, day in zip(seen, days, strict=True)),
        leavings=_leavings(left, names, reported_within_days, np.random.default_rng([seed, 1])),
        horizon_days=horizon_days,
        reported_within_days=reported_within_days,
    )


#: Numbers of clients, and the dates on which they left.
Left = tuple["NDArray[np.int64]", list[date]]


def _history(
    start: date, months: int, count: int, rng: np.random.Generator, *, steady: bool
) -> tuple[list[PanelClients], list[Left]]:
    """Return the clients of each month, and those who left between one and the next."""
    day, size = month_after(start, -BEFORE), rng.normal(SIZE_CENTRE, SIZE_SPREAD, count)
    clients, first = PanelClients.drawn(size, 0, -BEFORE, day, rng, steady=steady), count
    seen, left = [], []
    for month in range(-BEFORE, months):
        if month == 0:
            clients, first = replace(clients, number=np.arange(count)), count
        if month >= 0:
            seen.append(clients)
        following = month_after(day, 1)
        leaves, left_on = _leaving(clients, day, following, rng)
        if 0 <= month < months - 1:
            left.append((clients.number[leaves], left_on))
        joining = PanelClients.drawn(clients.size[leaves], first, month + 1, following, rng, steady=steady)
        clients = clients.those(~leaves).a_month_on(month + 1, following, rng, steady=steady).joined_by(joining)
        day, first = following, first + len(left_on)
    return seen, left


def _leaving(
    clients: PanelClients, day: date, following: date, rng: np.random.Generator
) -> tuple[NDArray[np.bool_], list[date]]:
    """Return which clients leave before or on the following day of observation, and their dates."""
    wait = rng.exponential(1 / clients.hazard_now)
    leaves = wait < (following - day).days
    return leaves, [day + timedelta(days=1 + int(passed)) for passed in wait[leaves]]


def _rows(clients: PanelClients, names: NDArray[np.object_], today: date, *, carried: bool) -> pd.DataFrame:
    import pandas as pd

    frame = pd.DataFrame(
        {
            "corporation": names[clients.number],
            "as_of": today.isoformat(),
            "lastmonth_activity": clients.counts[:, -1],
            "lastyear_activity": clients.counts.sum(axis=1),
            "number_of_employees": clients.employees,
        }
    )
    more = {
        "manager": MANAGERS[clients.manager],
        "country": COUNTRIES[clients.country],
        "value": clients.value,
    }
    return frame.assign(**more) if carried else frame


def _leavings(
    left: Sequence[Left], names: NDArray[np.object_], reported_within: int, rng: np.random.Generator
) -> pd.DataFrame:
    """Return who left, when, and when that was reported: more often soon than late."""
    import pandas as pd

    days = [day for _, month in left for day in month]
    late = np.floor(rng.random(len(days)) ** 2 * (reported_within + 1)).astype(int)
    numbers = np.concatenate([np.empty(0, dtype=np.int64), *(numbers for numbers, _ in left)])
    reported = [day + timedelta(days=int(waited)) for day, waited in zip(days, late, strict=True)]
    return pd.DataFrame({"corporation": names[numbers], "left_on": days, "reported": reported})


def _lengths(day: date, horizon: int) -> list[int]:
    """Return the days of each month of a horizon, of which the last may be a part."""
    lengths: list[int] = []
    while (passed := sum(lengths)) < horizon:
        month = (month_after(day, len(lengths) + 1) - month_after(day, len(lengths))).days
        lengths.append(min(month, horizon - passed))
    return lengths
