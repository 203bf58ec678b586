"""What a fit of ten columns costs beside LightGBM with 100 trees, where that is installed.

Seven of the columns tell, two of them together. Each model takes its turn; printed are the processor seconds of a
fit, and AUC and log-loss on a tenth as many other rows. System seconds are those that fresh memory takes: on some
virtual machines three seconds for a gigabyte, elsewhere next to none.

    OMP_NUM_THREADS=1 .venv/bin/python benchmarks/model_cost.py [--rows 1000000] [--repeats 5]
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
import pandas as pd
from model import Array, arrays, frame
from sklearn.metrics import log_loss, roc_auc_score

Risks = Callable[[pd.DataFrame], Array]


def ten_columns(rows: int) -> tuple[pd.DataFrame, Array, Array]:
    """Return the columns, outcomes and true risks."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, 10))
    alone = 0.6 * x[:, 2] - 0.5 * x[:, 3] + np.sin(2 * x[:, 4]) + 0.5 * x[:, 5] ** 2 - 0.8 * x[:, 6]
    risk = 1.0 / (1.0 + np.exp(1.5 - alone - 1.2 * x[:, 0] * x[:, 1]))
    return frame(x), (rng.random(rows) < risk).astype(float), risk


def ours(table: pd.DataFrame, outcome: Array) -> Risks:
    """Fit the additive model of this project."""
    from risk_assets.domain.model.additive import fit_additive

    model = fit_additive(arrays(table), outcome)
    return lambda other: np.asarray(1.0 / (1.0 + np.exp(-model.predict(arrays(other)))))


def hundred_trees(table: pd.DataFrame, outcome: Array) -> Risks:
    """Fit LightGBM as it comes: 100 trees of 31 leaves."""
    from lightgbm import LGBMClassifier  # type: ignore[import-not-found]

    model = LGBMClassifier(n_estimators=100, n_jobs=1, verbose=-1).fit(table.to_numpy(), outcome)
    return lambda other: np.asarray(model.predict_proba(other.to_numpy())[:, 1])


def main() -> None:
    """Time each model in its turn, and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    wanted = parser.parse_args()
    models = {"additive": ours, **({"LightGBM": hundred_trees} if find_spec("lightgbm") else {})}
    table, outcome, risk = ten_columns(wanted.rows + wanted.rows // 10)
    train, test, known, truth = table[: wanted.rows], table[wanted.rows :], *np.split(outcome, [wanted.rows])
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in models}
    for model in models.values():
        model(train[:2000], known[:2000])  # what is loaded or made once
    for _ in range(wanted.repeats):
        for name, model in models.items():
            start = os.times()
            risks = model(train, known)
            end = os.times()
            taken[name].append((end.user - start.user, end.system - start.system))
            print(f"{name:14} {seconds(*taken[name][-1])}  {scores(truth, risks(test))}", flush=True)
    print(f"{'best possible':46} {scores(truth, risk[wanted.rows :])}")
    for name, found in taken.items():
        print(f"{name:14} {seconds(*np.median(found, axis=0))}, medians of {wanted.repeats}")


def seconds(user: float, system: float) -> str:
    """Return seconds of the processor in words."""
    return f"user {user:6.2f} s, system {system:5.2f} s"


def scores(truth: Array, risk: Array) -> str:
    """Return AUC and log-loss in words."""
    return f"AUC {roc_auc_score(truth, risk):.4f}  log-loss {log_loss(truth, risk):.4f}"


if __name__ == "__main__":
    main()
