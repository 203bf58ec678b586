from __future__ import annotations

from datetime import datetime

import pytest

from risk_assets.domain.deployment.decisions import (
    Decision,
    Verdict,
    barred_models,
    data_rolled_back,
    decided_by_hand_since,
    last_decision,
    live_at,
    predecessor,
)


def decided(
    verdict: Verdict, version: str, before: str | None, *, day: int = 1, data: str = "data", by_hand: bool = False
) -> Decision:
    live = version if verdict in {"promoted", "approved", "rolled back"} else before
    run_id = None if by_hand else "run"
    at = f"2026-03-{day:02d}T12:00:00+00:00"
    return Decision(at, verdict, version, before, live, "reason", f"sha of {version}", data, {}, run_id)


HISTORY = (
    decided("promoted", "v1", None, day=1),
    decided("rejected", "v2", "v1", day=2),
    decided("promoted", "v3", "v1", day=3),
    decided("rolled back", "v1", "v3", day=4, by_hand=True),
)


@pytest.mark.parametrize(
    ("when", "version"),
    [
        ("2026-03-01T11:59:59+00:00", None),
        ("2026-03-01T12:00:00+00:00", "v1"),
        ("2026-03-02T18:00:00+00:00", "v1"),
        ("2026-03-03T13:00:00+00:00", "v3"),
        ("2026-03-03T13:00:00+02:00", "v1"),
        ("2027-01-01T00:00:00+00:00", "v1"),
    ],
)
def test_the_history_tells_what_served_at_a_time(when: str, version: str | None) -> None:
    assert live_at(HISTORY, datetime.fromisoformat(when)) == version


def test_the_predecessor_is_what_served_before_a_version_first_did() -> None:
    assert predecessor(HISTORY, "v3") == "v1"
    assert predecessor(HISTORY, "v1") is None


def test_the_last_decision_about_a_version_counts() -> None:
    assert last_decision(HISTORY, "v1") == HISTORY[-1]
    assert last_decision(HISTORY, "v9") is None


def test_a_model_rolled_away_from_is_barred_for_its_data_alone() -> None:
    assert barred_models(HISTORY) == {("sha of v3", "data")}


def test_a_challenger_that_the_gate_rejected_may_try_again() -> None:
    assert barred_models(HISTORY[:3]) == frozenset()


def test_a_held_model_is_barred_until_it_is_approved() -> None:
    held = (HISTORY[0], decided("held", "v2", "v1", day=2))
    assert barred_models(held) == {("sha of v2", "data")}
    assert barred_models((*held, decided("rejected", "v2", "v1", by_hand=True))) == {("sha of v2", "data")}
    assert barred_models((*held, decided("approved", "v2", "v1", by_hand=True))) == frozenset()


@pytest.mark.parametrize("figure", [float("nan"), float("inf")])
def test_a_figure_that_json_cannot_hold_is_refused_by_name(figure: float) -> None:
    with pytest.raises(ValueError, match=r"v1: f1 is (nan|inf)"):
        Decision("2026-03-01T12:00:00+00:00", "promoted", "v1", None, "v1", "", "", "", {"f1": figure})


def test_a_rollback_turns_away_from_data_until_another_version_goes_live() -> None:
    back = (decided("promoted", "v3", "v1", data="new"), decided("rolled back", "v1", "v3", by_hand=True))
    assert data_rolled_back(back) == "new"
    assert data_rolled_back((*back, decided("rejected", "v4", "v1"))) == "new"
    assert data_rolled_back((*back, decided("promoted", "v4", "v1"))) is None
    assert data_rolled_back(HISTORY[:3]) is None


@pytest.mark.parametrize(("trained", "undoes"), [("03-02", True), ("03-04", True), ("03-05", False)])
def test_a_model_trained_before_people_chose_what_serves_may_not_undo_it(trained: str, *, undoes: bool) -> None:
    trained_at = datetime.fromisoformat(f"2026-{trained}T12:00:00+00:00")
    assert decided_by_hand_since(HISTORY, trained_at) == undoes
    assert not decided_by_hand_since((*HISTORY, decided("promoted", "v5", "v1", day=6)), trained_at)
