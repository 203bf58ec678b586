"""What the schedule check_drift materializes, if anything, and why."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from risk_assets.domain.drift.verdict import DriftVerdict
from risk_assets.domain.refresh.retry import FailedRuns
from risk_assets.domain.refresh.staleness import AssetState, why_stale

#: New and changed files are ingested by the sensor new_source_files, once they are written to the end.
INGESTED = "finaldata"
#: New rows alone are no reason to train: the model is retrained when the world has drifted.
TRAINED = "trained_model"
JUDGED = "drift"
DEPLOYED = "deployed_model"


@dataclass(frozen=True)
class HeldChallenger:
    """A version that the gate held back for people to decide on, and the data it was trained on."""

    version: str
    data_version: str


@dataclass(frozen=True)
class RefreshFacts:
    """The state of the graph at one tick.

    `live` is the version that serves and `verdict` the last one on drift. `rejected` is the version of the model
    trained last, where the gate turned it down. `in_flight` names an unfinished run of
    the same assets. `retrained_at` is when a drift verdict last led to training. `served` counts predictions since
    the verdict. `failed` counts failed runs in a row by the `cause` of their decision.
    """

    states: Mapping[str, AssetState]
    live: str | None
    verdict: DriftVerdict | None = None
    in_flight: str | None = None
    retrained_at: datetime | None = None
    held: HeldChallenger | None = None
    rejected: str | None = None
    served: int = 0
    failed: Mapping[str, FailedRuns] = field(default_factory=dict)


@dataclass(frozen=True)
class RefreshRules:
    """The least time between two retrainings for drift, and between two verdicts on what was served."""

    cooldown: timedelta = timedelta(minutes=10)
    served_pause: timedelta = timedelta(hours=1)


@dataclass(frozen=True)
class RefreshDecision:
    """The assets to materialize in one run, none to skip; `cause` is the same as long as the situation is.

    `for_drift` is set for a retraining for drift, which starts the cooldown, not for a first model or new code.
    """

    selection: tuple[str, ...]
    reason: str
    cause: str = ""
    for_drift: bool = False


def stale_closure(stale: Iterable[str], downstream_of: Mapping[str, Collection[str]]) -> frozenset[str]:
    """Return the stale assets and all that is downstream of them; `downstream_of` holds the children of each.

    >>> sorted(stale_closure(["final"], {"source": ["final"], "final": ["model"], "model": ["report"]}))
    ['final', 'model', 'report']
    """
    closure: set[str] = set()
    waiting = list(stale)
    while waiting:
        key = waiting.pop()
        if key not in closure:
            closure.add(key)
            waiting.extend(downstream_of.get(key, ()))
    return frozenset(closure)


def decide_refresh(facts: RefreshFacts, rules: RefreshRules, now: datetime) -> RefreshDecision:
    """Return what one tick materializes (`now` is aware); every answer says why, with its figures.

    >>> states = {"trained_model": AssetState((), "1"), "deployed_model": AssetState(("trained_model",), "1")}
    >>> now = datetime(2026, 9, 1, tzinfo=UTC)
    >>> decide_refresh(RefreshFacts(states, live=None), RefreshRules(), now).selection
    ('deployed_model', 'trained_model')
    """
    if facts.in_flight:
        return RefreshDecision((), f"Run {facts.in_flight[:8]} is under way.")
    stale = _stale(facts)
    if facts.live is None:
        return _request(facts, stale, f"Nothing is deployed yet. {_list(stale)}", now)
    due = {key: why for key, why in stale.items() if not _is_left_to_other_triggers(facts.states[key], key)}
    outdated = _why_verdict_is_outdated(facts, stale, rules, now)
    if outdated is not None:
        # the verdict decides on training, so it comes first and alone, unless it is downstream of what is due
        above = {key: why for key, why in due.items() if JUDGED in _with_downstream({key}, facts) - {key}}
        chosen = due if above else {JUDGED: outdated}
        return _request(
            facts, {**chosen, JUDGED: outdated}, f"Drift is to be judged: {outdated}. {_list(above)}", now
        )
    return _after_verdict(facts, stale, due, rules, now)


def _after_verdict(
    facts: RefreshFacts, stale: Mapping[str, str], due: Mapping[str, str], rules: RefreshRules, now: datetime
) -> RefreshDecision:
    """Decide with a current verdict: train when the world has drifted, and refresh whatever else is due."""
    verdict = facts.verdict.sentence if facts.verdict else ""
    if TRAINED in due:
        return _request(facts, due, _list(due), now)
    if TRAINED not in stale:
        return _request(facts, due, f"{verdict} {_rejection(facts)} {_list(due)}", now)
    obstacle = _obstacle_to_training(facts, stale[TRAINED], rules, now)
    if obstacle is None:
        decision = _request(facts, {**due, TRAINED: stale[TRAINED]}, f"{verdict} {_list(stale)}", now)
        return replace(decision, for_drift=bool(decision.selection))
    return _request(facts, due, f"{verdict} {obstacle} {_list(due)}", now)


def _rejection(facts: RefreshFacts) -> str:
    """Return the gate's verdict on the model of this data, as a sentence; empty where it serves."""
    if facts.held:
        return f"Version {facts.held.version} is held: approve or reject it by hand."
    return f"Version {facts.rejected}, trained on this data, was rejected." if facts.rejected else ""


