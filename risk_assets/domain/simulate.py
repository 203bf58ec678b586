"""Simulated clients in a world whose truth is known: what the model can learn, what it cannot, and how it drifts.

Activity is heavy-tailed; a client whose last month fell below a twelfth of its last year is likely to leave, a
large client less so. The log-odds of leaving are a sum of one term per column, so an additive model can come close
to the best possible AUC; whether a client with a given risk leaves is chance, so nothing can pass it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

Drift = Literal["none", "features", "relation", "reason"]

#: Codes are written without vowels, so that none is a word (or "null").
LETTERS = np.array(list("bcdfghjklmnpqrstvwxz"))
SHORTEST_CODE = 4
#: Shares no factor with the number of codes of any length, and so visits every code once.
CODE_STEP, CODE_START = 7_654_321, 98_765

FALL_EFFECT = 2.7
SIZE_EFFECT = 0.5
#: The two effects once the reason for leaving has changed.
FALL_EFFECT_MOVED = 1.1
SIZE_EFFECT_MOVED = -1.0
#: Natural logarithms of the number of employees: centre and standard deviation.
SIZE_CENTRE, SIZE_SPREAD = 4.5, 1.1
POSITIVE_SHARE = 0.2
LARGEST_AMOUNT = 10.0
REFERENCE_ROWS = 20_000


@dataclass(frozen=True)
class SimulatedClients:
    """Client rows (corporation, three features, exited) with the true risk of each, and the best possible AUC."""

    frame: pd.DataFrame
    risk: NDArray[np.float64]
    best_auc: float


def simulate(
    rows: int, *, seed: int, drift: Drift = "none", amount: float = 1.0, first_id: int = 0
) -> SimulatedClients:
    """Draw `rows` clients; the same arguments give the same clients.

    `drift` "features" multiplies the size of companies: `number_of_employees` moves by `amount` standard
    deviations of its logarithm. "relation" reverses the effects: at `amount` 1 the growing and the large clients
    leave, and smaller amounts blend the two. "reason" changes their sizes: at `amount` 1 the fall counts less than
    half and the large clients leave. Under either a fifth of all clients still leaves.
    `first_id` numbers the first client; ranges of numbers that do not overlap give other corporations. Raises
    ValueError for less than one row, a negative first_id or an amount beyond 10.

    >>> world = simulate(5000, seed=7)
    >>> world.frame.columns.tolist()
    ['corporation', 'lastmonth_activity', 'lastyear_activity', 'number_of_employees', 'exited']
    >>> float(world.risk.mean()), world.best_auc
    (0.20, 0.85)
    """
    import pandas as pd

    if rows < 1 or first_id < 0 or not abs(amount) <= LARGEST_AMOUNT:
        raise ValueError(f"need rows >= 1, first_id >= 0 and |amount| <= 10, not {rows}, {first_id} and {amount}")
    rng = np.random.default_rng(seed)
    turn = amount if drift == "relation" else 0.0
    move = amount if drift == "reason" else 0.0
    month, year, employees = _features(rows, rng, shift=amount if drift == "features" else 0.0)
    risk = 1 / (1 + np.exp(-(_intercept(turn, move) + _log_odds(month, year, employees, turn, move))))
    frame = pd.DataFrame(
        {
            "corporation": codes(first_id, rows),
            "lastmonth_activity": month,
            "lastyear_activity": year,
            "number_of_employees": employees,
            "exited": (rng.random(rows) < risk).astype(np.int64),
        }
    )
    return SimulatedClients(frame, risk, best_auc(risk))


def _features(
    rows: int, rng: np.random.Generator, *, shift: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return counts of activity (last month, last year) around a client's own rate, and numbers of employees.

    Log-normal rates with Poisson counts are heavy-tailed; larger companies are more active.
    """
    size = rng.normal(SIZE_CENTRE, SIZE_SPREAD, rows)
    rate = np.exp(3.0 + 0.3 * (size - SIZE_CENTRE) + rng.normal(0, 0.9, rows))
    change = np.exp(rng.normal(0, 0.6, rows))
    month = rng.poisson(rate * change)
    year = rng.poisson(11 * rate) + month
    employees = 1 + np.floor(np.exp(size + shift * SIZE_SPREAD)).astype(np.int64)
    return month, year, employees


def _log_odds(
    month: NDArray[np.int64], year: NDArray[np.int64], employees: NDArray[np.int64], turn: float, move: float
) -> NDArray[np.float64]:
    """Return the log-odds of leaving without the intercept: effect of falling activity less effect of size.

    The fall is log((year / 12 + 1) / (month + 1)); `turn` 0 keeps both effects and 1 reverses them;
    `move` 0 keeps them and 1 changes their sizes.
    """
    fall = np.log(year / 12 + 1) - np.log(month + 1)
    size = np.log(employees) - SIZE_CENTRE
    fall_effect = (1 - move) * FALL_EFFECT + move * FALL_EFFECT_MOVED
    size_effect = (1 - move) * SIZE_EFFECT + move * SIZE_EFFECT_MOVED
    return np.asarray((1 - 2 * turn) * (fall_effect * fall - size_effect * size))


@lru_cache
def _intercept(turn: float, move: float) -> float:
    """Return, by bisection, the intercept at which a fifth of a large reference population leaves."""
    log_odds = _log_odds(*_features(REFERENCE_ROWS, np.random.default_rng(0), shift=0.0), turn, move)
    low, high = -50.0, 50.0
    for _ in range(60):
        middle = (low + high) / 2
        share = np.mean(1 / (1 + np.exp(-(middle + log_odds))))
        low, high = (middle, high) if share < POSITIVE_SHARE else (low, middle)
    return (low + high) / 2


def best_auc(risk: NDArray[np.float64]) -> float:
    """Return the expected AUC of ranking clients by their true risk: no model can do better on average.

    The sum over pairs (i, j) with risk_i > risk_j of risk_i (1 - risk_j), over the same sum for all pairs.

    >>> best_auc(np.array([0.1, 0.9]))
    0.9878
    """
    ascending = np.sort(risk)
    stays_below = np.cumsum(1 - ascending) - (1 - ascending)
    leaves_below = np.cumsum(ascending) - ascending
    right = float(ascending @ stays_below)
    wrong = float((1 - ascending) @ leaves_below)
    return right / (right + wrong) if right + wrong else 0.5


def codes(first: int, rows: int) -> list[str]:
    """Return the lower-case codes of clients number `first` to `first + rows - 1`; no two numbers share a code.

    >>> codes(0, 3)
    ['qjxh', 'mdsj', 'hxnk']
    """
    spelled: list[str] = []
    start, length = 0, SHORTEST_CODE
    while len(spelled) < rows:
        count = len(LETTERS) ** length
        numbers = np.arange(max(first, start), min(first + rows, start + count)) - start
        spelled.extend(_spelled((numbers * CODE_STEP + CODE_START) % count, length))
        start, length = start + count, length + 1
    return spelled


def _spelled(numbers: NDArray[np.int64], length: int) -> list[str]:
    """Return each number in `length` letters, as a number in base 20."""
    digits = numbers[:, None] // len(LETTERS) ** np.arange(length)[::-1] % len(LETTERS)
    return list(np.ascontiguousarray(LETTERS[digits]).view(f"<U{length}")[:, 0].tolist())
