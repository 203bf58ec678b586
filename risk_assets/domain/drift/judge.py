"""Second and third step: judge each measurement, and sum up the judgements in a verdict."""

from __future__ import annotations

from collections.abc import Sequence

from risk_assets.domain.columns import UNDESCRIBED, Columns
from risk_assets.domain.drift.verdict import (
    DriftMeasurements,
    DriftRules,
    DriftVerdict,
    DriftWord,
    Judgement,
    Measurement,
)

COLUMNS = ("feature", "score")


def judge_drift(
    measured: DriftMeasurements, rules: DriftRules, schema: Columns = UNDESCRIBED
) -> tuple[Judgement, ...]:
    """Judge each measurement, in the same order; sentences name columns by the labels of `schema`.

    Tests of features and score are corrected together for their number (Holm 1979); served risks are not.

    >>> shift = Measurement("score", "risk", 500, "Kolmogorov-Smirnov", 0.25, 0.07, 0.25, 0.1, p_value=1e-9)
    >>> [judgement] = judge_drift(DriftMeasurements(500, (shift,)), DriftRules())
    >>> judgement.sentence
    'The risk scores have shifted: Kolmogorov-Smirnov 0.25, above 0.10.'
    """
    judged = [each for each in measured.measurements if each.kind in COLUMNS]
    corrected = dict(zip(map(id, judged), holm([each.p_value for each in judged]), strict=True))
    return tuple(
        _performance(each, rules)
        if each.kind == "performance"
        else _column(each, corrected.get(id(each), each.p_value), rules, schema.label(each.name))
        for each in measured.measurements
    )


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Return p-values corrected by Holm's step-down method; None stays None and is not counted.

    >>> holm([0.01, None, 0.04])
    [0.02, None, 0.04]
    """
    tested = sorted((p, index) for index, p in enumerate(p_values) if p is not None)
    corrected: list[float | None] = [None] * len(p_values)
    highest = 0.0
    for rank, (p, index) in enumerate(tested):
        highest = max(highest, min((len(tested) - rank) * p, 1.0))
        corrected[index] = highest
    return corrected


def sum_up(
    measured: DriftMeasurements,
    judgements: Sequence[Judgement],
    rules: DriftRules,
    *,
    version: str | None,
    data_version: str | None,
    at: str | None,
    schema: Columns = UNDESCRIBED,
) -> DriftVerdict:
    """Sum up: drifted when F1 has fallen, the score has shifted, or half of the features or more have.

    A shift of served risks is reported and decides nothing.

    >>> nothing = DriftMeasurements(0, ())
    >>> sum_up(nothing, (), DriftRules(), version="v1", data_version="d1", at=None).sentence
    'There is nothing new since the model was trained.'
    """
    word, sentence = _summed(measured, judgements, rules, schema)
    served = [_after_colon(each.sentence) for each in _of_kind(judgements, "served") if each.drifted]
    estimate = measured.estimated_f1
    return DriftVerdict(
        verdict=word,
        sentence=" ".join([sentence, *(f"What was served has shifted: {size}" for size in served)]),
        n=measured.n,
        policy=rules.policy,
        judgements=tuple(judgements),
        estimated_f1=estimate.value if estimate else None,
        version=version,
        data_version=data_version,
        at=at,
        estimated_f1_low=estimate.low if estimate else None,
        estimated_f1_high=estimate.high if estimate else None,
    )


def _summed(
    measured: DriftMeasurements, judgements: Sequence[Judgement], rules: DriftRules, schema: Columns
) -> tuple[DriftWord, str]:
    if measured.n == 0:
        return "nothing new", "There is nothing new since the model was trained."
    if rules.policy == "seed":
        return _by_seed(measured, judgements)
    return _by_statistics(measured, judgements, rules, schema)


def _performance(measurement: Measurement, rules: DriftRules) -> Judgement:
    if rules.policy == "seed":
        fell = measurement.effect < 0
        return Judgement(measurement, fell, f"F1 is {'lower' if fell else 'not lower'}: {measurement.detail}.")
    if measurement.n < rules.min_rows:
        few = f"{measurement.n:,} labelled rows are too few to judge F1 by: {measurement.detail}."
        return Judgement(measurement, drifted=False, sentence=few)
    change = f"the {rules.confidence:.0%} interval of the change ends at {measurement.value:+.3f}"
    if measurement.value < measurement.threshold:
        fell_by = f"F1 on {measurement.n:,} new rows has fallen: {measurement.detail}"
        return Judgement(measurement, drifted=True, sentence=f"{fell_by}; {change}.")
    holds = f"F1 on {measurement.n:,} new rows holds: {measurement.detail}"
    return Judgement(
        measurement, drifted=False, sentence=f"{holds}; {change}, not below {measurement.threshold:.2f}."
    )


def _column(measurement: Measurement, p_value: float | None, rules: DriftRules, label: str) -> Judgement:
    """Judge a shift by its test and its size, or PSI by its null distribution and its size."""
    beyond_chance = measurement.value > measurement.threshold if p_value is None else p_value < rules.alpha
    large = measurement.effect > measurement.floor
    subject = {"score": "The risk scores", "served": "The served risks"}.get(measurement.kind, label)
    verb = "have" if measurement.kind in {"score", "served"} else "has"
    name = (
        measurement.statistic
        if measurement.value == measurement.effect
        else f"{measurement.statistic}, share moved"
    )
    size = f"{name} {measurement.effect:.2f}"
    detail = f" ({measurement.detail})" if measurement.detail else ""
    if beyond_chance and large:
        sentence = f"{subject} {verb} shifted: {size}, above {measurement.floor:.2f}{detail}."
    elif large:
        sentence = f"{subject} {verb} not shifted beyond chance: {size} on {measurement.n:,} rows{detail}."
    else:
        sentence = f"{subject} {verb} not shifted: {size}, not above {measurement.floor:.2f}{detail}."
    return Judgement(measurement, beyond_chance and large, sentence)


def _by_seed(measured: DriftMeasurements, judgements: Sequence[Judgement]) -> tuple[DriftWord, str]:
    performance = _of_kind(judgements, "performance")
    if not performance:
        return "no labels yet", f"{measured.n:,} new rows have no known outcomes of both classes yet."
    return ("drifted" if performance[0].drifted else "stable"), performance[0].sentence


def _by_statistics(
    measured: DriftMeasurements, judgements: Sequence[Judgement], rules: DriftRules, schema: Columns
) -> tuple[DriftWord, str]:
    if measured.n < rules.min_rows:
        return "insufficient data", f"{measured.n:,} new rows say nothing yet: {rules.min_rows} are needed."
    features = _of_kind(judgements, "feature")
    performance, score = _of_kind(judgements, "performance"), _of_kind(judgements, "score")
    shifted = [schema.label(each.measurement.name) for each in features if each.drifted]
    causes = [each.sentence for each in (*performance, *score) if each.drifted]
    count = f"{len(shifted)} of {len(features)} features have shifted"
    if shifted and 2 * len(shifted) >= len(features):
        causes.append(f"{count}: {', '.join(shifted)}.")
    if causes:
        return "drifted", f"Over {measured.n:,} new rows: {' '.join(causes)}"
    if not performance:
        return "no labels yet", f"{measured.n:,} new rows have no known outcomes of both classes yet; {count}."
    return "stable", f"{performance[0].sentence} {count}."


def _after_colon(sentence: str) -> str:
    return sentence.partition(": ")[2]


def _of_kind(judgements: Sequence[Judgement], kind: str) -> list[Judgement]:
    return [each for each in judgements if each.measurement.kind == kind]
