"""How often the 90 % interval holds the true risk, and how often pairs are found rightly and wrongly.

Each world is drawn anew with other seeds. Coverage is given over all clients, in the worst decile of the true risk
and for rows that share clients (a panel of six months, with an effect of the client that the model cannot see).

    .venv/bin/python benchmarks/model_intervals.py [--worlds 40] [--rows 1500 7000] [--caps 10]
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Columns = dict[str, Any]


def world(seed: int, rows: int, *, jumps: bool, pair: bool, spread: float = 0.0) -> tuple[Columns, Array, Array]:
    """Return columns, outcomes and the true risk of new rows: a wave, a line, a U-shape or a jump, a spike, noise.

    `spread` is the standard deviation of an effect that six consecutive rows share.
    """
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 6))
    if spread:
        x[:, :3] = np.repeat(x[::6, :3], 6, axis=0)[:rows]
    x[:, 3] = np.where(rng.random(rows) < 0.3, 0.0, np.exp(x[:, 3]))
    bent = 1.5 * (x[:, 2] > 0.5) if jumps else 0.5 * x[:, 2] ** 2
    log_odds = np.sin(2 * x[:, 0]) + 0.6 * x[:, 1] + bent + 0.8 * (x[:, 3] == 0) - 0.3 * x[:, 3] - 1.8
    log_odds += 0.8 * x[:, 0] * x[:, 1] * pair
    shared = np.repeat(rng.normal(size=-(-rows // 6)) * spread, 6)[:rows]
    drawn = (rng.random(rows) < 1 / (1 + np.exp(-(log_odds + shared)))).astype(float)
    return {f"x{place}": x[:, place] for place in range(6)}, drawn, log_odds


def marginal(log_odds: Array, spread: float) -> Array:
    """Return the log-odds of the risk averaged over the shared effect, by Gauss and Hermite's rule."""
    points, shares = np.polynomial.hermite_e.hermegauss(40)
    risk = (1 / (1 + np.exp(-(log_odds[:, None] + spread * points)))) @ (shares / shares.sum())
    return np.asarray(np.log(risk / (1 - risk)))


def covered(rows: int, worlds: int, cap: float, *, jumps: bool, spread: float = 0.0) -> tuple[float, float, float]:
    """Return coverage over all clients, in the worst decile of risk, and the interval's mean half width."""
    from risk_assets.domain.model.additive import fit_additive

    inside, width = [], []
    for seed in range(worlds):
        columns, outcome, log_odds = world(seed, rows, jumps=jumps, pair=False, spread=spread)
        clients = np.repeat(np.arange(-(-rows // 6)), 6)[:rows] if spread else None
        model = fit_additive(columns, outcome, clients=clients, cap=cap)
        half = 1.6449 * model.standard_error(columns)
        truth = marginal(log_odds, spread) if spread else log_odds
        held = np.abs(model.predict(columns) - truth) <= half
        inside.append([part.mean() for part in np.array_split(held[np.argsort(truth)], 10)])
        width.append(half.mean())
    deciles = np.mean(inside, axis=0)
    return float(deciles.mean()), float(deciles.min()), float(np.mean(width))


def pairs(rows: int, worlds: int, *, pair: bool, spread: float = 0.0) -> tuple[int, int]:
    """Return in how many worlds the true pair was found, and in how many any other was."""
    from risk_assets.domain.model.additive import fit_additive

    right = wrong = 0
    for seed in range(1000, 1000 + worlds):
        columns, outcome, _ = world(seed, rows, jumps=seed % 2 == 0, pair=pair, spread=spread)
        clients = np.repeat(np.arange(-(-rows // 6)), 6)[:rows] if spread else None
        found = {item.name for item in fit_additive(columns, outcome, clients=clients).pairs}
        right += "x0 x x1" in found and pair
        wrong += bool(found - ({"x0 x x1"} if pair else set()))
    return right, wrong


def main() -> None:
    """Print coverage, then pairs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=40)
    parser.add_argument("--rows", type=int, nargs="+", default=[1500, 7000])
    parser.add_argument("--caps", type=float, nargs="+", default=[10.0])
    wanted = parser.parse_args()
    for rows in wanted.rows:
        for title, jumps, spread in (("smooth", False, 0.0), ("jumps", True, 0.0), ("panel", False, 1.0)):
            for cap in wanted.caps:
                every, worst, half = covered(rows, wanted.worlds, cap, jumps=jumps, spread=spread)
                line = f"{every:.1%} of risks inside, worst decile {worst:.1%}, half width {half:.2f}"
                print(f"{title:7} {rows:6} rows, cap {cap:g}: {line}", flush=True)
        for pair in (False, True):
            for spread in (0.0, 1.0):
                right, wrong = pairs(rows, wanted.worlds, pair=pair, spread=spread)
                line = f"true pair found {right}, another found {wrong} of {wanted.worlds}"
                print(f"pairs   {rows:6} rows, pair {pair}, shared effect {spread}: {line}", flush=True)


if __name__ == "__main__":
    main()
