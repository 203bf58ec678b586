"""The overview: who may leave and what that is worth, whether the world has changed, and what serves."""

from __future__ import annotations

from flask import Response

from risk_assets.domain.drift.verdict import DriftVerdict
from risk_assets.domain.ranking.risk_summary import RiskSummary
from risk_assets.reporting.wording import decision_sentence, outcome_words, what_the_score_means
from risk_assets.serve.model.live import Version
from risk_assets.serve.pages.bars import histogram
from risk_assets.serve.pages.site import challenger_of, find, show
from risk_assets.serve.state import find_version, ranking_origin, serving

TOP = 5


def overview() -> Response:
    """Show the state of everything."""
    here, version = serving(), find_version()
    generated = here.generated
    metrics = find(lambda: generated.metrics(version)) if version else None
    risks = find(lambda: _risks(version)) if version else None
    decisions, drift = find(generated.decisions), find(generated.drift)
    meaning = ""
    if metrics and metrics.value:
        meaning = what_the_score_means(metrics.value, outcome_words(here.columns))
    return show(
        "overview",
        version=version,
        metrics=metrics,
        meaning=meaning,
        challenger=challenger_of(version),
        drift=drift,
        backtest=find(generated.backtest) if here.settings.outcomes else None,
        served_drifted=drift.value is not None and _served_has_drifted(drift.value),
        ingestion=find(generated.ingestion),
        decision=decision_sentence(decisions.value[-1]) if decisions.value else decisions.why_not,
        risks=risks,
        origin=find(ranking_origin).value,
        valued=here.columns.value is not None,
        horizon=here.settings.outcomes.horizon_days if here.settings.outcomes else None,
        bars=histogram(risks.value) if risks and risks.value else None,
    )


def _served_has_drifted(verdict: DriftVerdict) -> bool:
    """Whether the clients that were served are unlike those of the training, which the verdict leaves out."""
    return any(each.drifted for each in verdict.judgements if each.measurement.kind == "served")


def _risks(version: Version) -> RiskSummary:
    """Return the clients at a glance, by the threshold of the version that they were ranked with."""
    threshold = (ranking_origin() or version.scorecard).threshold
    return serving().clients.summary(threshold=threshold, top=TOP)
