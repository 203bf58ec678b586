"""How far a fit that knows the true form, and has only its numbers to find, falls short of the best possible AUC.

In two worlds of benchmarks/model.py, logistic regression without a penalty on the true functions of the columns
that tell: ten times five folds. What is lost to it is lost to every method; what a method loses beyond is the
price of not knowing where jumps are, how curves bend and which columns tell nothing.

    OMP_NUM_THREADS=1 .venv/bin/python benchmarks/model_limits.py
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from model import FOLDS, Array, simulated
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

ROWS, REPEATS = 7000, 10


def jumps(table: pd.DataFrame) -> Array:
    """Return the true functions of the world of steps, (rows, 6)."""
    kinds = [table["kind"] == kind for kind in "bcd"]
    return np.column_stack([table["x0"] > 0.3, table["x1"] < -0.5, table["x2"] >= 4, *kinds]).astype(float)


def bends(table: pd.DataFrame) -> Array:
    """Return the true functions of the world of 2 % positives, (rows, 3)."""
    return np.column_stack([table["x0"], table["x1"] ** 2, table["x2"]])


def main() -> None:
    """Print a line a world."""
    for name, form in (("steps", jumps), ("2 % positives", bends)):
        table, outcome, risk = simulated(name, ROWS)
        known, found = form(table), []
        for repeat in range(REPEATS):
            folds = StratifiedKFold(FOLDS, shuffle=True, random_state=repeat)
            for train, test in folds.split(known, outcome):
                model = LogisticRegression(C=np.inf, max_iter=1000).fit(known[train], outcome[train])
                found.append(roc_auc_score(outcome[test], model.predict_proba(known[test])[:, 1]))
        best = roc_auc_score(outcome, risk)
        print(f"{name}: AUC of the true form {np.mean(found):.4f}, best possible {best:.4f}")


if __name__ == "__main__":
    main()
