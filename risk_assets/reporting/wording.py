"""Figures as people read them."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from risk_assets.domain.columns import Columns
from risk_assets.domain.deployment.challenger import Challenger
from risk_assets.domain.deployment.decisions import Decision
from risk_assets.domain.drift.verdict import DriftVerdict
from risk_assets.domain.figures import HUGE, NOTHING
from risk_assets.domain.scoring.backtest import Backtest
from risk_assets.domain.scoring.metrics import Estimate, Metrics

#: (negative, positive): what became of a client, where the labels themselves say little.
OUTCOMES = ("stayed", "left")
MUTE_LABELS = frozenset({"0", "1", "yes", "no", "y", "n", "true", "false"})

#: Percentages this near to 0 or 100 have a decimal; nearer than SLIGHT they are only bounded.
NEAR = 10
SLIGHT = 0.05
#: A longer word is cut where a text is shortened.
LONGEST_WORD = 15
#: Keeps a number and its unit on one line.
TIED = "\u00a0"


def outcome_words(columns: Columns) -> tuple[str, str]:
    """Return the words for the negative and the positive label: "stayed" and "left" unless the labels speak."""
    labels = (columns.negative, columns.positive)
    return OUTCOMES if MUTE_LABELS.issuperset(label.lower() for label in labels) else labels


def became(label: str) -> str:
    """Return an outcome as a verb: "left", or a quotation of the data's own label."""
    return label if label in OUTCOMES else f"are “{shorten(label, 20)}” in the data"


def count(number: int) -> str:
    """Return a whole number: "12,345", "1,000.0 bn"."""
    return f"{number:,}" if abs(number) < HUGE else f"{number / HUGE:,.1f}{TIED}bn"


def money(amount: float | None) -> str:
    """Return an amount of money without its cents: "12,345"; a dash where it is not known."""
    return NOTHING if amount is None else count(round(amount))


def score(value: float) -> str:
    """Return a metric with three decimals; a dash for NaN."""
    return NOTHING if math.isnan(value) else f"{value:.3f}"


def interval(estimate: Estimate) -> str:
    """Return the 95 % interval: "0.531 to 0.612"."""
    return f"{score(estimate.low)} to {score(estimate.high)}"


def risk_interval(low: float | None, high: float | None) -> str:
    """Return the 90 % interval of a risk, both ends with a decimal or none; nothing where the model cannot tell.

    >>> risk_interval(0.703, 0.842).replace(TIED, " "), risk_interval(0.889, 0.96).replace(TIED, " ")
    ('70 to 84 %', '88.9 to 96.0 %')
    """
    if low is None or high is None:
        return ""
    ends = percent(low), percent(high)
    digits = 1 if any("." in end for end in ends) else 0
    shown = [
        end if end.startswith(("<", ">")) else f"{100 * bound:.{digits}f}{TIED}%"
        for bound, end in zip((low, high), ends, strict=True)
    ]
    return f"{shown[0].removesuffix(f'{TIED}%')} to {shown[1]}"


def percent(part: float, whole: float = 1.0) -> str:
    """Return a share in percent, with a decimal near 0 and 100; a dash where the whole is nothing."""
    if not whole or math.isnan(part) or math.isnan(whole):
        return NOTHING
    share = 100 * part / whole
    edge = min(share, 100 - share)
    if 0 < edge < SLIGHT:
        return f"<0.1{TIED}%" if share < edge + SLIGHT else f">99.9{TIED}%"
    return f"{share:.{1 if 0 < edge < NEAR else 0}f}{TIED}%"


def points(change: float) -> str:
    """Return a change of a share in percentage points: "+12.5 points", "-0.3 points"."""
    return f"{100 * change:+.1f}{TIED}points"


def moment(at: str) -> str:
    """Return an ISO 8601 time to the minute: "2026-05-09 07:35"."""
    return at[:16].replace("T", " ")


def duration(seconds: float) -> str:
    """Return a time span in the unit that suits it."""
    for unit, size in (("h", 3600), ("min", 60), ("s", 1), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g}{TIED}{unit}"
    return f"{seconds * 1e6:.3g}{TIED}µs"


def volume(size: int) -> str:
    """Return a number of bytes in the unit that suits it."""
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= scale:
            return f"{size / scale:.3g}{TIED}{unit}"
    return f"{size}{TIED}bytes"


def plural(number: int, noun: str) -> str:
    """Return "1 file", "2 files"."""
    return f"{count(number)} {noun}" + ("" if number == 1 else "s")


def one_line(text: str) -> str:
    """Return the text with every run of blanks, tabs and line ends as one blank; tied words stay tied."""
    return re.sub(r"[ \t-\r\x85\u2028\u2029]+", " ", text).strip(" ")


def shorten(text: str, limit: int) -> str:
    """Return the text on one line, its middle left out beyond `limit` characters: between words where it can.

    >>> shorten("F1 on 6,000 new rows has fallen: 0.210 against 0.591", 32)
    'F1 on 6,000 new rows … 0.591'
    """
    line = one_line(text)
    if len(line) <= limit:
        return line
    tail = limit // 3
    start, end = line[: limit - tail - 1], line[len(line) - tail :]
    start = start[: start.rfind(" ", -LONGEST_WORD) + 1] or start
    blank = end.find(" ", 0, LONGEST_WORD)
    return f"{start}…{end if blank < 0 else end[blank:]}"


