"""Drift of the deployed model: measured, judged and summed up in three separate steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from risk_assets.domain.drift.profile import NumericProfile, Profile
from risk_assets.domain.scoring.metrics import Estimate, Metrics, UntreatedScore

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Policy = Literal["statistical", "seed"]
DriftWord = Literal["drifted", "stable", "insufficient data", "nothing new", "no labels yet", "nothing deployed"]


@dataclass(frozen=True)
class DriftRules:
    """When rows count as drifted.

    Fewer than `min_rows` rows are not judged. F1 has fallen when the upper end of the two-sided `confidence`
    interval of its change is below -`margin`. Up to `most_tested_rows` a column has shifted when a test says so
    at level `alpha` (corrected over all columns by Holm's method) and the effect is above `floor`; beyond, when
    PSI is above both `psi_floor` and the `psi_quantile` of its null distribution. `policy` "seed": any fall of
    F1, on any number of rows, and nothing else.
    """

    policy: Policy = "statistical"
    min_rows: int = 30
    most_tested_rows: int = 1000
    margin: float = 0.02
    confidence: float = 0.95
    alpha: float = 0.01
    floor: float = 0.10
    psi_floor: float = 0.10
    psi_quantile: float = 0.99
    samples: int = 2000
    permutations: int = 9_999
    seed: int = 0


@dataclass(frozen=True)
class NewRows:
    """Rows that the deployed model was not trained on, column by column, all of the same length.

    `features` holds floats (NaN is missing) and text (None or NaN is missing); `risks` are the deployed model's;
    `target` is None while the rows have no labels; `known` tells those that have one, all of them if it is None.
    """

    features: Mapping[str, NDArray[np.float64] | NDArray[np.object_]]
    risks: NDArray[np.float64]
    target: NDArray[np.bool_] | None = None
    known: NDArray[np.bool_] | None = None


@dataclass(frozen=True)
class DriftReference:
    """What new rows are compared with: the deployed model's training rows, their risks, and its recorded score."""

    profile: Profile
    risks: NumericProfile
    metrics: Metrics


@dataclass(frozen=True)
class LevelShare:
    """The share of rows with a category, or with a number within a range, before and now."""

    name: str
    before: float
    now: float


@dataclass(frozen=True)
class Measurement:
    """One comparison of new rows with the reference: a statistic, its threshold and the size of the effect.

    `kind` is performance, feature, score or served; `statistic` names the test in words ("Kolmogorov-Smirnov",
    "chi-square", "PSI", "F1 difference"); `threshold` is its critical value when judged alone. `effect` is the
    size of the change and `floor` the least one that counts. `detail` holds the figures before and now, as text,
    and `shares` those of each level of a column that moved by more than that.

    F1 difference: `value` is the upper bound of the change of F1, `effect` the change. Kolmogorov-Smirnov: both
    are the largest distance of the distributions. chi-square: `effect` is the share of rows that changed category
    (total variation). PSI: both are the index.
    """

    kind: str
    name: str
    n: int
    statistic: str
    value: float
    threshold: float
    effect: float
    floor: float
    p_value: float | None = None
    detail: str = ""
    shares: tuple[LevelShare, ...] = ()


@dataclass(frozen=True)
class DriftMeasurements:
    """All comparisons of `n` new rows; `estimated_f1` is the label-free estimate of F1 on them."""

    n: int
    measurements: tuple[Measurement, ...]
    estimated_f1: Estimate | None = None


@dataclass(frozen=True)
class Judgement:
    """Whether a measurement counts as drift, and the sentence a manager reads."""

    measurement: Measurement
    drifted: bool
    sentence: str


@dataclass(frozen=True)
class DriftVerdict:
    """The verdict on the deployed model over `n` rows it was not trained on.

    `estimated_f1` is the label-free estimate with its 95 % interval; None when it cannot be given. It rests on
    the model's own risks, so it is blind to a change of the relation between features and target. `untreated` is
    what rows tell whose client was not called; it decides nothing.
    """

    verdict: DriftWord
    sentence: str
    n: int
    policy: str
    judgements: tuple[Judgement, ...] = ()
    estimated_f1: float | None = None
    version: str | None = None
    data_version: str | None = None
    at: str | None = None
    estimated_f1_low: float | None = None
    estimated_f1_high: float | None = None
    untreated: UntreatedScore | None = None

    @property
    def for_history(self) -> DriftVerdict:
        """The verdict without the shares of levels and what untreated rows tell, which only the last one needs.

        >>> DriftVerdict("stable", "F1 holds.", 500, "statistical").for_history.n
        500
        """
        measured = ((each, replace(each.measurement, shares=())) for each in self.judgements)
        judgements = tuple(replace(each, measurement=found) for each, found in measured)
        return replace(self, judgements=judgements, untreated=None)
