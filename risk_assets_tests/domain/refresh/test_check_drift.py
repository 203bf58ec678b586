from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk_assets.domain.drift.verdict import DriftVerdict, DriftWord
from risk_assets.domain.refresh.check_drift import (
    HeldChallenger,
    RefreshDecision,
    RefreshFacts,
    RefreshRules,
    decide_refresh,
    stale_closure,
)
from risk_assets.domain.refresh.retry import FailedRuns
from risk_assets.domain.refresh.staleness import AssetState

PARENTS = {
    "finaldata": ("sourcedata",),
    "trained_model": ("finaldata",),
    "latest_score": ("testdata", "trained_model"),
    "deployed_model": ("latest_score", "testdata", "trained_model"),
    "client_risk": ("deployed_model", "finaldata"),
    "drift": ("deployed_model", "finaldata"),
    "diagnostics": ("deployed_model", "drift", "finaldata"),
    "report": ("client_risk", "deployed_model", "diagnostics", "drift", "latest_score"),
}
BELOW_TRAINING = {
    "trained_model", "latest_score", "deployed_model", "client_risk", "drift", "diagnostics", "report",
}  # fmt: skip
BELOW_DEPLOYMENT = BELOW_TRAINING - {"trained_model", "latest_score"}
BELOW_FINALDATA = {"client_risk", "diagnostics", "report"}
NOW = datetime(2026, 5, 9, 12, 0, tzinfo=UTC)
RULES = RefreshRules(cooldown=timedelta(minutes=10), served_pause=timedelta(hours=1))


def graph() -> dict[str, AssetState]:
    """Everything made from what is there now; v1 serves."""
    versions = {key: f"{key} 1" for key in ("sourcedata", "testdata", *PARENTS)} | {"deployed_model": "v1"}
    made = {
        key: AssetState(parents, "1", versions[key], "1", {parent: versions[parent] for parent in parents})
        for key, parents in PARENTS.items()
    }
    return {key: AssetState((), None, versions[key]) for key in ("sourcedata", "testdata")} | made


def verdict(word: DriftWord = "stable", version: str = "v1") -> DriftVerdict:
    at = (NOW - timedelta(minutes=5)).isoformat()
    return DriftVerdict(word, f"F1 is {word}.", 500, "statistical", version=version, at=at)


def facts(changed: str = "", recoded: str = "", word: DriftWord = "stable") -> RefreshFacts:
    """Facts in which one asset or source has new data, or one asset has new code."""
    states = graph()
    if changed:
        states[changed] = replace(states[changed], data_version="new")
    if recoded:
        states[recoded] = replace(states[recoded], code_now="2")
    return RefreshFacts(states, live="v1", verdict=verdict(word))


def after_ingestion(word: DriftWord) -> RefreshFacts:
    """New rows are in finaldata, and drift was judged on them: what the job `ingest` leaves."""
    states = graph()
    states["finaldata"] = replace(
        states["finaldata"], data_version="finaldata 2", inputs={"sourcedata": "sourcedata 1"}
    )
    drift = states["drift"]
    states["drift"] = replace(
        drift, data_version="drift 2", inputs={**(drift.inputs or {}), "finaldata": "finaldata 2"}
    )
    return RefreshFacts(states, live="v1", verdict=verdict(word))


def never_made() -> RefreshFacts:
    states = {key: AssetState(parents, "1") for key, parents in PARENTS.items()}
    return RefreshFacts(graph() | states, live=None)


