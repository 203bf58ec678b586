"""How often is a broken feed held back, a changed world let in, and does a worse model go live? Simulated worlds.

    python benchmarks/feeds.py [--worlds 100] [--unchanged 3000] [--only leavers]

A world has files of clients, the last of which is broken, changed or neither. First table: which share of the last
files is held back, with files of 200, 800 and 2,000 rows; five files were before them. Second table: as in
benchmarks/gate.py, a champion is trained on the old rows and a challenger on the old and the new ones, whose last
file is broken; a challenger is worse when its true F1 is lower by more than 0.02. It goes live "before" where the
gate promotes it, and "now" where its file was not held back either. Third table: files of an unchanged world, with
3, 10 and 40 columns. With --only, kinds whose title has the text, and no third table.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import gate
import numpy as np
from gate import FEATURES, features_of, fit, labels_of, true_f1

from risk_assets.domain.deployment.comparison import PairedPredictions
from risk_assets.domain.deployment.gate import GateEvidence, GateRules, judge_challenger
from risk_assets.domain.intake.feed_profile import QUANTILES, FileProfile, NumberSketch, merged
from risk_assets.domain.intake.feed_rules import faults_of
from risk_assets.domain.intake.label_rules import LabelledRisks, label_faults
from risk_assets.domain.model.scorecard import Scorecard
from risk_assets.domain.model.training import train
from risk_assets.domain.model.training_rows import TrainingRows
from risk_assets.domain.simulate import Drift, simulate

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Labels = NDArray[np.bool_]
    Broken = Callable[[pd.DataFrame, Labels, np.random.Generator], tuple[pd.DataFrame, Labels]]
    Change = Callable[[pd.Series[float]], pd.Series[float]]

SIZES = (200, 800, 2_000)
FILES = 5
MONTH, YEAR, STAFF = FEATURES


@dataclass(frozen=True)
class Kind:
    """What is wrong with the last file, or how its world has changed."""

    title: str
    broken: Broken | None = None
    drift: Drift = "none"
    amount: float = 0.0


def column(change: Change, name: str = STAFF) -> Broken:
    """Return a fault of one column."""
    return lambda frame, left, _: (frame.assign(**{name: change(frame[name])}), left)


def labels(change: Callable[[Labels, np.random.Generator], Labels]) -> Broken:
    """Return a fault of the labels."""
    return lambda frame, left, rng: (frame, change(left, rng))


def swapped(frame: pd.DataFrame, left: Labels, _: np.random.Generator) -> tuple[pd.DataFrame, Labels]:
    """Swap two columns."""
    return frame.assign(**{YEAR: frame[STAFF], STAFF: frame[YEAR]}), left


def shifted(frame: pd.DataFrame, left: Labels, _: np.random.Generator) -> tuple[pd.DataFrame, Labels]:
    """Let each column hold the one before it."""
    return frame.assign(**{MONTH: frame[STAFF], YEAR: frame[MONTH], STAFF: frame[YEAR]}), left


def half_inverted(frame: pd.DataFrame, left: Labels, _: np.random.Generator) -> tuple[pd.DataFrame, Labels]:
    """Invert the labels of the larger half of the clients."""
    return frame, left ^ np.asarray(frame[STAFF] > frame[STAFF].median())


def doubled(frame: pd.DataFrame, left: Labels, rng: np.random.Generator) -> tuple[pd.DataFrame, Labels]:
    """Deliver the rows of leavers four times, slightly changed, so that they are no duplicates.

    The index of a file tells its clients.
    """
    import pandas as pd

    again = pd.concat([frame[left]] * 3)
    again = again * (1 + rng.normal(0, 1e-6, again.shape))
    return pd.concat([frame, again]), np.concatenate([left, np.ones(3 * int(left.sum()), bool)])


BROKEN = (
    Kind("a column times 100", column(lambda values: values * 100)),
    Kind("a column times 1000", column(lambda values: values * 1000)),
    Kind("a column divided by 12", column(lambda values: values / 12, YEAR)),
    Kind("a column all 0", column(lambda values: values * 0, MONTH)),
    Kind("a column all blank", column(lambda values: values * np.nan, MONTH)),
    Kind(
        "a default in 95 % of a column",
        column(lambda values: values.where(np.arange(len(values)) % 20 == 0, 999.0)),
    ),
    Kind("two columns swapped", swapped),
    Kind("columns off by one", shifted),
    Kind("labels inverted", labels(lambda left, _: ~left)),
    Kind("labels of the larger half inverted", half_inverted),
    Kind("all left", labels(lambda left, _: np.ones_like(left))),
    Kind("all stayed", labels(lambda left, _: np.zeros_like(left))),
    Kind("15 % of the labels inverted", labels(lambda left, rng: left ^ (rng.random(len(left)) < 0.15))),
    Kind("labels at random", labels(lambda left, rng: rng.random(len(left)) < 0.5)),
    Kind("cut after a twentieth", lambda frame, left, _: (frame[: len(frame) // 20], left[: len(left) // 20])),
    Kind("leavers delivered four times", doubled),
)
CHANGED = (
    Kind("nothing changed"),
    Kind("sizes up by half a standard deviation", drift="features", amount=0.5),
    Kind("sizes up by a standard deviation", drift="features", amount=1.0),
    Kind("the relation turned half", drift="relation", amount=0.5),
    Kind("the relation turned to its reverse", drift="relation", amount=1.0),
    Kind("the reason moved", drift="reason", amount=1.0),
    Kind("activity doubled", column(lambda values: values * 2, MONTH)),
    Kind("activity halved", column(lambda values: values / 2, MONTH)),
)


def sketch(frame: pd.DataFrame, left: Labels) -> FileProfile:
    """Return the profile of a file as ingestion makes it."""
    numbers = {}
    for name in frame:
        values = frame[name].to_numpy(float)
        known = values[~np.isnan(values)]
        quantiles = np.quantile(known, np.linspace(0, 1, QUANTILES)).tolist() if len(known) else ()
        numbers[str(name)] = NumberSketch(len(values), len(known), tuple(quantiles))
    per_client = len(frame) / frame.index.nunique()
    return FileProfile(len(frame), int(left.sum()), int((~left).sum()), numbers, per_client=per_client)


def card_of(frame: pd.DataFrame, left: Labels) -> Scorecard:
    """Return the live model's scorecard."""
    columns = {name: frame[name].to_numpy(float) for name in FEATURES}
    return train(TrainingRows(columns, left.astype(np.int64)), gate.COLUMNS, threshold=None).scorecard


