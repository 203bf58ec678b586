"""How often the 90 % interval holds the true risk and each true effect, and how often pairs are found wrongly.

Each world is drawn anew with other seeds. Coverage is given over all clients, in the worst decile of the true
risk, for each column's effect at each client's value, for columns that go along with each other, and for rows that
share clients (a panel of six months, with an effect of the client that the model cannot see).

    .venv/bin/python benchmarks/model_intervals.py [--worlds 40] [--rows 1500 7000 20000] [--caps 10] [--seed 0]
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from risk_assets.domain.model.additive import AdditiveModel

Array = NDArray[np.float64]
Columns = dict[str, Any]
#: Half the width of a 90 % interval, in standard errors.
NORMAL_90 = 1.6449
MONTHS = 6


@dataclass(frozen=True)
class Kind:
    """What is simulated: a jump in place of a U-shape, two columns that act together, correlated columns.

    `spread` is the standard deviation of an effect that six consecutive rows share.
    """

    jumps: bool = False
    pair: bool = False
    correlated: float = 0.0
    spread: float = 0.0


@dataclass(frozen=True)
class World:
    """Columns, outcomes and the true effect of each column on the log-odds, which add up to them less 1.8."""

    columns: Columns
    outcome: Array
    effects: dict[str, Array]
    log_odds: Array
    clients: NDArray[np.intp] | None


def world(seed: int, rows: int, kind: Kind) -> World:
    """Draw a wave, a line, a U-shape or a jump, a spike beside a curve, and two columns of noise."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 6))
    for column in (1, 2, 4):
        x[:, column] = kind.correlated * x[:, column // 2] + np.sqrt(1 - kind.correlated**2) * x[:, column]
    if kind.spread:
        x[:, :3] = np.repeat(x[::MONTHS, :3], MONTHS, axis=0)[:rows]
    x[:, 3] = np.where(rng.random(rows) < 0.3, 0.0, np.exp(x[:, 3]))
    parts = {
        "wave": np.sin(2 * x[:, 0]),
        "line": 0.6 * x[:, 1],
        "jump" if kind.jumps else "u": 1.5 * (x[:, 2] > 0.5) if kind.jumps else 0.5 * x[:, 2] ** 2,
        "spike": 0.8 * (x[:, 3] == 0) - 0.3 * x[:, 3],
        "noise": np.zeros(rows),
        "noise too": np.zeros(rows),
    }
    columns = dict(zip(parts, x.T.copy(), strict=True))
    log_odds = sum(parts.values(), np.full(rows, -1.8)) + 0.8 * x[:, 0] * x[:, 1] * kind.pair
    shared = np.repeat(rng.normal(size=-(-rows // MONTHS)) * kind.spread, MONTHS)[:rows]
    outcome = (rng.random(rows) < 1 / (1 + np.exp(-(log_odds + shared)))).astype(float)
    if not kind.spread:
        return World(columns, outcome, parts, log_odds, None)
    return World(columns, outcome, parts, marginal(log_odds, kind.spread), np.arange(rows) // MONTHS)


def marginal(log_odds: Array, spread: float) -> Array:
    """Return the log-odds of the risk averaged over the shared effect, by Gauss and Hermite's rule."""
    points, shares = np.polynomial.hermite_e.hermegauss(40)
    risk = (1 / (1 + np.exp(-(log_odds[:, None] + spread * points)))) @ (shares / shares.sum())
    return np.asarray(np.log(risk / (1 - risk)))


def fitted(drawn: World, cap: float | None = None) -> AdditiveModel:
    """Fit the additive model to a world."""
    from risk_assets.domain.model.additive import fit_additive
    from risk_assets.domain.model.additive.interval import CAP

    return fit_additive(drawn.columns, drawn.outcome, clients=drawn.clients, cap=CAP if cap is None else cap)


def effects_held(model: AdditiveModel, drawn: World) -> list[float]:
    """Return the share of clients at whose value the interval of a column's effect holds it, for each column.

    An effect is counted from its average over the clients.
    """
    found, start = [], 1
    for term in model.terms:
        span = slice(start, start + term.width)
        start += term.width
        rows = term.design(drawn.columns[term.name])
        rows -= rows.mean(axis=0)
        errors = np.sqrt(np.einsum("ij,ij->i", rows @ model.covariance[span, span], rows))
        truth = drawn.effects[term.name] - drawn.effects[term.name].mean()
        # a column without effect whose shape was shrunk to 0 has neither error nor width where it is constant
        found.append(float((np.abs(rows @ model.coefficients[span] - truth) <= NORMAL_90 * errors + 1e-12).mean()))
    return found


def coverage(rows: int, seeds: range, cap: float, kind: Kind) -> str:
    """Return in words how often intervals hold the truth."""
    deciles, width, effects, phi = [], [], [], []
    for seed in seeds:
        drawn = world(seed, rows, kind)
        model = fitted(drawn, cap)
        half = NORMAL_90 * model.standard_error(drawn.columns)
        held = np.abs(model.predict(drawn.columns) - drawn.log_odds) <= half
        deciles.append([part.mean() for part in np.array_split(held[np.argsort(drawn.log_odds)], 10)])
        width.append(half.mean())
        effects.append(effects_held(model, drawn))
        phi.append(model.dispersion)
    mean = np.mean(deciles, axis=0)
    line = f"{mean.mean():.1%} of risks inside, worst decile {mean.min():.1%}, half width {np.mean(width):.2f}"
    if kind.spread:
        return f"{line}, dispersion {np.mean(phi):.2f}"
    each = zip(drawn.effects, np.mean(effects, axis=0), strict=True)
    return line + "; effects: " + ", ".join(f"{name} {share:.0%}" for name, share in each)


def pairs(rows: int, seeds: range, kind: Kind) -> tuple[int, int]:
    """Return in how many worlds the true pair was found, and in how many any other was."""
    right = wrong = 0
    for seed in seeds:
        found = {item.name for item in fitted(world(seed, rows, replace(kind, jumps=seed % 2 == 0))).pairs}
        right += "wave x line" in found and kind.pair
        wrong += bool(found - ({"wave x line"} if kind.pair else set()))
    return right, wrong


def main() -> None:
    """Print coverage, then pairs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0, help="of the first world")
    parser.add_argument("--rows", type=int, nargs="+", default=[1500, 7000, 20_000])
    parser.add_argument("--caps", type=float, nargs="+", default=[10.0])
    wanted = parser.parse_args()
    seeds = range(wanted.seed, wanted.seed + wanted.worlds)
    kinds = {
        "smooth": Kind(),
        "jumps": Kind(jumps=True),
        "correlated": Kind(correlated=0.7),
        "panel": Kind(spread=1.0),
    }
    for rows in wanted.rows:
        for title, kind in kinds.items():
            for cap in wanted.caps:
                print(f"{title:10} {rows:6} rows, cap {cap:g}: {coverage(rows, seeds, cap, kind)}", flush=True)
        for pair in (False, True):
            for title in ("smooth", "correlated", "panel"):
                right, wrong = pairs(rows, seeds, replace(kinds[title], pair=pair))
                line = f"true pair found {right}, another found {wrong} of {len(seeds)}"
                print(f"pairs      {rows:6} rows, {title}, pair {pair}: {line}", flush=True)


if __name__ == "__main__":
    main()
