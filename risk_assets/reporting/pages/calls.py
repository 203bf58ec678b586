"""Whom to call: what follows of each rule for it, how true the risks are, and where the model is weak."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from risk_assets.domain.columns import UNDESCRIBED, Columns
from risk_assets.domain.figures import NOTHING
from risk_assets.domain.scoring.metrics import Estimate, GroupScore, Metrics, UntreatedScore
from risk_assets.reporting.contact_words import UNTREATED_HEADS, untreated_sentence, untreated_table
from risk_assets.reporting.pages.blocks import Block, cell, heading, note, section, space, table, words
from risk_assets.reporting.pages.chart_blocks import charted
from risk_assets.reporting.score_words import calibration_sentence, lift_sentence, rule_word, weak_sentence
from risk_assets.reporting.style import AMBER
from risk_assets.reporting.wording import count, money, percent, plural

ABOUT_RULES = (
    "Counted on test clients, none of whom the model has seen. The orange point is the rule in use; the dashed "
    "line is calling at random. By value those are called for whom risk × value × share kept is more than a call "
    "costs; money is what the calls would have kept a year less what they cost."
)
ABOUT_GROUPS = (
    "Levels with 100 rows or more, with 95 % intervals. “Log-odds off” is by how much they are too low there; of "
    "true risks it is 0. A level is named as weak where its AUC is lower, or its log-odds are further off, than "
    "on all other rows beyond chance, all levels tested together. AUC is lower, too, where clients differ less."
)
ABOUT_SENSITIVE = (
    "Nothing is learnt from these columns. That the shares differ is no fault by itself: where more leave, more "
    "are flagged. Risks that are too high or too low at one level alone are one."
)
#: Relative widths of column, level, rows, shares flagged, precision, recall, AUC and log-odds.
LEVEL_SHARES = (49, 62, 31, 66, 66, 66, 75, 89)
#: Levels that the report shows; metrics.json has all.
MOST_LEVELS = 24


def calls_pages(
    metrics: Metrics, gains: bytes, spread: Sequence[Block] = (), schema: Columns = UNDESCRIBED
) -> list[Block]:
    """Return the section on calls, with `spread` in it; a score of an earlier release has none."""
    if metrics.gains is None:
        return [*section("Calls"), *spread] if spread else []
    return [
        *section("Calls"),
        words(f"{lift_sentence(metrics)} {calibration_sentence(metrics)}".strip()),
        *charted("What calls reach", gains, lift_sentence(metrics)),
        space(6),
        _rules(metrics),
        space(3),
        note(ABOUT_RULES),
        *_untreated(metrics.untreated),
        *spread,
        *_groups(tuple(replace(each, column=schema.label(each.column)) for each in metrics.groups)),
    ]


def _untreated(found: UntreatedScore | None) -> list[Block]:
    """Return what clients tell that were not called, nothing where nobody was."""
    if found is None:
        return []
    rows = [(cell(name), *figures) for name, *figures in untreated_table(found)]
    return [
        *heading("Without the calls"),
        words(untreated_sentence(found)),
        space(4),
        table(("", *UNTREATED_HEADS), rows, (24, 8, 8, 22, 22, 22)),
    ]


def _rules(metrics: Metrics) -> Block:
    heads = ["rule", "from a risk of", "calls", "leavers reached", "of all leavers", "money a year"]
    rows = [
        (
            cell(f"{rule_word(each.rule)}{' (in use)' if each.in_use else ''}"),
            percent(each.threshold),
            count(each.calls),
            count(each.reached),
            percent(each.reached, metrics.positives),
            "not known" if each.money is None else money(each.money),
        )
        for each in metrics.rules
    ]
    return table(heads, rows, (26, 16, 12, 17, 15, 14))


def _groups(groups: tuple[GroupScore, ...]) -> list[Block]:
    if not groups:
        return []
    learnt = [each for each in groups if not each.sensitive]
    sensitive = [each for each in groups if each.sensitive]
    return [
        *heading("Where the model is weak", 160),
        words(weak_sentence(groups)),
        space(4),
        *(_levels(learnt) if learnt else []),
        space(3),
        note(ABOUT_GROUPS),
        *(
            [*heading("By sensitive columns", 130), *_levels(sensitive), space(3), note(ABOUT_SENSITIVE)]
            if sensitive
            else []
        ),
    ]


def _levels(groups: Sequence[GroupScore]) -> list[Block]:
    """Return a table of levels, the weak ones first where there are too many for the page."""
    shown = sorted(groups, key=lambda each: not each.weak)[:MOST_LEVELS]
    in_order = [each for each in groups if each in shown]
    heads = ["column", "level", "rows", "flagged", "precision", "recall", "AUC", "log-odds off"]
    left_out = len(groups) - len(shown)
    more = [note(f"{plural(left_out, 'further level')} {'is' if left_out == 1 else 'are'} in metrics.json.")]
    return [
        table(heads, [_level(each) for each in in_order], LEVEL_SHARES),
        *more * bool(left_out),
    ]


def _level(group: GroupScore) -> tuple[Block, ...]:
    name = [cell(group.name, bold=bool(group.weak)), *([cell(group.weak, AMBER)] if group.weak else [])]
    return (
        cell(group.column),
        name,
        count(group.rows),
        _shares(group.flagged),
        _shares(group.precision),
        _shares(group.recall),
        _figures(group.roc_auc),
        _figures(group.level, sign="+"),
    )


def _shares(found: Estimate | None) -> str:
    if found is None:
        return NOTHING
    return f"{100 * found.value:.0f} % ({100 * found.low:.0f} to {100 * found.high:.0f})"


def _figures(found: Estimate | None, sign: str = "") -> str:
    if found is None:
        return NOTHING
    low, high = (f"{end:{sign}.2f}" for end in (found.low, found.high))
    return f"{found.value:{sign}.2f} ({low} to {high})"
