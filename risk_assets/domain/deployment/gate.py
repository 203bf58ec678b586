"""The gate: whether a challenger replaces the champion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from risk_assets.domain.deployment.comparison import Comparison, PairedPredictions, compare
from risk_assets.domain.scoring.bootstrap import PairedCounts

if TYPE_CHECKING:
    from numpy.typing import NDArray

GateWord = Literal["promoted", "rejected", "held", "unchanged"]
BY_HAND = "The world may have turned round or a file may be wrong: approve or reject it by hand."


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


def judge_challenger(evidence: GateEvidence, rules: GateRules) -> GateVerdict:
    """Return the verdict on a challenger: promoted, rejected, held for people to decide, or unchanged.

    It must not be worse than the champion by the margin or more: on testdata, or else on the recent rows where
    there are enough of them, as the world may have moved on. Recent rows on which it is worse reject it,
    whatever testdata shows, and a large loss on testdata holds it, whatever recent rows show.

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
    anchor, recent = _compare(evidence.testdata, rules), _compare(evidence.recent, rules)
    if evidence.champion_sha256 is None:
        return _first_model(anchor)
    word, reason = _weigh(anchor, recent, rules)
    return GateVerdict(word, reason, _figures("testdata", anchor) | _figures("recent", recent))


def _compare(pair: PairedPredictions | PairedCounts, rules: GateRules) -> Comparison:
    return compare(pair, confidence=rules.confidence, samples=rules.samples, seed=rules.seed)


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
