"""How often is drift found where there is none, and where there is? Simulated worlds, seeded.

    python benchmarks/drift.py --worlds 300

In each world a model is trained on 4,000 clients and scored on 2,000, a fifth of them positive; then new rows
come. False alarms: nothing changed. Power: one feature is shifted by half a standard deviation (of the simulated
clients, whose columns are heavy-tailed, and of normal columns), or the relation moves as far as costs 0.12 of the
true F1. Prints Markdown tables.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from risk_assets.domain.columns import Columns, NumericColumn
from risk_assets.domain.drift.judge import judge_drift, sum_up
from risk_assets.domain.drift.measure import measure_drift
from risk_assets.domain.drift.profile import NumericProfile, Profile
from risk_assets.domain.drift.verdict import DriftReference, DriftRules, DriftVerdict, NewRows
from risk_assets.domain.model.scorecard import Scorecard
from risk_assets.domain.model.training import train
from risk_assets.domain.model.training_rows import TrainingRows
from risk_assets.domain.scoring.score import score
from risk_assets.domain.simulate import SimulatedClients, simulate

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEATURES = ("lastmonth_activity", "lastyear_activity", "number_of_employees")
COLUMNS = Columns("corporation", "exited", "1", "0", tuple(NumericColumn(name) for name in FEATURES))
TRAINING_ROWS, TEST_ROWS, TRUTH_ROWS = 4_000, 2_000, 20_000
UNCHANGED_ROWS = (26, 100, 1_000, 10_000)
SHIFTED_ROWS = (200, 1_000, 5_000)
RELATION_ROWS = (1_000, 2_000, 5_000)
LOSS = 0.12
RULES = DriftRules()


@dataclasses.dataclass(frozen=True)
class Deployed:
    """A deployed model with its reference."""

    number: int
    card: Scorecard
    reference: DriftReference

    def risks(self, clients: SimulatedClients) -> NDArray[np.float64]:
        """Return the risk of each client."""
        return self.card.risk(features_of(clients))

    def rows(self, clients: SimulatedClients) -> NewRows:
        """Return clients as new rows."""
        return NewRows(features_of(clients), self.risks(clients), np.asarray(clients.frame["exited"] == 1))

    def true_f1(self, amount: float) -> float:
        """Return the expected F1 in a world whose relation has moved by `amount`."""
        clients = simulate(TRUTH_ROWS, seed=self.number * 100 + 2, drift="relation", amount=amount)
        flagged = self.risks(clients) >= self.card.threshold
        return float(2 * clients.risk[flagged].sum() / (flagged.sum() + clients.risk.sum()))


def features_of(clients: SimulatedClients) -> dict[str, NDArray[np.float64]]:
    """Return the features by name."""
    return {name: clients.frame[name].to_numpy(dtype=np.float64) for name in FEATURES}


def profile_of(name: str, values: NDArray[np.float64]) -> NumericProfile:
    """Return the profile of a column without missing cells."""
    quantiles = np.quantile(values, np.linspace(0, 1, 201))
    mean, std = float(values.mean()), float(values.std(ddof=1))
    low, middle, high = quantiles[[0, 100, 200]].tolist()
    return NumericProfile(name, len(values), 0, mean, middle, std, low, high, quantiles=tuple(quantiles.tolist()))


def deploy(number: int) -> Deployed:
    """Train and score the model of world `number`."""
    old, test = simulate(TRAINING_ROWS, seed=number * 100), simulate(TEST_ROWS, seed=number * 100 + 1)
    rows = TrainingRows(features_of(old), old.frame["exited"].to_numpy())
    card = train(rows, COLUMNS, threshold=None).scorecard
    metrics = score(
        test.frame["exited"].to_numpy(),
        card.risk(features_of(test)),
        threshold=card.threshold,
        samples=100,
        seed=0,
    )
    known = features_of(old)
    profile = Profile(
        rows=TRAINING_ROWS,
        clients=TRAINING_ROWS,
        positives=int(old.frame["exited"].sum()),
        numeric=tuple(profile_of(name, known[name]) for name in FEATURES),
        categorical=(),
    )
    return Deployed(number, card, DriftReference(profile, profile_of("risk", card.risk(known)), metrics))


def judge(rows: NewRows, reference: DriftReference) -> DriftVerdict:
    """Measure, judge and sum up."""
    measured = measure_drift(rows, reference, RULES)
    judged = judge_drift(measured, RULES)
    return sum_up(measured, judged, RULES, version=None, data_version=None, at=None)


def drifted_parts(verdict: DriftVerdict) -> list[str]:
    """Name what was judged as drifted, the verdict first."""
    parts = [each.measurement.name for each in verdict.judgements if each.drifted]
    return ["verdict", *parts] if verdict.verdict == "drifted" else parts


def false_alarms(worlds: Iterable[Deployed]) -> Iterator[tuple[int, str]]:
    """Yield (rows, what drifted) in worlds that did not change."""
    for world in worlds:
        for place, rows in enumerate(UNCHANGED_ROWS):
            clients = simulate(rows, seed=world.number * 100 + 10 + place)
            verdict = judge(world.rows(clients), world.reference)
            yield from ((rows, part) for part in drifted_parts(verdict))
            if any(each.measurement.name == "F1" and each.measurement.effect < 0 for each in verdict.judgements):
                yield rows, "verdict of the seed policy"


def shifted_feature(worlds: Iterable[Deployed]) -> Iterator[tuple[int, str]]:
    """Yield (rows, feature) where a feature that was shifted by half a deviation is judged as drifted."""
    for world in worlds:
        for place, rows in enumerate(SHIFTED_ROWS):
            clients = simulate(rows, seed=world.number * 100 + 20 + place)
            for profile in world.reference.profile.numeric:
                assert profile.std is not None
                shifted = clients.frame.assign(**{profile.name: clients.frame[profile.name] + profile.std / 2})
                moved = dataclasses.replace(clients, frame=shifted)
                if profile.name in drifted_parts(judge(world.rows(moved), world.reference)):
                    yield rows, profile.name


def shifted_normal_column(worlds: Iterable[Deployed]) -> Iterator[tuple[int, str]]:
    """Yield the same for normal columns, where half a deviation is least visible."""
    for world in worlds:
        rng = np.random.default_rng(world.number)
        known = tuple(profile_of(name, rng.normal(size=TRAINING_ROWS)) for name in FEATURES)
        profile = dataclasses.replace(world.reference.profile, numeric=known)
        reference = dataclasses.replace(world.reference, profile=profile)
        for rows in SHIFTED_ROWS:
            features = {name: rng.normal(size=rows) + 0.5 * (name == FEATURES[0]) for name in FEATURES}
            risks = world.risks(simulate(rows, seed=world.number * 100 + 30))
            if FEATURES[0] in drifted_parts(judge(NewRows(features, risks), reference)):
                yield rows, "one of three normal columns"


def moved_relation(worlds: Iterable[Deployed]) -> Iterator[tuple[int, str]]:
    """Yield (rows, "verdict") where a relation that costs LOSS of the true F1 is found."""
    for world in worlds:
        amount = costly_amount(world)
        for place, rows in enumerate(RELATION_ROWS):
            clients = simulate(rows, seed=world.number * 100 + 40 + place, drift="relation", amount=amount)
            yield from ((rows, part) for part in drifted_parts(judge(world.rows(clients), world.reference)))


def costly_amount(world: Deployed) -> float:
    """Find by bisection how far the relation must move to cost LOSS of the true F1."""
    target = world.true_f1(0.0) - LOSS
    low, high = 0.0, 0.5
    for _ in range(12):
        middle = (low + high) / 2
        low, high = (middle, high) if world.true_f1(middle) > target else (low, middle)
    return (low + high) / 2


def table(title: str, found: Iterable[tuple[int, str]], sizes: tuple[int, ...], worlds: int) -> str:
    """Return how often each part drifted, by number of rows, as a Markdown table."""
    counts = Counter(found)
    parts = sorted({part for _, part in counts}, key=lambda part: (not part.startswith("verdict"), part))
    lines = [f"\n{title}\n", f"| judged as drifted | {' | '.join(f'n = {rows:,}' for rows in sizes)} |"]
    lines.append("|---" * (len(sizes) + 1) + "|")
    for part in parts:
        shares = " | ".join(f"{counts[rows, part] / worlds:.1%}" for rows in sizes)
        lines.append(f"| {part} | {shares} |")
    return "\n".join(lines)


def main() -> None:
    """Run all worlds and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=300)
    count = parser.parse_args().worlds
    worlds = [deploy(number) for number in range(count)]
    print(table("Nothing changed.", false_alarms(worlds), UNCHANGED_ROWS, count), flush=True)
    print(
        table("One feature shifted by half a deviation.", shifted_feature(worlds), SHIFTED_ROWS, count), flush=True
    )
    print(table("The same, normal columns.", shifted_normal_column(worlds), SHIFTED_ROWS, count), flush=True)
    print(table(f"A relation that costs {LOSS} of F1.", moved_relation(worlds), RELATION_ROWS, count), flush=True)


if __name__ == "__main__":
    main()
