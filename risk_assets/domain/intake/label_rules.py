"""Labels that the live model ranks upside down: a rule that inverted outcomes trip."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from risk_assets.domain.figures import figure

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

#: How often a file of an unchanged world may be held for its labels.
LABEL_LEVEL = 0.0005
#: Rows of each outcome that a side needs.
LEAST_OF_A_CLASS = 10


@dataclass(frozen=True)
class LabelledRisks:
    """Rows of a file with an outcome: their risk by the live model, and its columns; all (n,).

    >>> LabelledRisks(np.array([0.1, 0.9]), np.array([False, True]), {}).auc
    1.0
    """

    risk: Array
    left: NDArray[np.bool_]
    columns: Mapping[str, Array]

    @property
    def auc(self) -> float:
        """How well the model ranks them."""
        return _auc(self.risk, self.left)


def label_faults(rows: LabelledRisks) -> tuple[str, ...]:
    """Return where the live model ranks the rows upside down: in all, or on one side of a column's median.

    z = (AUC - 1/2) / sqrt((m + n + 1) / (12 m n)), corrected for ties (Lehmann 1975, Nonparametrics), against the
    level of one file divided by the number of sides that are looked at.

    >>> rng = np.random.default_rng(0)
    >>> risk = rng.random(400)
    >>> label_faults(LabelledRisks(risk, rng.random(400) > risk, {}))
    ('the live model ranks the clients upside down: AUC 0.15',)
    >>> label_faults(LabelledRisks(risk, rng.random(400) < risk, {}))
    ()
    """
    limit = _normal_quantile(LABEL_LEVEL / (2 * len(rows.columns) + 1))
    if _z(rows.risk, rows.left) < limit:
        return (f"the live model ranks the clients upside down: AUC {rows.auc:.2f}",)
    for name, values in rows.columns.items():
        middle = np.nanmedian(values) if np.isfinite(values).any() else math.nan
        for side, among in (("at most", values <= middle), ("above", values > middle)):
            if _z(rows.risk[among], rows.left[among]) < limit:
                auc = _auc(rows.risk[among], rows.left[among])
                where = f"where {name} is {side} {figure(float(middle))}"
                return (f"the live model ranks the clients upside down {where}: AUC {auc:.2f}",)
    return ()


def _normal_quantile(level: float) -> float:
    from statistics import NormalDist

    return NormalDist().inv_cdf(level)


def _auc(risk: Array, left: NDArray[np.bool_]) -> float:
    _, places, counts = np.unique(risk, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[places]
    m, n = int(left.sum()), int((~left).sum())
    return float((ranks[left].sum() - m * (m + 1) / 2) / (m * n))


def _z(risk: Array, left: NDArray[np.bool_]) -> float:
    """Return how many standard errors the AUC is above one half; 0 where too few rows tell."""
    m, n = int(left.sum()), int((~left).sum())
    if min(m, n) < LEAST_OF_A_CLASS:
        return 0.0
    _, counts = np.unique(risk, return_counts=True)
    total = m + n
    ties = float((counts**3 - counts).sum()) / (total * (total - 1))
    variance = (total + 1 - ties) / (12 * m * n)
    return (_auc(risk, left) - 0.5) / math.sqrt(variance) if variance > 0 else 0.0
