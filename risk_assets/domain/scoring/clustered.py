"""Shares and AUC with intervals that hold where clients have several rows: closed forms, nothing is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from risk_assets.domain.scoring.metrics import Estimate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

NORMAL_95 = 1.959963984540054


def client_numbers(clients: NDArray[np.object_] | NDArray[np.intp]) -> NDArray[np.intp]:
    """Return a whole number for each client (n,), the same for the same one; numbers stay as they are.

    >>> client_numbers(np.array(["b", "a", "b"], dtype=object)).tolist()
    [1, 0, 1]
    """
    if clients.dtype != np.object_:
        return clients.astype(np.intp)
    return np.unique(clients.astype(str), return_inverse=True)[1]


@dataclass(frozen=True)
class RankingError:
    """The ROC AUC of rows, and its standard error.

    >>> RankingError(0.8, 0.02).estimate
    Estimate(value=0.80, low=0.76, high=0.84)
    """

    auc: float
    error: float

    @property
    def estimate(self) -> Estimate:
        """The AUC with its 95 % interval, made on the log-odds so that it stays within 0 and 1."""
        spread = self.auc * (1 - self.auc)
        if not spread:
            return Estimate(self.auc, self.auc, self.auc)
        middle, reach = np.log(self.auc / (1 - self.auc)), NORMAL_95 * self.error / spread
        low, high = (float(1 / (1 + np.exp(-(middle + way * reach)))) for way in (-1, 1))
        return Estimate(self.auc, low, high)


def ranking_error(target: NDArray[np.int64], risk: Array, owners: NDArray[np.intp]) -> RankingError:
    """Return the AUC of risks (n,) for 0/1 outcomes (n,), and its standard error over numbered clients (n,).

    Each row's part in the AUC is the share of rows of the other class that it is ranked rightly against (DeLong,
    DeLong and Clarke-Pearson 1988, Biometrics 44); parts are summed over a client before they are squared
    (Obuchowski 1997, Biometrics 53). Both classes are needed.

    >>> risk = np.arange(200) / 200
    >>> left = (np.arange(200) % 3 == 0).astype(int)
    >>> ranking_error(left, risk, np.arange(200))
    RankingError(auc=0.496, error=0.043)
    """
    left = target == 1
    positive, negative = np.sort(risk[left]), np.sort(risk[~left])
    parts = np.empty(len(risk))
    parts[left] = _rank(negative, risk[left]) / len(negative)
    parts[~left] = 1 - _rank(positive, risk[~left]) / len(positive)
    auc = float(parts[left].mean())
    sizes = np.where(left, len(positive), len(negative))
    return RankingError(auc, _root_of_squares((parts - auc) / sizes, owners))


def _rank(ascending: Array, values: Array) -> Array:
    """Return how many are less than each value; equal ones count half."""
    return np.asarray((ascending.searchsorted(values, "left") + ascending.searchsorted(values, "right")) / 2)


def share(hits: NDArray[np.bool_], among: NDArray[np.bool_], owners: NDArray[np.intp]) -> Estimate | None:
    """Return the share of hits (n,) among rows (n,) with its 95 % interval, None where there is no such row.

    Wilson's interval (1927, JASA 22) for as many rows as tell as much as these if each were of a client of its own
    (Korn and Graubard 1998, Survey Methodology 24); `owners` (n,) are numbered clients.

    >>> share(np.arange(100) < 30, np.full(100, True), np.arange(100))
    Estimate(value=0.30, low=0.219, high=0.396)
    >>> share(np.arange(100) < 30, np.full(100, True), np.arange(100) // 2)
    Estimate(value=0.30, low=0.190, high=0.439)
    """
    rows = int(among.sum())
    if not rows:
        return None
    found = float((hits & among).sum() / rows)
    alone = found * (1 - found) / rows
    together = _root_of_squares((hits - found) * among / rows, owners) ** 2
    clients = _clients(owners[among])
    independent = min(rows, rows * alone / together) if alone and together else clients
    return _wilson(found, max(independent, 1.0))


def _wilson(found: float, rows: float) -> Estimate:
    square = NORMAL_95**2
    middle = (found + square / (2 * rows)) / (1 + square / rows)
    reach = NORMAL_95 * np.sqrt(found * (1 - found) / rows + square / (4 * rows**2)) / (1 + square / rows)
    return Estimate(found, max(float(middle - reach), 0.0), min(float(middle + reach), 1.0))


def _root_of_squares(parts: Array, owners: NDArray[np.intp]) -> float:
    """Return the root of the summed squares of each client's sum, corrected for the number of clients."""
    sums = np.bincount(owners, weights=parts)
    clients = _clients(owners)
    return float(np.sqrt((sums @ sums) * clients / max(clients - 1, 1)))


def _clients(owners: NDArray[np.intp]) -> int:
    return int(np.count_nonzero(np.bincount(owners)))
