from __future__ import annotations

from dataclasses import replace

import pytest

from risk_assets.domain.deployment.challenger import find_challenger
from risk_assets.domain.deployment.decisions import Verdict
from risk_assets.domain.scoring.metrics import Metrics
from risk_assets_tests.reporting import samples

LIVE = samples.manifest()
SCORE = replace(samples.metrics(), model_sha256=LIVE.model_sha256)
OTHER = replace(SCORE, model_sha256="0" * 64)


def test_the_model_that_serves_is_no_challenger_to_itself() -> None:
    assert find_challenger(SCORE, LIVE, SCORE.threshold, ()) is None


def test_before_a_first_version_or_a_first_score_there_is_no_challenger() -> None:
    assert find_challenger(OTHER, None, OTHER.threshold, ()) is None
    assert find_challenger(None, LIVE, 0.5, ()) is None


@pytest.mark.parametrize("trained", [OTHER, replace(SCORE, threshold=0.9)])
def test_another_model_and_another_threshold_of_the_same_one_are_challengers(trained: Metrics) -> None:
    found = find_challenger(trained, LIVE, SCORE.threshold, ())
    assert found is not None
    assert (found.metrics, found.status) == (trained, "not judged yet")


@pytest.mark.parametrize(
    ("verdict", "status"), [("rejected", "rejected"), ("held", "held"), ("promoted", "rolled back")]
)
def test_the_last_decision_about_its_model_names_it(verdict: Verdict, status: str) -> None:
    decisions = [
        samples.decision(1, "held", OTHER.model_sha256),
        samples.decision(2, verdict, OTHER.model_sha256),
        samples.decision(3, "promoted", LIVE.model_sha256),
    ]

    found = find_challenger(OTHER, LIVE, SCORE.threshold, decisions)

    assert found is not None
    assert (found.name, found.status) == (decisions[1].version, status)
