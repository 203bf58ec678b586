"""How well the additive model ranks, how honest its risks are and how long it trains, beside its peers.

Each data set is split into the same five folds for every model, ten times anew: AUC, log-loss and expected
calibration error of the held-out rows, and processor seconds a fit. Then, for AUC and for log-loss, the difference
to the peer that does best, with a 90 % interval from the paired differences of the folds (Nadeau and Bengio 2003:
folds share rows, so their variance is taken (1 / folds + 1 / 4) times). LightGBM and EBM (interpret) take part
where they are installed; EBM, which is slow, in the first repeats alone.

    OMP_NUM_THREADS=1 .venv/bin/python benchmarks/model.py [--telco telco.csv] [--rows 7000] [--repeats 10]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtrit
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import StratifiedKFold

FOLDS = 5

Array = NDArray[np.float64]
Peer = Callable[[pd.DataFrame, Array, pd.DataFrame], Array]


def interactions(rng: np.random.Generator, rows: int) -> tuple[pd.DataFrame, Array]:
    """Two columns that act together, beside three that act alone."""
    x = rng.normal(size=(rows, 5))
    return frame(x), 1.2 * x[:, 0] * x[:, 1] + 0.6 * x[:, 2] - 0.5 * x[:, 3] - 1.2


def steps(rng: np.random.Generator, rows: int) -> tuple[pd.DataFrame, Array]:
    """Risks that jump at a value, one column of few numbers, one of categories."""
    x = rng.normal(size=(rows, 4))
    x[:, 2] = rng.integers(0, 8, rows)
    table = frame(x).assign(kind=np.array(list("abcde"), dtype=object)[rng.integers(0, 5, rows)])
    kind = table["kind"].map({"a": 0.0, "b": 0.5, "c": -0.8, "d": 1.2, "e": 0.0}).to_numpy()
    return table, 1.5 * (x[:, 0] > 0.3) - 1.0 * (x[:, 1] < -0.5) + 1.2 * (x[:, 2] >= 4) + kind - 2.0


def u_shapes(rng: np.random.Generator, rows: int) -> tuple[pd.DataFrame, Array]:
    """Risks that are high at both ends, and a wave."""
    x = rng.normal(size=(rows, 5))
    return frame(x), x[:, 0] ** 2 + 0.7 * np.abs(x[:, 1]) + np.sin(2.5 * x[:, 2]) - 2.8


def missing(rng: np.random.Generator, rows: int) -> tuple[pd.DataFrame, Array]:
    """Forty per cent of the cells are blank, and that a cell is blank tells something."""
    x = rng.normal(size=(rows, 6))
    blank = rng.random((rows, 6)) < 0.4
    known = np.where(blank, 0.0, x)
    log_odds = 1.2 * known[:, 0] - known[:, 1] + np.sin(2 * known[:, 2]) + 1.0 * blank[:, 3] - 1.5
    return frame(np.where(blank, np.nan, x)), log_odds


def rare(rng: np.random.Generator, rows: int) -> tuple[pd.DataFrame, Array]:
    """Two per cent leave."""
    x = rng.normal(size=(rows, 6))
    return frame(x), 0.8 * x[:, 0] + 0.5 * x[:, 1] ** 2 - 0.6 * x[:, 2] - 5.1


def noise(rng: np.random.Generator, rows: int) -> tuple[pd.DataFrame, Array]:
    """Forty columns, of which thirty tell nothing."""
    x = rng.normal(size=(rows, 40))
    slopes = np.linspace(-0.8, 0.8, 8)
    return frame(x), x[:, :8] @ slopes + 0.5 * x[:, 8] ** 2 + np.sin(2 * x[:, 9]) - 1.5


WORLDS = {
    "interactions": interactions,
    "steps": steps,
    "u-shapes": u_shapes,
    "missing": missing,
    "2 % positives": rare,
    "30 of 40 noise": noise,
}


def frame(x: Array) -> pd.DataFrame:
    """Return the columns named x0, x1, …."""
    return pd.DataFrame(x, columns=[f"x{place}" for place in range(x.shape[1])])


def simulated(name: str, rows: int, seed: int = 0) -> tuple[pd.DataFrame, Array, Array]:
    """Return a world's columns, outcomes and true risks."""
    rng = np.random.default_rng(seed)
    table, log_odds = WORLDS[name](rng, rows)
    risk = 1.0 / (1.0 + np.exp(-log_odds))
    return table, (rng.random(rows) < risk).astype(float), risk


