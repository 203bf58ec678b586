"""How far the additive model falls short of the best possible AUC in the worlds of benchmarks/model.py.

Each world is drawn anew 20 times: the model learns from 7,000 rows and ranks 40,000 others. In two worlds so does
logistic regression without a penalty on the true functions of the columns that tell: what that loses is lost to
every method; the rest is the price of not knowing where jumps are, how curves bend and which columns tell nothing.

    OMP_NUM_THREADS=1 .venv/bin/python benchmarks/model_limits.py [--draws 20] [--rows 7000]
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd
from model import WORLDS, Array, additive, simulated
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

OTHER_ROWS = 40_000


def jumps(table: pd.DataFrame) -> Array:
    """Return the true functions of the world of steps, (rows, 6)."""
    kinds = [table["kind"] == kind for kind in "bcd"]
    return np.column_stack([table["x0"] > 0.3, table["x1"] < -0.5, table["x2"] >= 4, *kinds]).astype(float)


def bends(table: pd.DataFrame) -> Array:
    """Return the true functions of the world of 2 % positives, (rows, 3)."""
    return np.column_stack([table["x0"], table["x1"] ** 2, table["x2"]])


FORMS = {"steps": jumps, "2 % positives": bends}


def shortfalls(name: str, rows: int, seed: int) -> dict[str, float]:
    """Return how much less than the true risks' the AUC on other rows is, by method, in one draw of a world."""
    table, outcome, risk = simulated(name, rows + OTHER_ROWS, seed)
    train, test = table.iloc[:rows], table.iloc[rows:]
    known, truth = outcome[:rows], outcome[rows:]
    risks = {"additive": additive(train, known, test)}
    if name in FORMS:
        model = LogisticRegression(C=np.inf, max_iter=1000).fit(FORMS[name](train), known)
        risks["true form"] = model.predict_proba(FORMS[name](test))[:, 1]
    best = roc_auc_score(truth, risk[rows:])
    return {method: best - roc_auc_score(truth, found) for method, found in risks.items()}


def main() -> None:
    """Print a line a world."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--rows", type=int, default=7000)
    wanted = parser.parse_args()
    for name in WORLDS:
        found = [shortfalls(name, wanted.rows, seed) for seed in range(wanted.draws)]
        told = []
        for method in found[0]:
            each = np.array([one[method] for one in found])
            error = each.std(ddof=1) / np.sqrt(len(each))
            told.append(f"{method} {each.mean():.4f} (standard error {error:.4f})")
        print(f"{name}: short of the best possible AUC by {', '.join(told)}", flush=True)


if __name__ == "__main__":
    main()
