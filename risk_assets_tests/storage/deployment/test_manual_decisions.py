from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from risk_assets.domain.columns import Columns, NumericColumn
from risk_assets.domain.deployment.decisions import Decision, Manifest, barred_models
from risk_assets.storage.deployment.manual_decisions import approve, reject, rollback
from risk_assets.storage.deployment.versions import DeploymentError, live_version, read_decisions, record_decision
from risk_assets.storage.layout import Layout
from risk_assets_tests.storage.deployment.test_versions import NOON, make_layout, promotion, publish

LATER = NOON + timedelta(days=1)
COLUMNS = Columns("client", "left", "1", "0", (NumericColumn("activity"),))


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return make_layout(tmp_path)


def promote(layout: Layout, model: str) -> Manifest:
    before = live_version(layout)
    manifest = publish(layout, model, parent=before)
    record_decision(layout, promotion(manifest, before))
    return manifest


def hold(layout: Layout, model: str) -> Manifest:
    live = live_version(layout)
    manifest = publish(layout, model, parent=live)
    held = replace(promotion(manifest, live), verdict="held", live=live, reason="0.15 lower on testdata")
    record_decision(layout, held)
    return manifest


def test_rolling_back_lets_the_former_version_serve_and_says_so(layout: Layout) -> None:
    first, second = promote(layout, "first"), promote(layout, "second")

    decision = rollback(layout, None, COLUMNS, now=LATER)

    assert live_version(layout) == first.version
    assert read_decisions(layout)[-1] == decision
    assert decision == Decision(
        at="2026-03-02T12:00:00+00:00",
        verdict="rolled back",
        version=first.version,
        before=second.version,
        live=first.version,
        reason=f"rolled back by hand from {second.version}",
        model_sha256=first.model_sha256,
        data_version="data-1",
    )


def test_rolling_back_twice_goes_two_versions_back_and_no_further(layout: Layout) -> None:
    first = promote(layout, "first")
    promote(layout, "second")
    promote(layout, "third")

    rollback(layout, None, COLUMNS, now=LATER)
    rollback(layout, None, COLUMNS, now=LATER)

    assert live_version(layout) == first.version
    with pytest.raises(DeploymentError, match="no version served before v0001"):
        rollback(layout, None, COLUMNS, now=LATER)


def test_rolling_back_to_a_named_version_can_go_forward_again(layout: Layout) -> None:
    first, second = promote(layout, "first"), promote(layout, "second")

    rollback(layout, first.version, COLUMNS, now=LATER)
    rollback(layout, second.version, COLUMNS, now=LATER)

    assert live_version(layout) == second.version


def test_a_version_rolled_away_from_is_barred_until_people_bring_it_back(layout: Layout) -> None:
    first, second = promote(layout, "first"), promote(layout, "second")

    rollback(layout, None, COLUMNS, now=LATER)
    assert barred_models(read_decisions(layout)) == {(second.model_sha256, "data-1")}

    rollback(layout, second.version, COLUMNS, now=LATER)
    assert barred_models(read_decisions(layout)) == {(first.model_sha256, "data-1")}


def test_rolling_back_before_anything_is_deployed_is_a_clear_error(layout: Layout) -> None:
    with pytest.raises(DeploymentError, match="nothing is deployed yet"):
        rollback(layout, None, COLUMNS, now=LATER)


def test_rolling_back_to_what_serves_never_served_or_does_not_exist_changes_nothing(layout: Layout) -> None:
    first = promote(layout, "first")
    held = hold(layout, "second")
    history = read_decisions(layout)

    with pytest.raises(DeploymentError, match="serves already"):
        rollback(layout, first.version, COLUMNS, now=LATER)
    with pytest.raises(DeploymentError, match="has never served"):
        rollback(layout, held.version, COLUMNS, now=LATER)
    with pytest.raises(DeploymentError, match="has never served"):
        rollback(layout, "v0099-0123abcd", COLUMNS, now=LATER)

    assert (live_version(layout), read_decisions(layout)) == (first.version, history)


