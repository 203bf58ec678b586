"""Rows and a reference to measure drift on, for tests."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from risk_assets.domain.drift.profile import CategoricalProfile, NumericProfile, Profile
from risk_assets.domain.drift.verdict import DriftReference, NewRows
from risk_assets.domain.scoring.metrics import CalibrationBin, Confusion, Estimate, Metrics

REGIONS = ("north", "south", "west")
KNOWN_ROWS = 4000


def draw(n: int, seed: int) -> dict[str, NDArray[np.float64] | NDArray[np.object_]]:
    """Features of clients: two numeric columns and a categorical one."""
    rng = np.random.default_rng(seed)
    return {
        "activity": rng.lognormal(3, 1, n),
        "employees": rng.normal(100, 20, n),
        "region": rng.choice(np.array(REGIONS, dtype=object), n, p=[0.5, 0.3, 0.2]),
    }


def risks_of(features: Mapping[str, NDArray[np.float64] | NDArray[np.object_]]) -> NDArray[np.float64]:
    """The model's risk: small companies leave."""
    return np.asarray(1 / (1 + np.exp(1.9 + (features["employees"].astype(float) - 100) / 10)))


def labels(risks: NDArray[np.float64], seed: int) -> NDArray[np.bool_]:
    """Draw who leaves when the risks are true."""
    return np.asarray(np.random.default_rng(seed).random(len(risks)) < risks)


def new_rows(n: int, seed: int = 1) -> NewRows:
    """Rows of the same world as the reference."""
    features = draw(n, seed)
    risks = risks_of(features)
    return NewRows(features, risks, labels(risks, seed))


def numeric_profile(name: str, values: NDArray[np.float64]) -> NumericProfile:
    """A profile of values without missing ones."""
    quantiles = tuple(np.quantile(values, np.linspace(0, 1, 201)).tolist())
    middle = quantiles[100]
    return NumericProfile(
        name, len(values), 0, float(values.mean()), middle, float(values.std()), quantiles[0], quantiles[-1],
        quantiles=quantiles,
    )  # fmt: skip


def reference() -> DriftReference:
    """The training rows, their risks, and the score on 2,000 test rows of the same world."""
    known = draw(KNOWN_ROWS, seed=0)
    regions = known["region"].tolist()
    profile = Profile(
        rows=KNOWN_ROWS,
        clients=KNOWN_ROWS,
        positives=800,
        numeric=tuple(numeric_profile(name, known[name].astype(float)) for name in ("activity", "employees")),
        categorical=(
            CategoricalProfile("region", KNOWN_ROWS, 0, 3, tuple((name, regions.count(name)) for name in REGIONS)),
        ),
    )
    return DriftReference(profile, numeric_profile("risk", risks_of(known)), recorded_score())


def recorded_score(threshold: float = 0.3) -> Metrics:
    """The score of the model on 2,000 rows; only the confusion, bins and threshold matter here."""
    rows = new_rows(2000, seed=99)
    assert rows.target is not None
    flagged = rows.risks >= threshold
    cells = [int((flagged == said)[rows.target == left].sum()) for left in (False, True) for said in (False, True)]
    unused = Estimate(0.5, 0.4, 0.6)
    return Metrics(
        n=2000, positives=int(rows.target.sum()), threshold=threshold, f1=unused, precision=unused, recall=unused,
        accuracy=unused, roc_auc=unused, average_precision=unused, brier=unused, log_loss=unused,
        confusion=Confusion(*cells), calibration=calibration_bins(rows.risks, rows.target), roc=(),
        precision_recall=(), all_positive_f1=0.3,
    )  # fmt: skip


def calibration_bins(risks: NDArray[np.float64], target: NDArray[np.bool_]) -> tuple[CalibrationBin, ...]:
    """Ten equal bins of risk; empty ones are left out."""
    found = []
    for low in np.arange(10) / 10:
        inside = (risks >= low) & (risks < low + 0.1)
        if inside.any():
            found.append(
                CalibrationBin(
                    low, low + 0.1, int(inside.sum()), float(risks[inside].mean()), float(target[inside].mean())
                )
            )
    return tuple(found)
