"""What a score means, in sentences."""

from __future__ import annotations

from collections.abc import Sequence

from risk_assets.domain.scoring.metrics import CalibrationFit, Estimate, GroupScore, Metrics, Rule
from risk_assets.reporting.wording import count, plural, shorten

RULES: dict[Rule, str] = {
    "f1": "best F1",
    "capacity": "as many as can be called",
    "value": "whom a call pays for",
    "fixed": "as set",
}
#: Levels that a sentence names.
MOST_NAMED = 6


def rule_word(rule: Rule) -> str:
    """Return a rule for calls in words."""
    return RULES[rule]


def lift_sentence(metrics: Metrics) -> str:
    """Return what those called first are worth: "Of the first 500, 320 left: 4.1 times as many as at random"."""
    found = metrics.gains
    if found is None:
        return ""
    times = f"{found.lift.value:.1f} times as {'much' if found.by_value else 'many'} as at random"
    ends = f"({found.lift.low:.1f} to {found.lift.high:.1f})"
    first = f"Of the first {count(found.size)} of {plural(metrics.n, 'test row')}"
    if found.by_value:
        return (
            f"{first} by value at risk, {count(found.left)} left, with {times} of what leavers are worth {ends}."
        )
    return f"{first}, {count(found.left)} left: {times} {ends}."


def calibration_sentence(metrics: Metrics) -> str:
    """Return how true the risks are: their error beside that of chance, slope and level, and what that means."""
    found = metrics.calibration_fit
    if found is None:
        return ""
    error = f"Risks are off by {found.error:.3f} on average over ten groups, where true ones would be by chance by"
    slope = "" if found.slope is None else f"slope {_figures(found.slope)}, "
    return f"{error} {found.error_by_chance:.3f}; {slope}level {_figures(found.level)}. {_meant(found)}"


def _figures(found: Estimate) -> str:
    return f"{found.value:.2f} ({found.low:.2f} to {found.high:.2f})"


def _meant(found: CalibrationFit) -> str:
    faults = []
    if not found.level.low <= 0 <= found.level.high:
        faults.append(f"on the whole too {'low' if found.level.value > 0 else 'high'}")
    if found.slope is not None and not found.slope.low <= 1 <= found.slope.high:
        faults.append("too far apart" if found.slope.value < 1 else "too close together")
    return f"They are {' and '.join(faults)}." if faults else "Nothing speaks against their being true."


def weak_sentence(groups: Sequence[GroupScore]) -> str:
    """Return at which levels a model is worse than elsewhere beyond chance."""
    weak = [each for each in groups if each.weak]
    if not weak:
        return f"At none of {plural(len(groups), 'level')} is the model worse than elsewhere beyond chance."
    named = "; ".join(f"{each.column} {shorten(each.name, 24)}: {each.weak}" for each in weak[:MOST_NAMED])
    more = f"; and {count(len(weak) - MOST_NAMED)} more" if len(weak) > MOST_NAMED else ""
    return f"Worse than elsewhere, beyond chance: {named}{more}."
