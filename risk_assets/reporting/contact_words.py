"""What calls did, and what rows tell whose client was not called, in sentences."""

from __future__ import annotations

from risk_assets.domain.contacts.assignment import Effect
from risk_assets.domain.figures import NOTHING
from risk_assets.domain.scoring.backtest import UntreatedLists
from risk_assets.domain.scoring.metrics import RowFigures, UntreatedScore
from risk_assets.reporting.wording import count, interval, money, percent, plural, points, score

#: The heads of `untreated_table`.
UNTREATED_HEADS = ("rows", "left", "ROC AUC", "F1", "log-odds too low by")


def effect_sentences(found: Effect | None, why_not: str) -> tuple[str, ...]:
    """Return what calls did with its worth and its doubt, or why that cannot be told."""
    if found is None:
        return (why_not,)
    called = f"{percent(found.left_called, found.called)} of {plural(found.called, 'client')} to be called left"
    uncalled = f"{percent(found.left_uncalled, found.uncalled)} of {count(found.uncalled)} that were left uncalled"
    ends = f"95 % interval {points(found.low)} to {points(found.high)}"
    said = [f"{called}, and {uncalled} at random: a difference of {points(found.difference)} ({ends})."]
    if found.saved is not None:
        worth = f"{money(found.saved)} a year ({money(found.saved_low)} to {money(found.saved_high)})"
        said.append(f"On the clients that were called that is worth {worth}.")
    if found.low <= 0 <= found.high:
        wanted = f"; about {count(found.wanted)} listed clients would tell" if found.wanted else ""
        said.append(f"So far it could be chance{wanted}.")
    return tuple(said)


def untreated_sentence(found: UntreatedScore) -> str:
    """Return what rows tell whose client was not called, beside all rows."""
    called = (
        f"Of {plural(found.rows, 'row')} with a known outcome {count(found.called)} are of clients that were "
        "called before it, which may have kept them."
    )
    if found.untreated is None:
        return (
            f"{called} The others cannot stand for them: everyone like them was called, or all have one outcome."
        )
    told = (
        f"{called} The others, weighted to stand for all: {_in_words(found.untreated)}. "
        f"All rows as they turned out: {_in_words(found.every)}."
    )
    return f"{told} {_unspoken(found.unspoken, 'row')}".strip()


def _in_words(found: RowFigures | None) -> str:
    if found is None:
        return "of one outcome alone"
    level = found.calibration.level if found.calibration else None
    off = f", log-odds {abs(level.value):.2f} too {'low' if level.value > 0 else 'high'}" if level else ""
    auc = f"AUC {score(found.roc_auc.value)} ({interval(found.roc_auc)})"
    return f"{percent(found.left)} left, {auc}, F1 {score(found.f1.value)}{off}"


def _unspoken(number: int, noun: str) -> str:
    if not number:
        return ""
    return f"Nobody stands for {plural(number, noun)}: everyone of their risk was called."


def untreated_table(found: UntreatedScore) -> tuple[tuple[str, ...], ...]:
    """Return the rows of a table: a name, and the figures of UNTREATED_HEADS with their 95 % intervals."""
    named = (("Not called, weighted", found.untreated), ("All, as they turned out", found.every))
    return tuple((name, *_cells(figures)) for name, figures in named)


def _cells(found: RowFigures | None) -> tuple[str, ...]:
    if found is None:
        return (NOTHING,) * len(UNTREATED_HEADS)
    level = found.calibration.level if found.calibration else None
    return (
        count(found.rows),
        percent(found.left),
        f"{score(found.roc_auc.value)} ({interval(found.roc_auc)})",
        f"{score(found.f1.value)} ({interval(found.f1)})",
        f"{level.value:+.2f} ({level.low:+.2f} to {level.high:+.2f})" if level else NOTHING,
    )


def untreated_lists_sentence(found: UntreatedLists) -> str:
    """Return what past lists would have been worth, had nobody been called."""
    called = f"Of {count(found.named)} named clients {count(found.called)} were called before their outcome"
    if found.precision is None or found.random_precision is None or found.lift is None:
        return f"{called}: whether they would have left cannot be told, since everyone like them was called."
    ends = f"{percent(found.precision.low)} to {percent(found.precision.high)}"
    shares = f"{percent(found.precision.value)} left (95 % interval {ends})"
    times = f"{found.lift.value:.1f} times as many ({found.lift.low:.1f} to {found.lift.high:.1f})"
    told = (
        f"{called}, which may have kept them. Of the others, weighted to stand for all, {shares}; at random "
        f"{percent(found.random_precision.value)}: {times}."
    )
    return f"{told} {_unspoken(found.unspoken, 'named client')}".strip()