def _stale(facts: RefreshFacts) -> dict[str, str]:
    """Return what is stale by the records, and a deployed model that people have replaced by hand since."""
    stale = why_stale(facts.states)
    recorded = facts.states[DEPLOYED].data_version
    if facts.live is None:
        stale.setdefault(DEPLOYED, "nothing serves")
    elif recorded != facts.live:
        stale.setdefault(DEPLOYED, f"{facts.live} serves since a decision by hand")
    return stale


def _is_left_to_other_triggers(state: AssetState, key: str) -> bool:
    """Whether only new data makes an asset stale that is not remade for new data alone."""
    made_by_this_code = state.data_version is not None and state.code_then == state.code_now
    return key in {INGESTED, TRAINED} and made_by_this_code


def _why_verdict_is_outdated(
    facts: RefreshFacts, stale: Mapping[str, str], rules: RefreshRules, now: datetime
) -> str | None:
    verdict = facts.verdict
    if JUDGED in stale:
        return stale[JUDGED]
    if verdict is None or verdict.at is None:
        return "there is no verdict"
    if verdict.version != facts.live:
        return f"{facts.live} serves, the verdict is on {verdict.version}"
    if facts.served and now >= datetime.fromisoformat(verdict.at) + rules.served_pause:
        return f"{facts.served:,} predictions were served since"
    return None


def _obstacle_to_training(facts: RefreshFacts, why: str, rules: RefreshRules, now: datetime) -> str | None:
    """Return why a stale model is not retrained, or None when it is to be."""
    if facts.verdict is None or facts.verdict.verdict != "drifted":
        return f"{TRAINED} is stale ({why}), but there is no drift to train for."
    if facts.held is not None and facts.held.data_version == facts.states[INGESTED].data_version:
        return f"Version {facts.held.version}, trained on this data, is held: approve or reject it by hand."
    over_at = facts.retrained_at + rules.cooldown if facts.retrained_at else now
    if now < over_at:
        return f"The model was retrained for drift a short while ago: the next time can be at {_clock(over_at)}."
    return None


def _request(facts: RefreshFacts, chosen: Mapping[str, str], reason: str, now: datetime) -> RefreshDecision:
    """Request the chosen assets and what is downstream; skip when there are none or they have just failed."""
    reason = " ".join(reason.split())
    if not chosen:
        return RefreshDecision((), f"{reason} There is nothing to refresh.".strip())
    only_drift = set(chosen) == {JUDGED}
    selection = (JUDGED,) if only_drift else tuple(sorted(_with_downstream(chosen, facts)))
    cause = _cause(selection, facts)
    failed = facts.failed.get(cause)
    if failed is not None and now < failed.next_try:
        runs = f"{failed.count} run{'s' if failed.count > 1 else ''}"
        return RefreshDecision(
            (), f"{reason} {runs} for this failed: the next try is at {_clock(failed.next_try)}."
        )
    return RefreshDecision(selection, reason, cause)


def _with_downstream(keys: Iterable[str], facts: RefreshFacts) -> frozenset[str]:
    children: dict[str, set[str]] = {}
    for key, state in facts.states.items():
        for parent in state.parents:
            children.setdefault(parent, set()).add(key)
    return stale_closure(keys, children)


def _cause(selection: tuple[str, ...], facts: RefreshFacts) -> str:
    """Return a hash of what is to be made, by which code and from which data: any change is a new cause."""
    inputs = {parent for key in selection for parent in facts.states[key].parents} - set(selection)
    codes = [(key, facts.states[key].code_now) for key in selection]
    versions = [(key, facts.states[key].data_version) for key in sorted(inputs)]
    return hashlib.sha256(repr((codes, versions)).encode()).hexdigest()[:16]


def _list(stale: Mapping[str, str]) -> str:
    return f"Stale: {'; '.join(f'{key} ({why})' for key, why in sorted(stale.items()))}." if stale else ""


def _clock(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
