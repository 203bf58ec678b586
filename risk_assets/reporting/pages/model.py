"""The model: how good it is, where it errs, and what each feature does."""

from __future__ import annotations

import numpy as np

from risk_assets.domain.deployment.challenger import Challenger
from risk_assets.domain.model.scorecard import Scorecard, risk_at
from risk_assets.domain.scoring.metrics import Estimate, Metrics
from risk_assets.reporting.charts.shapes import ROW_HEIGHT
from risk_assets.reporting.content import ReportContent
from risk_assets.reporting.pages.blocks import (
    WIDTH,
    Block,
    beside,
    cell,
    heading,
    note,
    section,
    space,
    table,
    words,
)
from risk_assets.reporting.pages.chart_blocks import SMALLEST, charted, picture, strips
from risk_assets.reporting.wording import (
    challenger_sentence,
    count,
    digest,
    interval,
    percent,
    plural,
    score,
    score_basis,
    what_the_score_means,
)

#: Share of the width that the confusion matrix takes.
MATRIX = 0.6
ABOUT_QUALITY = (
    "The orange point is the threshold in use. Dashed: a blind guess, and on the right risks that are exactly "
    "true; the larger a dot, the more clients it stands for."
)
OTHER_CLIENTS = (
    "These are other clients at the same time; what comes after the training is the question of the backtest."
)
ABOUT_SHAPES = (
    "The factor on a client's odds against the average client, the strongest feature first, on one scale for each "
    "fifteen; grey bars show how the clients are spread, without the outermost per cent at each end. A diamond "
    "marks a missing value"
)
ABOUT_CERTAINTY = (
    ", a circle a number that many clients share. Grey bands and whiskers are 90 % intervals; wide ones may go on "
    "beyond the picture."
)
ABOUT_PAIRS = (
    "What two columns do together: the risk of a client with these two values, and the usual value in every other "
    "column. Orange is above, blue below the risk of a client with usual values all over ({usual}). “Any other” "
    "is a category without a level of its own in this table."
)


def model_pages(
    content: ReportContent, matrix: bytes, quality: bytes, shapes: tuple[bytes, ...], pairs: tuple[bytes, ...]
) -> list[Block]:
    """Return the section on the model that serves, from its results and their charts."""
    about = f"What each value does to the odds: {', '.join(content.scorecard.features)}"
    first, *others = [strip for png in shapes for strip in strips(png, ROW_HEIGHT, about)]
    return [
        *section("Model"),
        words(_standing(content)),
        space(8),
        beside(
            picture(matrix, what_the_score_means(content.metrics, content.labels)),
            _figures(content.metrics, content.challenger),
            MATRIX,
        ),
        *charted("Ranking and calibration", quality, _quality(content.metrics)),
        note(f"{ABOUT_QUALITY} {OTHER_CLIENTS}" if content.backtest else ABOUT_QUALITY),
        *heading("What each feature does to the odds of leaving", SMALLEST * first.drawHeight + 60),
        note(ABOUT_SHAPES + ("." if content.scorecard.uncertainty is None else ABOUT_CERTAINTY)),
        space(6),
        first,
        *others,
        *_pairs(content.scorecard, pairs),
    ]


def _pairs(scorecard: Scorecard, pictures: tuple[bytes, ...]) -> list[Block]:
    if not pictures:
        return []
    about = "; ".join(" and ".join(pair.columns) for pair in scorecard.pairs)
    drawn = [picture(png, f"Maps of the risk by two columns: {about}") for png in pictures]
    usual = percent(float(risk_at(np.array(scorecard.usual_log_odds))))
    explained = note(ABOUT_PAIRS.format(usual=usual))
    room = SMALLEST * drawn[0].drawHeight + 60
    return [*heading("What two columns do together", room), explained, space(4), *drawn]


def _quality(metrics: Metrics) -> str:
    areas = f"ROC AUC {score(metrics.roc_auc.value)}, average precision {score(metrics.average_precision.value)}"
    return f"Curves: {areas}; predicted against observed risk, Brier score {score(metrics.brier.value)}"


def _standing(content: ReportContent) -> str:
    metrics = content.metrics
    features = len(content.scorecard.numeric) + len(content.scorecard.categorical)
    role = "It serves." if content.manifest else "It does not serve yet."
    challenger = f" {challenger_sentence(content.challenger)}" if content.challenger else ""
    unread = metrics.quarantined
    refused = f" {plural(unread, 'row')} of the test data could not be read." if unread else ""
    if content.left_out:
        refused += f" {plural(content.left_out, 'row')} of test clients taught the model trained last nothing."
    return (
        f"An additive scorecard of {plural(features, 'feature')}, model {digest(metrics.model_sha256)}, scored on "
        f"{score_basis(metrics)} it was not trained on, of which {count(metrics.positives)} "
        f"({percent(metrics.positives, metrics.n)}) left. {role}{refused}{challenger}"
    )


def _figures(metrics: Metrics, challenger: Challenger | None) -> Block:
    heads = ["metric", "value", "95 % interval"]
    rows: list[tuple[Block, ...]] = [
        (cell(name), score(estimate.value), interval(estimate)) for name, estimate in _named(metrics).items()
    ]
    rows.append((cell("F1 of always yes"), score(metrics.all_positive_f1), ""))
    if challenger is None:
        return table(heads, rows, (42, 20, 38), WIDTH * (1 - MATRIX))
    rivals = [score(estimate.value) for estimate in _named(challenger.metrics).values()]
    beside_it = [(*row, rival) for row, rival in zip(rows, [*rivals, ""], strict=True)]
    return table([*heads, "challenger"], beside_it, (36, 16, 31, 21), WIDTH * (1 - MATRIX))


def _named(metrics: Metrics) -> dict[str, Estimate]:
    return {
        "F1": metrics.f1,
        "precision": metrics.precision,
        "recall": metrics.recall,
        "accuracy": metrics.accuracy,
        "ROC AUC": metrics.roc_auc,
        "average precision": metrics.average_precision,
        "Brier score": metrics.brier,
        "log-loss": metrics.log_loss,
    }
