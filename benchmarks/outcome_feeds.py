"""How often is a broken file of leavings held back, and one of an unchanged world? Simulated feeds.

    python benchmarks/outcome_feeds.py [--worlds 100] [--seed 100000]

A feed has a first file of a year and a file a month after it. Of 0.3 to 30 leavings a day, some fall on any day,
on working days alone, or mostly on the last day of a month; months differ as draws of a log-normal distribution
with a standard deviation of 0.3 do; 5 % are reported up to three months late, or all some three weeks late; 0 to
40 % of the leavers have no row. In half of the worlds each file holds all leavings so far. First table: which
share of the last of nine files is held back when it is broken. Second table: which share of all files of unchanged
worlds is.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from risk_assets.domain.intake.leavings_profile import LeavingsProfile
from risk_assets.domain.intake.leavings_rules import leavings_faults

Days = NDArray[np.int64]
MONTH, YEAR, FILES = 30, 360, 9
PATTERNS = ("any day", "working days", "ends of months", "any day, told three weeks late")
RATES = (0.3, 1.0, 5.0, 30.0)


@dataclass(frozen=True)
class World:
    """A feed: the days of its leavings, those on which they are reported, and the share of leavers with a row."""

    left: Days
    reported: Days
    with_row: float
    cumulative: bool

    def file(self, number: int) -> tuple[Days, int]:
        """Return the leavings of a file, and the last day that it covers."""
        until = YEAR + number * MONTH
        since = -1 if self.cumulative or not number else until - MONTH
        return self.left[(self.reported > since) & (self.reported <= until)], until


def draw_world(pattern: str, rate: float, rng: np.random.Generator) -> World:
    """Draw a feed."""
    days = np.arange(YEAR + FILES * MONTH)
    month = np.exp(rng.normal(0, 0.3, len(days) // MONTH + 1))[days // MONTH]
    weight = np.ones(len(days))
    if pattern == "working days":
        weight = np.where(days % 7 < 5, 7 / 5, 0)
    elif pattern == "ends of months":
        weight = np.where(days % MONTH == MONTH - 1, 0.9 * MONTH, 0.1)
    left = np.repeat(days, rng.poisson(rate * month * weight))
    late = (rng.random(len(left)) < 0.05) * rng.integers(0, 3 * MONTH, len(left))
    if "late" in pattern:
        late = rng.exponential(21, len(left)).astype(np.int64)
    return World(left, left + late, rng.uniform(0.6, 1), bool(rng.random() < 0.5))


def profile(left: Days, with_row: float, rng: np.random.Generator) -> LeavingsProfile:
    """Return the profile of a file as ingestion makes it."""
    known = int(rng.binomial(len(left), with_row))
    return LeavingsProfile(len(left), known, {int(day): count for day, count in Counter(left.tolist()).items()})


Broken = Callable[[Days, World, np.random.Generator], tuple[Days, float]]
BROKEN: dict[str, Broken] = {
    "cut after a twentieth": lambda left, world, rng: (rng.permutation(left)[: len(left) // 20], world.with_row),
    "twenty times as many": lambda left, world, _: (np.repeat(left, 20), world.with_row),
    "ids of another system": lambda left, _world, _rng: (left, 0.02),
    "one date for all": lambda left, world, _: (np.zeros_like(left), world.with_row),
    "the month before is missing": lambda left, world, _: (left, world.with_row),
    "the first half of the month is missing": lambda left, world, _: (
        left[(left <= YEAR + (FILES - 2) * MONTH) | (left > YEAR + (FILES - 2) * MONTH + MONTH // 2)],
        world.with_row,
    ),
}


def held_share(title: str, pattern: str, rate: float, worlds: int, *, seed: int) -> float:
    """Return which share of the last files is held back when they are broken."""
    held = 0
    for number in range(worlds):
        rng = np.random.default_rng(seed + number)
        world = draw_world(pattern, rate, rng)
        if title == "the month before is missing":
            world = replace(world, cumulative=False)
        files = [world.file(place)[0] for place in range(FILES)]
        if title == "the month before is missing":
            del files[-2]
        left, with_row = BROKEN[title](files[-1], world, rng)
        before = [profile(file, world.with_row, rng) for file in files[:-1]]
        held += bool(leavings_faults(profile(left, with_row, rng), before))
    return held / worlds


def unchanged_share(pattern: str, rate: float, worlds: int, *, seed: int) -> float:
    """Return which share of the files of unchanged worlds is held back."""
    held = 0
    for number in range(worlds):
        rng = np.random.default_rng(seed + number)
        world = draw_world(pattern, rate, rng)
        profiles = [profile(world.file(place)[0], world.with_row, rng) for place in range(FILES)]
        held += sum(bool(leavings_faults(profiles[place], profiles[:place])) for place in range(1, FILES))
    return held / (worlds * (FILES - 1))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=100)
    parser.add_argument(
        "--seed", type=int, default=100_000, help="of the first world; the rules were tuned below 1,000"
    )
    arguments = parser.parse_args()
    worlds, seed = arguments.worlds, arguments.seed
    heads = " | ".join(f"{rate:g} a day" for rate in RATES)
    for pattern in PATTERNS:
        print(f"| held back, leavings on {pattern} | {heads} |\n|---{'|---' * len(RATES)}|")
        for title in BROKEN:
            shares = (f"{held_share(title, pattern, rate, worlds, seed=seed):.0%}" for rate in RATES)
            print(f"| {title} | {' | '.join(shares)} |", flush=True)
        print()
    print(f"| unchanged files held back | {heads} |\n|---{'|---' * len(RATES)}|")
    for pattern in PATTERNS:
        shares = (f"{unchanged_share(pattern, rate, worlds, seed=seed):.2%}" for rate in RATES)
        print(f"| leavings on {pattern} | {' | '.join(shares)} |", flush=True)


if __name__ == "__main__":
    main()
