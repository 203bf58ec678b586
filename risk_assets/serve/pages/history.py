"""What happened so far: deployments, drift and scores."""

from __future__ import annotations

from flask import Response

from risk_assets.serve.pages.plots import score_plot
from risk_assets.serve.pages.site import find, show
from risk_assets.serve.state import serving

#: Entries that the page lists, the newest first.
LISTED = 50


def history() -> Response:
    """Show decisions, verdicts and scores."""
    generated = serving().generated
    decisions = find(generated.decisions)
    verdicts = find(generated.drift_history)
    scores = find(generated.score_history)
    return show(
        "history",
        decisions=decisions,
        verdicts=verdicts,
        scores=scores,
        drift=find(generated.drift),
        plot=score_plot(scores.value or (), decisions.value or ()),
        listed=LISTED,
    )
