"""How often does the gate let a worse model go live? Simulated worlds in which the true F1 is known.

    python benchmarks/gate.py --worlds 300

A world has old and new client rows, a tenth of the clients held out where there are 1,000 rows or more, 2,000 rows
of testdata, and labels that may be wrong in the new rows. The champion is trained on the old rows, the challenger
on all. Their true F1 is expected over 50,000 further clients of the world as it is now, from each client's true
risk. A challenger is worse when its true F1 is lower by more than 0.02. Mild worlds are among them: how strongly
risk depends on what is known is drawn evenly between a tenth of the usual and all of it. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from risk_assets.domain.columns import Columns, NumericColumn
from risk_assets.domain.deployment.comparison import PairedPredictions
from risk_assets.domain.deployment.gate import (
    GateEvidence,
    GateRules,
    GateVerdict,
    judge_challenger,
)
from risk_assets.domain.model.training import train
from risk_assets.domain.model.training_rows import TrainingRows
from risk_assets.domain.simulate import SimulatedClients, simulate

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Labels = NDArray[np.bool_]
    Model = Callable[[pd.DataFrame], Labels]
    Spoil = Callable[[Labels, np.random.Generator], Labels]

FEATURES = ("lastmonth_activity", "lastyear_activity", "number_of_employees")
COLUMNS = Columns("corporation", "exited", "1", "0", tuple(NumericColumn(name) for name in FEATURES))
WORSE = 0.02
TEST_ROWS, TRUTH_ROWS = 2_000, 50_000
#: "relation" drift of this amount leaves a tenth of the usual dependence.
MILDEST = 0.45


@dataclass(frozen=True)
class Kind:
    """A kind of world: rows per file, what becomes of the new labels, and whether the reason for leaving moves."""

    title: str
    rows: int = 2_000
    spoil: Spoil | None = None
    moves: bool = False


KINDS = (
    Kind("nothing changed"),
    Kind("nothing changed, files of 300 rows", rows=300),
    Kind("new labels inverted", spoil=lambda labels, _: ~labels),
    Kind("new labels all positive", spoil=lambda labels, _: np.ones_like(labels)),
    Kind("new labels all negative", spoil=lambda labels, _: np.zeros_like(labels)),
    Kind("new labels at random", spoil=lambda labels, rng: rng.random(len(labels)) < 0.5),
    Kind("30 % of new labels inverted", spoil=lambda labels, rng: labels ^ (rng.random(len(labels)) < 0.3)),
    Kind("the reason for leaving moves, files of 5,000 rows", rows=5_000, moves=True),
)


HEADINGS = (
    "world",
    "promoted",
    "rejected",
    "held",
    "mean true gain",
    "better ones live",
    "worse ones live",
    "share of all worlds",
    "share by F1 alone",
)


@dataclass(frozen=True)
class World:
    """Old and new clients, the labels the new ones came with, testdata, and clients to look up the truth on."""

    old: SimulatedClients
    new: SimulatedClients
    new_labels: Labels
    testdata: SimulatedClients
    truth: SimulatedClients


@dataclass(frozen=True)
class Outcome:
    """What the gate said in one world, and the true F1 of both models there."""

    verdict: GateVerdict
    champion_f1: float
    challenger_f1: float

    @property
    def live(self) -> bool:
        """Whether the challenger went live."""
        return self.verdict.word == "promoted"

    @property
    def live_by_f1_alone(self) -> bool:
        """Whether it would have gone live without a look at informedness."""
        rules, figures = GateRules(), self.verdict.figures
        if figures["testdata_challenger_f1"] - figures["testdata_champion_f1"] < -rules.anchor_margin:
            return False
        rarer = min(figures["recent_positives"], figures["recent_rows"] - figures["recent_positives"])
        enough = figures["recent_rows"] >= rules.min_recent and rarer >= rules.min_recent_of_each_class
        return figures["recent_difference_bound" if enough else "testdata_difference_bound"] > -rules.margin

    @property
    def gain(self) -> float:
        """True F1 of the challenger less that of the champion."""
        return self.challenger_f1 - self.champion_f1


def draw_world(kind: Kind, number: int) -> World:
    """Draw world `number` of a kind; the same arguments give the same world."""
    rng = np.random.default_rng(number)
    mildness, moved = float(rng.uniform(0, MILDEST)), float(rng.uniform(0.7, 1.0))

    def clients(rows: int, part: int, *, now: bool) -> SimulatedClients:
        if kind.moves:
            return simulate(rows, seed=number * 10 + part, drift="reason", amount=moved * now)
        return simulate(rows, seed=number * 10 + part, drift="relation", amount=mildness)

    new = clients(kind.rows, 1, now=True)
    return World(
        old=clients(kind.rows, 0, now=False),
        new=new,
        new_labels=kind.spoil(labels_of(new), rng) if kind.spoil else labels_of(new),
        testdata=clients(TEST_ROWS, 2, now=False),
        truth=clients(TRUTH_ROWS, 3, now=True),
    )


def labels_of(clients: SimulatedClients) -> Labels:
    """Return the labels as booleans."""
    return np.asarray(clients.frame["exited"] == 1)


def features_of(clients: SimulatedClients) -> pd.DataFrame:
    """Return the features as the model takes them."""
    return clients.frame[list(FEATURES)].astype(float)


def fit(features: pd.DataFrame, labels: Labels) -> Model:
    """Train as the asset trained_model does; return what the model calls positive."""
    columns = {name: features[name].to_numpy(np.float64) for name in FEATURES}
    card = train(TrainingRows(columns, labels.astype(np.int64)), COLUMNS, threshold=None).scorecard
    return lambda rows: card.risk({name: rows[name].to_numpy() for name in FEATURES}) >= card.threshold


def true_f1(model: Model, clients: SimulatedClients) -> float:
    """Return the expected F1 over clients of known risk: 2 E[TP] / (flagged + E[positives])."""
    flagged = model(features_of(clients))
    return float(2 * clients.risk[flagged].sum() / (flagged.sum() + clients.risk.sum()))


def play(world: World) -> Outcome:
    """Train both models, ask the gate, and look up the truth."""
    import pandas as pd

    old, new = features_of(world.old), features_of(world.new)
    held_out = (np.arange(len(new)) % 10 == 0) & (len(new) >= 1000)
    old_labels = labels_of(world.old)[~held_out]
    champion = fit(old[~held_out], old_labels)
    both = pd.concat([old[~held_out], new[~held_out]], ignore_index=True)
    challenger = fit(both, np.concatenate([old_labels, world.new_labels[~held_out]]))

    def pair(features: pd.DataFrame, labels: Labels) -> PairedPredictions:
        return PairedPredictions(labels, challenger(features), champion(features))

    testdata = pair(features_of(world.testdata), labels_of(world.testdata))
    recent = pair(new[held_out], world.new_labels[held_out])
    verdict = judge_challenger(GateEvidence("challenger", "champion", "", testdata, recent), GateRules())
    return Outcome(verdict, true_f1(champion, world.truth), true_f1(challenger, world.truth))


def summary(kind: Kind, outcomes: Sequence[Outcome]) -> str:
    """Return a row of the table."""
    worse = [outcome for outcome in outcomes if outcome.gain < -WORSE]
    better = [outcome for outcome in outcomes if outcome.gain > WORSE]
    words = [
        sum(outcome.verdict.word == word for outcome in outcomes) for word in ("promoted", "rejected", "held")
    ]
    worse_live = sum(outcome.live for outcome in worse)
    cells = [
        kind.title,
        *words,
        f"{np.mean([outcome.gain for outcome in outcomes]):+.3f}",
        f"{sum(outcome.live for outcome in better)} of {len(better)}",
        f"{worse_live} of {len(worse)}",
        f"{worse_live / len(outcomes):.1%}",
        f"{sum(outcome.live_by_f1_alone for outcome in worse) / len(outcomes):.1%}",
    ]
    return f"| {' | '.join(map(str, cells))} |"


def main() -> None:
    """Play all kinds of worlds and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=300)
    parser.add_argument("--only", default="", help="kinds of worlds whose title has this text")
    arguments = parser.parse_args()
    print("| " + " | ".join(HEADINGS) + " |")
    print("|---" * len(HEADINGS) + "|")
    for kind in (kind for kind in KINDS if arguments.only in kind.title):
        print(summary(kind, [play(draw_world(kind, number)) for number in range(arguments.worlds)]), flush=True)


if __name__ == "__main__":
    main()
