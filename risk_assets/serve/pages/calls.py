"""Calls made against leavers reached, and the levels of columns, as the page on the model shows them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from risk_assets.domain.columns import UNDESCRIBED, Columns
from risk_assets.domain.figures import NOTHING
from risk_assets.domain.scoring.metrics import Estimate, GroupScore, Metrics, RuleOutcome
from risk_assets.reporting.score_words import calibration_sentence, lift_sentence, rule_word, weak_sentence
from risk_assets.reporting.wording import percent
from risk_assets.serve.pages.curves import points
from risk_assets.serve.pages.plots import ABOVE, MARGIN, SIDE

#: Levels that the page shows; the answer of the API has all.
MOST_LEVELS = 40


@dataclass(frozen=True)
class Rule:
    """What follows of a rule for calls, in words, and its place on the curve."""

    word: str
    outcome: RuleOutcome
    x: float
    y: float


@dataclass(frozen=True)
class Level:
    """The figures of a level in words: flagged, precision, recall, AUC and by how much log-odds are off."""

    group: GroupScore
    figures: tuple[str, ...]


@dataclass(frozen=True)
class Calls:
    """The curve of calls and what is said beside it; `levels` are the learnt columns', `sensitive` the others'."""

    line: str
    rules: tuple[Rule, ...]
    by_value: bool
    lift: str
    how_true: str
    weak: str
    levels: tuple[Level, ...]
    sensitive: tuple[Level, ...]
    left_out: int


def calls(metrics: Metrics, schema: Columns = UNDESCRIBED) -> Calls | None:
    """Return what calls reach, None of a score that does not say; columns have the labels of `schema`."""
    found = metrics.gains
    if found is None:
        return None
    places = [_place(*spot) for spot in ((0.0, 0.0), *found.curve)]
    every = [replace(each, column=schema.label(each.column)) for each in metrics.groups]
    shown = sorted(every, key=lambda each: not each.weak)[:MOST_LEVELS]
    groups = [each for each in every if each in shown]
    return Calls(
        line=points(*zip(*places, strict=True)),
        rules=tuple(_rule(each, metrics.n) for each in metrics.rules),
        by_value=found.by_value,
        lift=lift_sentence(metrics),
        how_true=calibration_sentence(metrics),
        weak=weak_sentence(every),
        levels=tuple(_level(each) for each in groups if not each.sensitive),
        sensitive=tuple(_level(each) for each in groups if each.sensitive),
        left_out=len(every) - len(groups),
    )


def _rule(outcome: RuleOutcome, rows: int) -> Rule:
    x, y = _place(outcome.calls / rows, outcome.covered)
    return Rule(rule_word(outcome.rule), outcome, x, y)


def _place(called: float, reached: float) -> tuple[float, float]:
    return round(MARGIN + SIDE * called, 1), round(ABOVE + SIDE * (1 - reached), 1)


def _level(group: GroupScore) -> Level:
    shares = (group.flagged, group.precision, group.recall)
    return Level(group, (*map(_share, shares), _figure(group.roc_auc), _figure(group.level, "+")))


def _share(found: Estimate | None) -> str:
    if found is None:
        return NOTHING
    return f"{percent(found.value)} ({100 * found.low:.0f} to {100 * found.high:.0f})"


def _figure(found: Estimate | None, sign: str = "") -> str:
    if found is None:
        return NOTHING
    low, high = (f"{end:{sign}.2f}" for end in (found.low, found.high))
    return f"{found.value:{sign}.2f} ({low} to {high})"