def telco(path: Path) -> tuple[pd.DataFrame, Array]:
    """Return the features and the outcome of the telco customer churn file."""
    table = pd.read_csv(path)
    table.columns = pd.Index([name.lower() for name in table.columns])
    left = np.asarray(table.pop("churn") == "Yes", dtype=float)
    table["totalcharges"] = pd.to_numeric(table["totalcharges"], errors="coerce")
    return table.drop(columns="customerid"), left


def arrays(table: pd.DataFrame) -> dict[str, Any]:
    """Return numbers as floats and the rest as objects with None where missing."""
    return {
        str(name): column.to_numpy(dtype=float)
        if pd.api.types.is_numeric_dtype(column)
        else column.astype(object).where(column.notna(), None).to_numpy(dtype=object)
        for name, column in table.items()
    }


def additive(train: pd.DataFrame, outcome: Array, test: pd.DataFrame) -> Array:
    """Fit the additive model of this project."""
    from risk_assets.domain.model.additive import fit_additive

    model = fit_additive(arrays(train), outcome)
    if model.problem:
        print("   additive:", model.problem)
    return np.asarray(1.0 / (1.0 + np.exp(-model.predict(arrays(test)))))


def encoded(train: pd.DataFrame, test: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return both tables with categories as indicators."""
    both = pd.get_dummies(pd.concat([train, test]), dtype=float)
    return both.iloc[: len(train)], both.iloc[len(train) :]


def logistic(train: pd.DataFrame, outcome: Array, test: pd.DataFrame) -> Array:
    """scikit-learn's logistic regression, its penalty chosen from five by cross-validation."""
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegressionCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    left, right = encoded(train, test)
    found = LogisticRegressionCV(
        Cs=5, l1_ratios=(0.0,), use_legacy_attributes=False, scoring="neg_log_loss", max_iter=1000
    )
    steps = SimpleImputer(add_indicator=True), StandardScaler(), found
    return np.asarray(make_pipeline(*steps).fit(left, outcome).predict_proba(right)[:, 1])


def histogram_boosting(train: pd.DataFrame, outcome: Array, test: pd.DataFrame) -> Array:
    """scikit-learn's gradient boosting, stopped early."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    left, right = encoded(train, test)
    model = HistGradientBoostingClassifier(
        max_iter=1000,
        learning_rate=0.03,
        max_leaf_nodes=8,
        early_stopping=True,
        n_iter_no_change=30,
        random_state=0,
    )
    return np.asarray(model.fit(left, outcome).predict_proba(right)[:, 1])


def lightgbm(train: pd.DataFrame, outcome: Array, test: pd.DataFrame) -> Array:
    """LightGBM with the leaves and the number of trees that do best on a fifth of the rows."""
    from lightgbm import LGBMClassifier, early_stopping  # type: ignore[import-not-found]
    from sklearn.model_selection import train_test_split

    left, right = (part.to_numpy() for part in encoded(train, test))
    fixed = {"learning_rate": 0.03, "min_child_samples": 30, "random_state": 0, "verbose": -1, "n_jobs": 1}
    rows, held, known, truth = train_test_split(left, outcome, test_size=0.2, stratify=outcome, random_state=0)
    tried = []
    for leaves in (3, 8, 20):
        model = LGBMClassifier(n_estimators=2000, num_leaves=leaves, **fixed)
        model.fit(rows, known, eval_X=(held,), eval_y=(truth,), callbacks=[early_stopping(30, verbose=False)])
        tried.append((log_loss(truth, model.predict_proba(held)[:, 1]), leaves, model.best_iteration_))
    _, leaves, trees = min(tried)
    model = LGBMClassifier(n_estimators=max(trees, 1), num_leaves=leaves, **fixed)
    return np.asarray(model.fit(left, outcome).predict_proba(right)[:, 1])


def boosting_machine(train: pd.DataFrame, outcome: Array, test: pd.DataFrame) -> Array:
    """Interpret's explainable boosting machine, with its own pairs."""
    from interpret.glassbox import ExplainableBoostingClassifier  # type: ignore[import-not-found]

    model = ExplainableBoostingClassifier(random_state=0, n_jobs=1)
    return np.asarray(model.fit(train, outcome).predict_proba(test)[:, 1])


def peers() -> dict[str, Peer]:
    """Return the models that can take part."""
    found: dict[str, Peer] = {"additive": additive, "logistic": logistic, "hist boosting": histogram_boosting}
    if find_spec("lightgbm"):
        found["lightgbm"] = lightgbm
    if find_spec("interpret"):
        found["ebm"] = boosting_machine
    return found


def calibration_error(outcome: Array, risk: Array, groups: int = 10) -> float:
    """Return the expected calibration error over groups of equally many rows."""
    parts = np.array_split(np.argsort(risk, kind="stable"), groups)
    return float(sum(len(part) * abs(outcome[part].mean() - risk[part].mean()) for part in parts) / len(risk))


def compare(
    title: str, table: pd.DataFrame, outcome: Array, models: dict[str, Peer], repeats: dict[str, int]
) -> None:
    """Print one line a model, then the difference to the best peer."""
    print(f"\n{title}: {len(table)} rows, {table.shape[1]} columns, {outcome.mean():.1%} left")
    found: dict[str, Array] = {}
    for name, model in models.items():
        figures = []
        for repeat in range(repeats[name]):
            folds = StratifiedKFold(FOLDS, shuffle=True, random_state=repeat).split(table, outcome)
            figures += [fold(model, table, outcome, train, test) for train, test in folds]
        found[name] = np.array(figures)
        auc, loss, error, seconds = found[name].mean(axis=0)
        print(f"  {name:14} AUC {auc:.4f}  log-loss {loss:.4f}  ECE {error:.4f}  {seconds:.2f} s", flush=True)
    ours = found.pop("additive")
    for place, (figure, sign) in enumerate((("AUC", 1.0), ("log-loss", -1.0))):
        better = {name: sign * (ours[: len(theirs)] - theirs)[:, place] for name, theirs in found.items()}
        best = min(better, key=lambda name: float(better[name].mean()))
        low, high = paired_interval(better[best])
        line = f"{figure} better by {better[best].mean():+.4f} ({low:+.4f} to {high:+.4f}) than {best}"
        print(f"  {'additive':14} {line}, over {len(better[best])} folds", flush=True)


def paired_interval(differences: Array) -> tuple[float, float]:
    """Return the 90 % interval of a mean difference over the folds of repeated cross-validation."""
    count = len(differences)
    error = float(np.sqrt((1 / count + 1 / (FOLDS - 1)) * differences.var(ddof=1)))
    mean, reach = float(differences.mean()), float(stdtrit(count - 1, 0.95)) * error
    return mean - reach, mean + reach


def fold(
    model: Peer, table: pd.DataFrame, outcome: Array, train: NDArray[np.intp], test: NDArray[np.intp]
) -> tuple[float, float, float, float]:
    """Return AUC, log-loss, calibration error and processor seconds of one fold."""
    start = time.process_time()
    risk = model(table.iloc[train], outcome[train], table.iloc[test])
    seconds = time.process_time() - start
    truth = outcome[test]
    return float(roc_auc_score(truth, risk)), float(log_loss(truth, risk)), calibration_error(truth, risk), seconds


def main() -> None:
    """Compare on each data set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--telco", type=Path)
    parser.add_argument("--rows", type=int, default=7000)
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--ebm-repeats", type=int, default=1)
    parser.add_argument("--only", choices=[*WORLDS, "telco"])
    wanted = parser.parse_args()
    models = peers()
    repeats = dict.fromkeys(models, wanted.repeats)
    if "ebm" in models:
        repeats["ebm"] = min(wanted.ebm_repeats, wanted.repeats)
        if not repeats["ebm"]:
            del models["ebm"]
    if wanted.telco and wanted.only in {None, "telco"}:
        compare("telco", *telco(wanted.telco), models, repeats)
    for name in WORLDS:
        if wanted.only in {None, name}:
            table, outcome, risk = simulated(name, wanted.rows)
            compare(name, table, outcome, models, repeats)
            auc, loss = roc_auc_score(outcome, risk), log_loss(outcome, risk)
            print(f"  {'best possible':14} AUC {auc:.4f}  log-loss {loss:.4f}")


if __name__ == "__main__":
    main()
