"""Whom to call: what follows of each rule for it, how true the risks are, and where the model is weak."""

from __future__ import annotations

from risk_assets.domain.scoring.metrics import Estimate, GroupScore, Metrics
from risk_assets.reporting.pages.blocks import Block, cell, charted, heading, note, space, table, words
from risk_assets.reporting.score_words import calibration_sentence, lift_sentence, rule_word, weak_sentence
from risk_assets.reporting.wording import count, money, percent

ABOUT_RULES = (
    "Counted on test clients, none of whom the model has seen. The orange point is the rule in use; the dashed "
    "line is calling at random. By value those are called for whom risk x value x share kept is more than a call "
    "costs."
)
ABOUT_GROUPS = (
    "Levels with 100 rows or more, with 95 % intervals. A level is named as weak where its ranking, or the level "
    "of its risks, is worse than on all other rows beyond chance, all levels tested together. Sensitive columns "
    "are never learnt from."
)
#: Levels that the report shows; metrics.json has all.
MOST_LEVELS = 24


def calls_pages(metrics: Metrics, picture: bytes) -> list[Block]:
    """Return the part on calls, none where the score is of an earlier release."""
    if metrics.gains is None:
        return []
    return [
        *charted("Whom to call", picture),
        words(f"{lift_sentence(metrics)} {calibration_sentence(metrics)}".strip()),
        space(6),
        _rules(metrics),
        note(ABOUT_RULES),
        *_groups(metrics.groups),
    ]


def _rules(metrics: Metrics) -> Block:
    heads = ["rule", "from a risk of", "calls", "leavers reached", "of all leavers", "money a year"]
    rows = [
        (
            cell(f"{rule_word(each.rule)}{' (in use)' if each.threshold == metrics.threshold else ''}"),
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
    shown = sorted(groups, key=lambda each: not each.weak)[:MOST_LEVELS]
    heads = ["column", "level", "rows", "flagged", "precision", "recall", "AUC", "weak"]
    rows = [
        (
            cell(f"{each.column}{' (sensitive)' if each.sensitive else ''}"),
            cell(each.name),
            count(each.rows),
            _share(each.flagged),
            _share(each.precision),
            _share(each.recall),
            f"{each.roc_auc.value:.2f} ({each.roc_auc.low:.2f} to {each.roc_auc.high:.2f})",
            cell(each.weak or "-"),
        )
        for each in shown
    ]
    left_out = len(groups) - len(shown)
    more = f" {count(left_out)} further levels are in metrics.json." if left_out else ""
    return [
        *heading("Where the model is weak", 160),
        words(weak_sentence(groups)),
        space(4),
        table(heads, rows, (15, 13, 7, 13, 13, 13, 17, 15)),
        note(ABOUT_GROUPS + more),
    ]


def _share(estimate: Estimate) -> str:
    return f"{100 * estimate.value:.0f} % ({100 * estimate.low:.0f} to {100 * estimate.high:.0f})"