def distinct(names: Sequence[str], limit: int) -> tuple[str, ...]:
    """Return names of at most `limit` characters; of those that look alike then, what tells them apart stays."""
    lookalikes: dict[str, list[str]] = {}
    for name in names:
        lookalikes.setdefault(shorten(name, limit), []).append(name)
    return tuple(_apart(name, lookalikes[shorten(name, limit)], limit) for name in names)


def _apart(name: str, group: Sequence[str], limit: int) -> str:
    if len(set(group)) == 1:
        return shorten(name, limit)
    start = _shared(group)
    end = _shared([other[start:][::-1] for other in group])
    spare = max(0, limit - 2 - (len(name) - start - end))
    first, last = max(0, start - spare * 2 // 3), len(name) - end + spare - spare * 2 // 3
    left, right = "…" if first else "", "…" if last < len(name) else ""
    return f"{left}{shorten(name[first:last], limit - 2)}{right}"


def _shared(texts: Sequence[str]) -> int:
    """Return the number of characters with which all of the texts begin."""
    low, high = min(texts), max(texts)
    return next((place for place, pair in enumerate(zip(low, high, strict=False)) if len({*pair}) > 1), len(low))


def shown_of(number: int, most: int) -> int:
    """Return how many of `number` rows to show: `most`, and the next one rather than say that one is left out."""
    return number if number <= most + 1 else most


def terminal_text(text: str, limit: int = 60) -> str:
    """Return the text as a terminal may show it: on one line, shortened, a box for what cannot be printed."""
    return "".join(character if character.isprintable() else "□" for character in shorten(text, limit))


def digest(sha256: str) -> str:
    """Return the first characters of a hash: enough to tell versions apart."""
    return sha256[:10] or NOTHING


def score_basis(metrics: Metrics) -> str:
    """Return what a score was measured on: "2,000 clients", or "9,000 rows of 1,000 clients"."""
    if metrics.clients is None or metrics.clients == metrics.n:
        return plural(metrics.n, "client")
    return f"{plural(metrics.n, 'row')} of {plural(metrics.clients, 'client')}"


def backtest_sentence(found: Backtest) -> str:
    """Return what past lists would have been worth, in a sentence or two."""
    if not found.periods:
        return "No month is complete yet: what past lists were worth cannot be told."
    first, last = found.periods[0].as_of[:10], found.periods[-1].as_of[:10]
    when = f"on {first}" if first == last else f"in {plural(len(found.periods), 'month')}, {first} to {last}"
    named = f"Of {plural(found.called, 'client')} that would have been named {when}"
    if not found.left:
        return f"{named}, none left within {found.horizon_days} days, nor any other: their worth cannot be told."
    shares = f"{percent(found.precision.value)}; at random {percent(found.random_precision.value)}"
    return (
        f"{named}, {count(found.hits)} left within {found.horizon_days} days ({shares}): "
        f"{found.lift.value:.1f} times as many (95 % interval {found.lift.low:.1f} to {found.lift.high:.1f}). "
        f"The best single column of each day would have found {percent(found.column_precision.value)}."
    )


def what_the_score_means(metrics: Metrics, labels: tuple[str, str] = OUTCOMES) -> str:
    """Return recall and precision as sentences about a hundred clients."""
    cells = metrics.confusion
    positives = cells.true_positives + cells.false_negatives
    flagged = cells.true_positives + cells.false_positives
    outcome = became(labels[1])
    if not positives:
        return f"No client of the test data {outcome}: precision and recall cannot be told."
    found = f"Of 100 clients that {outcome}, the model flags {100 * cells.true_positives / positives:.0f}."
    if not flagged:
        return "The model flags no client at this threshold."
    return f"{found} Of 100 that it flags, {100 * cells.true_positives / flagged:.0f} indeed {outcome}."


def decision_sentence(decision: Decision | None) -> str:
    """Return the last decision in words."""
    if decision is None:
        return "No decision yet."
    return f"{decision.verdict.capitalize()} on {moment(decision.at)}: {decision.reason.rstrip('.')}."


def challenger_sentence(challenger: Challenger) -> str:
    """Return what the model trained last scores, and why it does not serve, in words."""
    metrics = challenger.metrics
    scored = f"F1 {score(metrics.f1.value)} ({interval(metrics.f1)}) at threshold {score(metrics.threshold)}"
    return f"Challenger {challenger.name} does not serve ({challenger.status}): {scored}."


def drift_in_short(drift: DriftVerdict) -> str:
    """Return what the verdict rests on, in a line or two."""
    moved = [each.measurement for each in drift.judgements if each.drifted]
    columns = sum(1 for each in moved if each.kind == "feature")
    parts = ["F1 has fallen"] * any(each.kind == "performance" for each in moved)
    parts += ["the risks have shifted"] * any(each.kind == "score" for each in moved)
    parts += [f"{plural(columns, 'column')} {'has' if columns == 1 else 'have'} shifted"] * bool(columns)
    if drift.verdict == "stable" and not parts:
        parts = ["F1 holds, no column has shifted"]
    if drift.verdict == "no labels yet":
        parts = [*(parts or ["no column has shifted"]), "F1 is told when outcomes are known"]
    in_short = drift.verdict in {"drifted", "stable", "no labels yet"} and parts
    return f"On {plural(drift.n, 'new row')}: {', '.join(parts)}." if in_short else drift.sentence


def drift_word(drift: DriftVerdict | None) -> str:
    """Return the drift verdict as a word or two."""
    return "Not judged yet" if drift is None else drift.verdict.capitalize()
