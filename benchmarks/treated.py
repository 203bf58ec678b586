"""What figures say of a model where calls keep clients: of all rows, of rows that were not called, and weighted.

Worlds in which it is known what would have become of each client without a call: the riskier are called more
often, on any day of the horizon, and most of those that would leave stay then. Told is by how much ROC AUC, the
share that left and the level of the log-odds are off on average, and how often the 95 % interval of AUC holds what
it would have been. Then the first hundred are called, all of them, and nobody stands for these.

    .venv/bin/python benchmarks/treated.py
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from risk_assets.domain.scoring.metrics import RowFigures
from risk_assets.domain.scoring.untreated import row_figures, untreated_score
from risk_assets_tests.domain.scoring.test_untreated import World, world

WORLDS = 100
SAMPLES = 200
KINDS = {
    "1,500 rows": (1500, 0.85),
    "4,000 rows": (4000, 0.85),
    "4,000 rows, nearly all called": (4000, 0.97),
    "20,000 rows": (20_000, 0.85),
}


def off(given: World, found: RowFigures | None) -> tuple[float, ...]:
    """Return by how much AUC, share and level are off, and whether the interval of AUC holds the truth."""
    assert found
    assert found.calibration
    auc, share = found.roc_auc, given.left_uncalled.mean()
    inside = auc.low < given.auc < auc.high
    return auc.value - given.auc, found.left - share, found.calibration.level.value - given.level, inside


def alone(given: World) -> RowFigures | None:
    """Return the figures of the rows that were not called, as if they were all."""
    kept = given.rows.at(~given.treatment.is_called)
    return row_figures(kept, np.ones(len(kept.target)), samples=SAMPLES, seed=0)


def told(kind: str, n: int, most: float) -> None:
    """Print a line for each way to count."""
    ways: dict[str, list[tuple[float, ...]]] = {"all rows": [], "not called": [], "not called, weighted": []}
    unspoken, called = [], []
    for seed in range(WORLDS):
        given = world(seed, n, most=most)
        found = given.told(SAMPLES)
        for way, figures in zip(ways, (found.every, alone(given), found.untreated), strict=True):
            ways[way].append(off(given, figures))
        unspoken.append(found.unspoken)
        called.append(found.called)
    for way, each in ways.items():
        auc, share, level, inside = np.mean(each, axis=0)
        print(f"| {kind} | {way} | {auc:+.4f} | {share:+.4f} | {level:+.3f} | {inside:.0%} |")
    print(f"  {kind}: {np.mean(called):.0f} called, nobody stands for {np.mean(unspoken):.1f}")


def first_called(seed: int) -> None:
    """Print what is told where the first hundred were called, all of them."""
    given = world(seed, 4000, most=0.0)
    named = np.zeros(4000, dtype=bool)
    named[np.argsort(-given.rows.risk)[:100]] = True
    treatment = replace(given.treatment, called=np.where(named, 1.0, np.inf))
    found = untreated_score(given.rows, treatment, samples=SAMPLES, seed=0)
    assert found
    print(f"  the first hundred called: {found.called} called, nobody stands for {found.unspoken}")


def main() -> None:
    """Print all of it."""
    print("| rows | counted | AUC off | share off | level off | AUC inside |")
    for kind, (n, most) in KINDS.items():
        told(kind, n, most)
    first_called(0)


if __name__ == "__main__":
    main()