def test_rolling_back_to_damaged_files_is_refused_with_the_fault(layout: Layout) -> None:
    first, second = promote(layout, "first"), promote(layout, "second")
    (layout.versions / first.version / "scorecard.json").write_text("{}")

    with pytest.raises(DeploymentError, match=r"cannot serve: .*scorecard\.json: has 2 bytes"):
        rollback(layout, None, COLUMNS, now=LATER)

    assert live_version(layout) == second.version
    assert read_decisions(layout)[-1].verdict == "promoted"


def test_a_version_that_needs_a_column_no_longer_declared_is_not_let_serve(layout: Layout) -> None:
    first, second = promote(layout, "first"), promote(layout, "second")
    held = hold(layout, "third")
    without = replace(COLUMNS, numeric=(NumericColumn("employees"),))
    why = "cannot serve: the model needs the column 'activity', which the settings do not declare"

    with pytest.raises(DeploymentError, match=f"{first.version} {why}"):
        rollback(layout, None, without, now=LATER)
    with pytest.raises(DeploymentError, match=f"{held.version} {why}"):
        approve(layout, held.version, without, now=LATER)

    assert live_version(layout) == second.version


def test_approving_a_held_version_lets_it_serve_with_the_figures_it_was_held_for(layout: Layout) -> None:
    first, held = promote(layout, "first"), hold(layout, "second")

    decision = approve(layout, held.version, COLUMNS, now=LATER)

    assert live_version(layout) == held.version
    assert (decision.verdict, decision.before, decision.live) == ("approved", first.version, held.version)
    assert decision.reason == "approved by hand; it was held: 0.15 lower on testdata"
    assert decision.figures == {"f1": 0.61, "n": 2000}
    assert barred_models(read_decisions(layout)) == frozenset()


def test_rejecting_a_held_version_leaves_what_serves_and_bars_the_model(layout: Layout) -> None:
    first, held = promote(layout, "first"), hold(layout, "second")

    decision = reject(layout, held.version, now=LATER)

    assert live_version(layout) == first.version
    assert (decision.verdict, decision.live) == ("rejected", first.version)
    assert barred_models(read_decisions(layout)) == {(held.model_sha256, "data-1")}


def test_only_a_held_version_can_be_approved_and_only_once(layout: Layout) -> None:
    first, held = promote(layout, "first"), hold(layout, "second")

    with pytest.raises(DeploymentError, match=f"{first.version} is not held: it was promoted at 2026-03-01"):
        approve(layout, first.version, COLUMNS, now=LATER)
    with pytest.raises(DeploymentError, match="no such version: v0099-0123abcd"):
        approve(layout, "v0099-0123abcd", COLUMNS, now=LATER)
    reject(layout, held.version, now=LATER)
    with pytest.raises(DeploymentError, match="is not held: it was rejected at 2026-03-02"):
        approve(layout, held.version, COLUMNS, now=LATER)

    assert live_version(layout) == first.version


def test_a_held_version_with_damaged_files_is_not_approved(layout: Layout) -> None:
    promote(layout, "first")
    held = hold(layout, "second")
    (layout.versions / held.version / "trainedmodel.pkl").unlink()

    with pytest.raises(DeploymentError, match=r"cannot serve: .*trainedmodel\.pkl: is missing"):
        approve(layout, held.version, COLUMNS, now=LATER)

    assert read_decisions(layout)[-1].verdict == "held"


def test_the_clock_of_another_zone_is_written_in_utc(layout: Layout) -> None:
    promote(layout, "first")
    promote(layout, "second")

    decision = rollback(layout, None, COLUMNS, now=datetime.fromisoformat("2026-03-02T14:30:00+02:00"))

    assert decision.at == "2026-03-02T12:30:00+00:00"
    assert datetime.fromisoformat(decision.at).tzinfo == UTC