def is_held(frame: pd.DataFrame, left: Labels, before: Sequence[FileProfile], card: Scorecard) -> bool:
    """Return whether the rules hold the file back."""
    columns = {name: frame[name].to_numpy(float) for name in FEATURES}
    faults = faults_of(sketch(frame, left), before, merged(before))
    return bool(faults or label_faults(LabelledRisks(card.risk(columns), left, columns)))


def held_share(kind: Kind, rows: int, worlds: int) -> float:
    """Return which share of the last files is held back."""
    held = 0
    for number in range(worlds):
        rng = np.random.default_rng(number)
        files = [simulate(rows, seed=number * 100 + place) for place in range(FILES)]
        profiles = [sketch(features_of(file), labels_of(file)) for file in files]
        import pandas as pd

        old = pd.concat([features_of(file) for file in files], ignore_index=True)
        card = card_of(old, np.concatenate([labels_of(file) for file in files]))
        last = simulate(rows, seed=number * 100 + 50, drift=kind.drift, amount=kind.amount)
        frame, left = features_of(last), labels_of(last)
        if kind.broken:
            frame, left = kind.broken(frame, left, rng)
        held += is_held(frame, left, profiles, card)
    return held / worlds


def worse_live(kind: Kind, worlds: int) -> tuple[float, float]:
    """Return how often a worse model goes live, without and with files held back."""
    import pandas as pd

    before = now = 0
    for number in range(worlds):
        rng = np.random.default_rng(number)
        world = gate.draw_world(gate.Kind(kind.title), number)
        old, old_left = features_of(world.old), labels_of(world.old)
        new, left = features_of(world.new), labels_of(world.new)
        if kind.broken:
            new, left = kind.broken(new, left, rng)
        held_out = (np.arange(len(new)) % 10 == 0) & (len(new) >= 1000)
        champion = fit(old, old_left)
        both = pd.concat([old, new[~held_out]], ignore_index=True)
        challenger = fit(both, np.concatenate([old_left, left[~held_out]]))
        anchor, anchor_left = features_of(world.testdata), labels_of(world.testdata)
        testdata = PairedPredictions(anchor_left, challenger(anchor), champion(anchor))
        recent = PairedPredictions(left[held_out], challenger(new[held_out]), champion(new[held_out]))
        verdict = judge_challenger(GateEvidence("challenger", "champion", "", testdata, recent), GateRules())
        worse = true_f1(challenger, world.truth) < true_f1(champion, world.truth) - gate.WORSE
        live = worse and verdict.word == "promoted"
        before += live
        if live:
            parts = np.array_split(np.arange(len(old)), FILES)
            profiles = [sketch(old.iloc[part], old_left[part]) for part in parts]
            # a file has as many rows as each of those before it
            profiles = [replace(profile, rows=len(old)) for profile in profiles]
            now += not is_held(new, left, profiles, card_of(old, old_left))
    return before / worlds, now / worlds


