"""Drift of the deployed model: measured, judged and summed up in three separate steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

DriftWord = Literal["drifted", "stable", "insufficient data", "no labels yet", "nothing deployed"]


@dataclass(frozen=True)
class Measurement:
    """One comparison of new rows with the reference: a statistic, its threshold and the size of the effect.

    `kind` is performance, feature, score or served; `statistic` names the test in words ("Kolmogorov-Smirnov",
    "PSI", "F1 difference"); `effect` is on the statistic's own scale and `floor` is the least effect that counts.
    """

    kind: str
    name: str
    n: int
    statistic: str
    value: float
    threshold: float
    effect: float
    floor: float
    p_value: float | None = None


@dataclass(frozen=True)
class Judgement:
    """Whether a measurement counts as drift, and the sentence a manager reads."""

    measurement: Measurement
    drifted: bool
    sentence: str


@dataclass(frozen=True)
class DriftVerdict:
    """The verdict on the deployed model over `n` rows it was not trained on.

    `estimated_f1` is the label-free estimate (blind to concept drift); None when it cannot be given.
    """

    verdict: DriftWord
    sentence: str
    n: int
    policy: str
    judgements: tuple[Judgement, ...] = ()
    estimated_f1: float | None = None
    version: str | None = None
    data_version: str | None = None
    at: str | None = None