HELD_NOW = HeldChallenger("v2", "finaldata 2")
HELD_BEFORE = HeldChallenger("v2", "finaldata 1")
#: case, facts, selection, part of the reason
CASES: list[tuple[str, RefreshFacts, set[str], str]] = [
    ("all is fresh", facts(), set(), "F1 is stable. There is nothing to refresh."),
    ("a run is in flight", replace(after_ingestion("drifted"), in_flight="0123456789"), set(), "Run 01234567"),
    ("nothing was ever made", never_made(), set(PARENTS), "Nothing is deployed yet"),
    (
        "all is made, but nothing serves",
        replace(facts(), live=None),
        BELOW_DEPLOYMENT,
        "deployed_model (nothing serves)",
    ),
    ("new files wait for the sensor", facts("sourcedata"), set(), "nothing to refresh"),
    ("drift is older than finaldata", facts("finaldata"), {"drift"}, "finaldata changed"),
    ("drift was never judged", replace(facts(), verdict=None), {"drift"}, "there is no verdict"),
    ("drift's code has changed", facts(recoded="drift"), {"drift"}, "its code has changed (1 -> 2)"),
    ("the verdict is on another version", replace(facts(), verdict=verdict(version="v0")), {"drift"}, "on v0"),
    ("drifted, new data", after_ingestion("drifted"), BELOW_TRAINING, "F1 is drifted."),
    (
        "stable, new data",
        after_ingestion("stable"),
        BELOW_FINALDATA,
        "trained_model is stale (finaldata changed), but there is no drift",
    ),
    ("too few rows, new data", after_ingestion("insufficient data"), BELOW_FINALDATA, "no drift"),
    ("no labels yet, new data", after_ingestion("no labels yet"), BELOW_FINALDATA, "no drift"),
    ("drifted, but trained on all there is", facts(word="drifted"), set(), "F1 is drifted. There is nothing"),
    (
        "drifted, and the model trained for it was rejected",
        replace(facts(word="drifted"), rejected="v2"),
        set(),
        "F1 is drifted. Version v2, trained on this data, was rejected. There is nothing",
    ),
    (
        "a challenger is held",
        replace(facts(word="drifted"), held=HELD_BEFORE),
        set(),
        "Version v2 is held: approve or",
    ),
    (
        "a challenger of this data is held",
        replace(after_ingestion("drifted"), held=HELD_NOW),
        BELOW_FINALDATA,
        "Version v2, trained on this data, is held",
    ),
    (
        "one of older data is held",
        replace(after_ingestion("drifted"), held=HELD_BEFORE),
        BELOW_TRAINING,
        "drifted",
    ),
    (
        "within the cooldown",
        replace(after_ingestion("drifted"), retrained_at=NOW - timedelta(minutes=4)),
        BELOW_FINALDATA,
        "the next time can be at 2026-05-09 12:06:00 UTC",
    ),
    (
        "after the cooldown",
        replace(after_ingestion("drifted"), retrained_at=NOW - timedelta(minutes=10)),
        BELOW_TRAINING,
        "trained_model (finaldata changed)",
    ),
    (
        "training code has changed, no drift",
        facts(recoded="trained_model"),
        BELOW_TRAINING,
        "its code has changed",
    ),
    ("ingestion code has changed", facts(recoded="finaldata"), set(PARENTS), "its code has changed"),
    ("the report alone is stale", facts(recoded="report"), {"report"}, "report (its code has changed (1 -> 2))"),
    ("testdata changed", facts("testdata"), BELOW_TRAINING - {"trained_model"}, "testdata changed"),
    (
        "the model was trained by hand",
        facts("trained_model"),
        BELOW_TRAINING - {"trained_model"},
        "trained_model changed",
    ),
    ("rolled back by hand", replace(facts(), live="v0"), BELOW_DEPLOYMENT, "v0 serves since a decision by hand"),
    ("few served rows since", replace(facts(), served=80), set(), "nothing to refresh"),
]


@pytest.mark.parametrize(
    ("known", "selection", "reason"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_each_case_selects_what_is_due_and_says_why(known: RefreshFacts, selection: set[str], reason: str) -> None:
    decision = decide_refresh(known, RULES, NOW)
    assert set(decision.selection) == selection
    assert reason in decision.reason


def test_served_rows_are_looked_at_again_after_a_pause() -> None:
    later = NOW + RULES.served_pause
    decision = decide_refresh(replace(facts(), served=80), RULES, later)
    assert decision.selection == ("drift",)
    assert "80 predictions were served since" in decision.reason


def failed(known: RefreshFacts, count: int) -> RefreshFacts:
    cause = decide_refresh(known, RULES, NOW).cause
    return replace(known, failed={cause: FailedRuns(count, NOW)})


@pytest.mark.parametrize(("count", "minutes"), [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (40, 60)])
def test_a_failed_run_is_tried_again_after_a_growing_pause(count: int, minutes: int) -> None:
    known = failed(after_ingestion("drifted"), count)
    pause = timedelta(minutes=minutes)
    waiting = decide_refresh(known, RULES, NOW + pause - timedelta(seconds=1))
    assert waiting.selection == ()
    assert "failed: the next try is at" in waiting.reason
    assert set(decide_refresh(known, RULES, NOW + pause).selection) == BELOW_TRAINING


def test_new_data_does_not_wait_for_the_pause_of_a_failed_run() -> None:
    known = failed(after_ingestion("drifted"), 5)
    states = dict(known.states)
    states["testdata"] = replace(states["testdata"], data_version="testdata 2")
    assert decide_refresh(replace(known, states=states), RULES, NOW).selection


def test_the_cause_stays_the_same_from_tick_to_tick() -> None:
    known = after_ingestion("drifted")
    causes = {decide_refresh(known, RULES, NOW + timedelta(minutes=minute)).cause for minute in range(3)}
    assert len(causes) == 1


def test_a_skip_has_no_cause() -> None:
    decision = decide_refresh(facts(), RULES, NOW)
    assert decision == RefreshDecision((), decision.reason, "")


DIAMOND = {"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": [], "e": ["d"]}


@given(st.sets(st.sampled_from("abcde")))
def test_a_closure_holds_the_stale_and_every_child_of_its_members(stale: set[str]) -> None:
    closure = stale_closure(stale, DIAMOND)
    assert stale <= closure
    assert all(child in closure for key in closure for child in DIAMOND[key])
    assert all(key in stale or any(key in DIAMOND[parent] for parent in closure) for key in closure)
