"""How often a level is named as weak by chance, and when it is, and what scoring by levels costs.

Worlds of true risks, as rows of clients of their own, as panels, and with few leavers; three columns of 12 levels
in all, which tell nothing. At most one of twenty worlds should name any level. Then the risks at one level are too
low by so much on the scale of log-odds, or its outcomes are shuffled, and that level should be named.

    .venv/bin/python benchmarks/levels.py
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from risk_assets.domain.scoring.consequences import CallRules, with_consequences
from risk_assets.domain.scoring.groups import ScoredRows, group_scores
from risk_assets.domain.scoring.levels import Levels
from risk_assets.domain.scoring.score import score

WORLDS = 400
LEVELS = (2, 4, 6)


@dataclass(frozen=True)
class Kind:
    """A kind of world: clients, rows of each, and the log-odds around which they leave."""

    clients: int
    rows: int = 1
    middle: float = -1.2


KINDS = {
    "2,000 clients": Kind(2000),
    "800 clients, 5 rows each": Kind(800, rows=5),
    "3,000 clients, 6 % leave": Kind(3000, middle=-3.2),
}


def world(seed: int, kind: Kind) -> tuple[ScoredRows, Levels]:
    """Return rows of true risks, alike within a client, and columns that tell nothing of them."""
    clients, rows = kind.clients, kind.rows
    rng = np.random.default_rng(seed)
    log_odds = np.repeat(rng.normal(kind.middle, 1.0, clients), rows) + rng.normal(0, 0.5, clients * rows)
    risk = 1 / (1 + np.exp(-log_odds))
    target = (rng.random(len(risk)) < risk).astype(np.int64)
    owners = np.repeat(np.arange(clients), rows)
    columns = {
        f"column {count}": np.repeat(rng.integers(0, count, clients), rows).astype(str).astype(object)
        for count in LEVELS
    }
    return ScoredRows(target, risk, 0.3, owners), Levels(columns)


def at_fault(levels: Levels) -> NDArray[np.bool_]:
    """Return the rows of the level that is made worse: the first of four."""
    return np.asarray(levels.columns["column 4"] == "0")


def too_low(rows: ScoredRows, levels: Levels, by: float) -> ScoredRows:
    """Return the rows with risks at the level that are too low by so much."""
    log_odds = np.log(rows.risk / (1 - rows.risk)) - by * at_fault(levels)
    return replace(rows, risk=1 / (1 + np.exp(-log_odds)))


def shuffled(rows: ScoredRows, levels: Levels) -> ScoredRows:
    """Return the rows with outcomes at the level that have nothing to do with their risks."""
    target, at = rows.target.copy(), at_fault(levels)
    target[at] = np.random.default_rng(0).permutation(target[at])
    return replace(rows, target=target)


def named(rows: ScoredRows, levels: Levels) -> list[tuple[str, str]]:
    """Return column and name of the levels that are named as weak."""
    return [(each.column, each.name) for each in group_scores(rows, levels) if each.weak]


def share(worlds: int, kind: Kind, holds: Callable[[ScoredRows, Levels], bool]) -> str:
    """Return in how many worlds of a kind something holds."""
    return f"{sum(holds(*world(seed, kind)) for seed in range(worlds)) / worlds:.1%}"


def cost(repeats: int = 5) -> float:
    """Return how many times as long scoring 10,000 rows takes with all that follows of them as without."""
    rows, levels = world(0, Kind(10_000))
    names = rows.clients.astype(str).astype(object)
    rows = replace(rows, clients=names)
    plain = score(rows.target, rows.risk, threshold=0.3, samples=1000, seed=0, clients=names)
    rules = CallRules({"f1": 0.3}, capacity=500)

    def alone() -> None:
        score(rows.target, rows.risk, threshold=0.3, samples=1000, seed=0, clients=names)

    def more() -> None:
        with_consequences(plain, rows, rules=rules, levels=levels, value=None, samples=1000, seed=0)

    return 1 + _seconds(more, repeats) / _seconds(alone, repeats)


def _seconds(work: Callable[[], None], repeats: int) -> float:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    """Print the shares of worlds, and the cost."""
    fault = ("column 4", "0")
    changes: dict[str, Callable[[ScoredRows, Levels], ScoredRows]] = {
        "risks too low by 0.3": partial(too_low, by=0.3),
        "risks too low by 0.6": partial(too_low, by=0.6),
        "outcomes shuffled": shuffled,
    }
    for name, kind in KINDS.items():
        by_chance = share(WORLDS, kind, lambda rows, levels: bool(named(rows, levels)))
        print(f"{name}: any level is named by chance in {by_chance} of {WORLDS} worlds")
        for words, change in changes.items():

            def is_found(
                rows: ScoredRows, levels: Levels, change: Callable[[ScoredRows, Levels], ScoredRows] = change
            ) -> bool:
                return fault in named(change(rows, levels), levels)

            print(f"    {words} at one level: it is named in {share(WORLDS // 4, kind, is_found)}")
    print(f"10,000 rows, 1,000 resamples, 12 levels: {cost():.2f} times the time of the score alone")


if __name__ == "__main__":
    main()