def unchanged(columns: int, rows: int, files: int) -> float:
    """Return which share of files of a world that does not change is held back."""
    import pandas as pd

    held = tried = number = 0
    while tried < files:
        rng = np.random.default_rng(number)
        number += 1
        scale = rng.uniform(0.2, 1.5, columns)
        history: list[FileProfile] = []
        for _ in range(50):
            x = rng.normal(size=(rows, columns))
            risk = 1 / (1 + np.exp(1.5 - x[:, 0] + 0.5 * x[:, 1]))
            left = rng.random(rows) < risk
            frame = pd.DataFrame(np.exp(scale * x), columns=[f"x{place}" for place in range(columns)])
            profile = sketch(frame, left)
            if history:
                tried += 1
                cells = {str(name): frame[name].to_numpy(float) for name in frame}
                upside_down = label_faults(LabelledRisks(risk, left, cells))
                held += bool(faults_of(profile, history, merged(history[-10:])) or upside_down)
            history.append(profile)
    return held / tried


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=100)
    parser.add_argument("--unchanged", type=int, default=3_000)
    parser.add_argument("--only", default="", help="kinds whose title has this text")
    arguments = parser.parse_args()
    broken, changed = ([kind for kind in kinds if arguments.only in kind.title] for kinds in (BROKEN, CHANGED))
    sizes = " | ".join(f"{rows:,} rows" for rows in SIZES)
    print(f"| held back | {sizes} |\n|---{'|---' * len(SIZES)}|")
    for kind in (*broken, *changed):
        shares = (f"{held_share(kind, rows, arguments.worlds):.0%}" for rows in SIZES)
        print(f"| {kind.title} | {' | '.join(shares)} |", flush=True)
    print("\n| a worse model goes live | before | now |\n|---|---|---|")
    for kind in broken:
        before, now = worse_live(kind, arguments.worlds)
        print(f"| {kind.title} | {before:.0%} | {now:.0%} |", flush=True)
    if arguments.only:
        return
    print("\n| unchanged files held back | 200 rows | 2,000 rows |\n|---|---|---|")
    for columns in (3, 10, 40):
        shares = (f"{unchanged(columns, rows, arguments.unchanged):.2%}" for rows in (200, 2_000))
        print(f"| {columns} columns | {' | '.join(shares)} |", flush=True)


if __name__ == "__main__":
    main()
