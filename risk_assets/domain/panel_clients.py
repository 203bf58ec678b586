"""Clients of a simulated company, month by month, with a hazard of leaving whose sum over time is known exactly.

A client is active at its usual rate, or in a spell: some months in which its activity is below that (now and then
above). Spells begin and end by chance at the turn of a month (a Markov chain). Until the next observation a client
leaves with a constant hazard a day, which rises with the depth of its spell and is lower for large companies. So
the probability to leave within any number of days follows from what a client is like on the day of observation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from risk_assets.domain.simulate import SIZE_CENTRE

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Months of activity before an observation, which it sums up.
YEAR = 12
#: Natural logarithm of a month's activity: its centre, the effect of size, the spread, and what all share.
RATE_CENTRE, RATE_BY_SIZE, RATE_SPREAD = 5.0, 0.3, 0.7
SEASON, TREND = 0.08, 0.005
#: Probabilities that a spell begins and ends with a month; centre and spread of the fall of log activity in it.
SPELL_BEGINS, SPELL_ENDS = 0.05, 0.35
FALL_CENTRE, FALL_SPREAD = 1.6, 0.4
#: Natural logarithm of the hazard a day of an average client, and the effects of the fall and of size.
USUAL_HAZARD, FALL_EFFECT, SIZE_EFFECT = -7.8, 1.5, 0.8
#: Points of the quadrature over the depth of spells that are yet to come.
POINTS = 24
MANAGERS = np.array(["Adler", "Brandt", "Costa", "Dumont", "Egger"], dtype=object)
COUNTRIES = np.array(["AT", "CH", "DE", "FR", "IT"], dtype=object)


@dataclass(frozen=True)
class PanelClients:
    """The clients of a day: number, log size, log rate, spell and depth, activity of the last months (n, 12).

    >>> today, rng = date(2025, 1, 1), np.random.default_rng(0)
    >>> clients = PanelClients.drawn(np.array([5.0, 4.0, 6.0]), 0, 0, today, rng, steady=True)
    >>> clients.those(clients.employees > 100).number.tolist()
    [0, 2]
    >>> later = clients.a_month_on(1, date(2025, 2, 1), rng, steady=True).joined_by(clients)
    >>> later.number.tolist(), later.counts.shape, later.risk([31, 28]).shape
    ([0, 1, 2, 0, 1, 2], (6, 12), (6,))
    >>> bool(clients.hazard(np.ones((3, 1))).min() > clients.hazard_now.min())
    True
    """

    number: NDArray[np.int64]
    size: NDArray[np.float64]
    rate: NDArray[np.float64]
    in_spell: NDArray[np.bool_]
    fall: NDArray[np.float64]
    counts: NDArray[np.int64]
    manager: NDArray[np.int64]
    country: NDArray[np.int64]
    value: NDArray[np.int64]

    @classmethod
    def drawn(
        cls,
        size: NDArray[np.float64],
        first: int,
        month: int,
        today: date,
        rng: np.random.Generator,
        *,
        steady: bool,
    ) -> PanelClients:
        """Draw clients of given sizes who join today, and were active for a year before that."""
        count = len(size)
        clients = cls(
            number=np.arange(first, first + count),
            size=size,
            rate=RATE_CENTRE + RATE_BY_SIZE * (size - SIZE_CENTRE) + rng.normal(0, RATE_SPREAD, count),
            in_spell=rng.random(count) < SPELL_BEGINS / (SPELL_BEGINS + SPELL_ENDS),
            fall=rng.normal(FALL_CENTRE, FALL_SPREAD, count),
            counts=np.zeros((count, YEAR), dtype=np.int64),
            manager=rng.integers(0, len(MANAGERS), count),
            country=rng.integers(0, len(COUNTRIES), count),
            value=np.exp(rng.normal(size + 5, 0.5)).astype(np.int64),
        )
        for ago in range(YEAR - 1, -1, -1):
            clients = clients.a_month_on(month - ago, month_after(today, -ago), rng, steady=steady)
        return clients

    def a_month_on(self, month: int, today: date, rng: np.random.Generator, *, steady: bool) -> PanelClients:
        """Let spells begin and end, and count the activity of the month that ends today; see `simulate_panel`."""
        chance = rng.random(len(self.number))
        begins = ~self.in_spell & (chance < SPELL_BEGINS)
        in_spell = begins | (self.in_spell & (chance >= SPELL_ENDS))
        fall = np.where(begins, rng.normal(FALL_CENTRE, FALL_SPREAD, len(begins)), self.fall)
        shared = 0.0 if steady else TREND * month + SEASON * np.cos(2 * np.pi * today.month / YEAR)
        active = rng.poisson(np.exp(self.rate - in_spell * fall + shared))
        return replace(self, in_spell=in_spell, fall=fall, counts=np.column_stack([self.counts[:, 1:], active]))

    def those(self, chosen: NDArray[np.bool_]) -> PanelClients:
        """Return the chosen (n,) of the clients."""
        return PanelClients(**{field.name: getattr(self, field.name)[chosen] for field in fields(self)})

    def joined_by(self, others: PanelClients) -> PanelClients:
        """Return these clients and others."""
        both = {field.name: (getattr(self, field.name), getattr(others, field.name)) for field in fields(self)}
        return PanelClients(**{name: np.concatenate(pair) for name, pair in both.items()})

    @property
    def employees(self) -> NDArray[np.int64]:
        """The number of employees of each client."""
        return 1 + np.floor(np.exp(self.size)).astype(np.int64)

    def hazard(self, fall: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the hazard a day (n, m) of each client, were it in spells of the depths (n or 1, m)."""
        size = np.log(self.employees) - SIZE_CENTRE
        hazard: NDArray[np.float64] = np.exp(USUAL_HAZARD + FALL_EFFECT * fall - SIZE_EFFECT * size[:, None])
        return hazard

    @property
    def hazard_now(self) -> NDArray[np.float64]:
        """The hazard a day of each client until the next observation."""
        return self.hazard((self.in_spell * self.fall)[:, None])[:, 0]

    def risk(self, lengths: Sequence[int]) -> NDArray[np.float64]:
        """Return the probability (n,) to leave in stretches of so many days, between which spells may change.

        From the last stretch back: still being there at its end, times not leaving in it. Columns are the usual
        state, the client's own spell, and the points of a Gauss-Hermite quadrature over the depth of a new one.
        """
        points, weights = np.polynomial.hermite_e.hermegauss(POINTS)
        depths = np.broadcast_to(FALL_CENTRE + FALL_SPREAD * points, (len(self.fall), POINTS))
        hazard = self.hazard(np.column_stack([np.zeros(len(self.fall)), self.fall, depths]))
        there = np.ones_like(hazard)
        for days in reversed(lengths):
            usual, begun = there[:, :1], (there[:, 2:] @ (weights / weights.sum()))[:, None]
            after_usual = (1 - SPELL_BEGINS) * usual + SPELL_BEGINS * begun
            after_spell = (1 - SPELL_ENDS) * there[:, 1:] + SPELL_ENDS * usual
            there = np.exp(-hazard * days) * np.column_stack([after_usual, after_spell])
        return np.where(self.in_spell, 1 - there[:, 1], 1 - there[:, 0])


def month_after(day: date, months: int) -> date:
    """Return the first of the month so many months after that of a day.

    >>> month_after(date(2025, 11, 20), 2).isoformat()
    '2026-01-01'
    """
    month = day.year * 12 + day.month - 1 + months
    return date(month // 12, month % 12 + 1, 1)
