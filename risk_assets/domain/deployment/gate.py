"""The gate: whether a challenger replaces the champion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from risk_assets.domain.scoring.bootstrap import PairedCounts, count_pairs, resample_pair
from risk_assets.domain.scoring.f1 import f1_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

GateWord = Literal["promoted", "rejected", "held", "unchanged"]
BY_HAND = "The world may have turned round or a file may be wrong: approve or reject it by hand."


@dataclass(frozen=True)
class PairedPredictions:
    """Labels and what both models call positive, each at its own threshold: boolean arrays over the same rows.

    `champion` is None while nothing is deployed; calling every client positive stands in for it.

    >>> pair = PairedPredictions(np.array([True, True, False]), challenger=np.array([True, True, False]))
    >>> pair.counts
    PairedCounts(positives=(0, 0, 0, 2), negatives=(0, 0, 1, 0))
    """

    actual: NDArray[np.bool_]
    challenger: NDArray[np.bool_]
    champion: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        """Refuse predictions that do not belong to the same rows."""
        for predicted in (self.challenger, self.champion):
            if predicted is not None and len(predicted) != len(self.actual):
                raise ValueError(f"{len(predicted)} predictions for {len(self.actual)} labels")

    @property
    def counts(self) -> PairedCounts:
        """The rows by label and by what champion (first) and challenger say."""
        champion = np.ones_like(self.actual) if self.champion is None else self.champion
        return count_pairs(self.actual, champion, self.challenger)


@dataclass(frozen=True)
class GateEvidence:
    """What a challenger is judged by.

    `testdata` is the trusted anchor; `recent` are the held-out clients of files newer than the champion, rows
    that neither model was trained on. `smoke_faults` come from `smoke_test`; `barred` are the models that may not
    be promoted automatically, as (model SHA-256, data version), see decisions.barred_models.
    """

    challenger_sha256: str
    champion_sha256: str | None
    data_version: str
    testdata: PairedPredictions
    recent: PairedPredictions | PairedCounts
    smoke_faults: tuple[str, ...] = ()
    barred: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True)
class GateRules:
    """Margins are in F1; bounds are one-sided, at `confidence`, over `samples` bootstrap samples."""

    margin: float = 0.02
    anchor_margin: float = 0.10
    min_recent: int = 200
    min_recent_of_each_class: int = 20
    confidence: float = 0.95
    samples: int = 2000
    seed: int = 0


@dataclass(frozen=True)
class GateVerdict:
    """The verdict with the sentence people read and the numbers it rests on; `warning` does not change it."""

    word: GateWord
    reason: str
    figures: Mapping[str, float] = field(default_factory=dict)
    warning: str | None = None


@dataclass(frozen=True)
class Comparison:
    """Challenger against champion on one set of rows.

    `bound` is the lower bound of F1(challenger) - F1(champion). `informedness_bound` is that of the challenger's
    informedness (true minus false positive rate), above 0 only where its flags tell positives from negatives, and
    `informedness_gain_bound` that of its informedness minus the champion's.
    """

    rows: int
    positives: int
    champion_f1: float
    challenger_f1: float
    bound: float
    informedness_bound: float
    informedness_gain_bound: float

    @property
    def difference(self) -> float:
        """F1(challenger) - F1(champion)."""
        return self.challenger_f1 - self.champion_f1

    @property
    def rarer_class(self) -> int:
        """Rows of the rarer class."""
        return min(self.positives, self.rows - self.positives)


def smoke_test(risks: NDArray[np.float64]) -> tuple[str, ...]:
    """Return the faults of a model that no score can excuse, from its risks (n,) of golden rows; none when sound.

    >>> smoke_test(np.array([0.2, 0.2, 0.2]))
    ('it gives every client the same risk, 0.2',)
    """
    faults = []
    if len(risks) == 0:
        faults.append("there are no golden rows to try it on")
    elif not np.isfinite(risks).all():
        faults.append(f"{np.count_nonzero(~np.isfinite(risks))} of {len(risks)} risks are not finite")
    elif risks.min() < 0 or risks.max() > 1:
        faults.append(f"risks range from {risks.min():.3g} to {risks.max():.3g}, beyond 0 to 1")
    elif len(risks) > 1 and np.ptp(risks) == 0:
        faults.append(f"it gives every client the same risk, {risks[0]:.3g}")
    return tuple(faults)


def compare(pair: PairedPredictions | PairedCounts, rules: GateRules) -> Comparison:
    """Compare both models on the same rows by a paired bootstrap.

    >>> actual = np.arange(1000) < 200
    >>> comparison = compare(PairedPredictions(actual, challenger=actual, champion=~actual), GateRules())
    >>> comparison.difference, comparison.bound, comparison.rarer_class
    (1.0, 1.0, 200)
    """
    counts = pair.counts if isinstance(pair, PairedPredictions) else pair
    rng = np.random.default_rng(rules.seed)
    first, second = resample_pair(counts, samples=rules.samples, rng=rng)
    level = 1 - rules.confidence
    return Comparison(
        rows=counts.rows,
        positives=sum(counts.positives),
        champion_f1=f1_of(counts.first),
        challenger_f1=f1_of(counts.second),
        bound=float(np.quantile(second.f1 - first.f1, level)),
        informedness_bound=float(np.quantile(second.informedness, level)),
        informedness_gain_bound=float(np.quantile(second.informedness - first.informedness, level)),
    )


def judge_challenger(evidence: GateEvidence, rules: GateRules) -> GateVerdict:
    """Return the verdict on a challenger: promoted, rejected, held for people to decide, or unchanged.

    It must not be worse than the champion by the margin or more: on testdata, or else on the recent rows where
    there are enough of them, as the world may have moved on. Recent rows on which it looks worse reject it,
    whatever testdata says, and a large loss on testdata holds it, whatever they say.

    F1 alone would let mislabelled files in: they raise the F1 of a challenger that flags more clients, on recent
    rows too, as these come from the same files. So recent rows overrule testdata only for a challenger whose
    informedness on them is above 0 and above the champion's; where it is not above 0 on testdata, people decide.

    >>> actual = np.arange(1000) < 200
    >>> testdata = PairedPredictions(actual, challenger=actual, champion=~actual)
    >>> judge_challenger(GateEvidence("ab", "cd", "d1", testdata, recent=testdata), GateRules()).word
    'promoted'
    """
    settled = _settled_without_rows(evidence)
    if settled is not None:
        return settled
    anchor, recent = compare(evidence.testdata, rules), compare(evidence.recent, rules)
    if evidence.champion_sha256 is None:
        return _first_model(anchor)
    word, reason = _weigh(anchor, recent, rules)
    return GateVerdict(word, reason, _figures("testdata", anchor) | _figures("recent", recent))


def _settled_without_rows(evidence: GateEvidence) -> GateVerdict | None:
    if evidence.challenger_sha256 == evidence.champion_sha256:
        return GateVerdict("unchanged", "The challenger is the model that serves already.")
    if evidence.smoke_faults:
        return GateVerdict("rejected", f"The smoke test failed: {'; '.join(evidence.smoke_faults)}.")
    if (evidence.challenger_sha256, evidence.data_version) in evidence.barred:
        settled = "People rolled this model back or turned it down, or have yet to decide on it"
        return GateVerdict("unchanged", f"{settled}; it may come back by itself once the data changes.")
    return None


def _first_model(anchor: Comparison) -> GateVerdict:
    score = f"F1 {anchor.challenger_f1:.3f} on {anchor.rows:,} rows of testdata"
    figures = _figures("testdata", anchor, rival="always_yes")
    if anchor.difference > 0:
        return GateVerdict("promoted", f"The first model passed its smoke test: {score}.", figures)
    warning = f"It does not beat calling every client positive: {score}, against {anchor.champion_f1:.3f}."
    return GateVerdict("promoted", "The first model passed its smoke test.", figures, warning)


def _weigh(anchor: Comparison, recent: Comparison, rules: GateRules) -> tuple[GateWord, str]:
    if anchor.rarer_class == 0:
        return "rejected", f"The {anchor.rows:,} rows of testdata are not of both classes: nothing to compare on."
    if anchor.difference < -rules.anchor_margin:
        scores = f"F1 {anchor.challenger_f1:.3f} against the champion's {anchor.champion_f1:.3f}"
        loss = f"a loss above {rules.anchor_margin:.2f}"
        return "held", f"On testdata, the trusted rows: {scores}, {loss}. {BY_HAND}"
    enough = recent.rows >= rules.min_recent and recent.rarer_class >= rules.min_recent_of_each_class
    if enough and recent.difference <= -rules.margin:
        return "rejected", f"{_sentence('recent', recent, rules)}."
    if anchor.bound > -rules.margin:
        return "promoted", f"{_sentence('testdata', anchor, rules)}, above -{rules.margin:.2f}."
    if not enough or recent.bound <= -rules.margin:
        return "rejected", f"{_sentence('testdata', anchor, rules)}, not above -{rules.margin:.2f}."
    return _overrule(anchor, recent, rules)


def _overrule(anchor: Comparison, recent: Comparison, rules: GateRules) -> tuple[GateWord, str]:
    """Judge a challenger that recent rows would promote and testdata would not."""
    reason = f"{_sentence('recent', recent, rules)}, above -{rules.margin:.2f}, but not so on testdata"
    if recent.informedness_bound <= 0 or recent.informedness_gain_bound <= 0:
        no_better = "its yes tells no more about the recent rows than the champion's or chance"
        return "rejected", f"{reason}; and {no_better}."
    if anchor.informedness_bound <= 0:
        return "held", f"{reason}, about which its yes tells nothing. {BY_HAND}"
    return "promoted", f"{reason}, the rows of before."


def _sentence(where: str, compared: Comparison, rules: GateRules) -> str:
    scores = f"F1 {compared.challenger_f1:.3f} against the champion's {compared.champion_f1:.3f}"
    bound = f"the {rules.confidence:.0%} lower bound of the difference is {compared.bound:+.3f}"
    return f"On {compared.rows:,} {where} rows: {scores}; {bound}"


def _figures(where: str, compared: Comparison, rival: str = "champion") -> dict[str, float]:
    """Return the figures of a comparison by name; `rival` is who the challenger was compared with."""
    return {
        f"{where}_rows": float(compared.rows),
        f"{where}_positives": float(compared.positives),
        f"{where}_{rival}_f1": compared.champion_f1,
        f"{where}_challenger_f1": compared.challenger_f1,
        f"{where}_difference_bound": compared.bound,
        f"{where}_knowledge_bound": compared.informedness_bound,
        f"{where}_insight_bound": compared.informedness_gain_bound,
    }
