"""What people decide about deployments by hand: roll back, approve, reject."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from risk_assets.domain.columns import Columns
from risk_assets.domain.deployment.decisions import Decision, Verdict, ever_live, last_decision, predecessor
from risk_assets.storage.deployment.versions import (
    DeploymentError,
    live_version,
    read_decisions,
    read_manifest,
    record_decision,
    servable_scorecard,
    version_folder,
)
from risk_assets.storage.layout import Layout
from risk_assets.storage.lock import writing


def rollback(layout: Layout, version: str | None, columns: Columns, *, now: datetime) -> Decision:
    """Let an earlier version serve again: `version`, or else the one that served before the live one.

    Raises DeploymentError, and changes nothing, when there is none, it never served, its files are damaged, or it
    needs other columns than the settings declare.
    """
    with writing(layout.deployment, "risk rollback"):
        live = live_version(layout)
        if live is None:
            raise DeploymentError("nothing is deployed yet")
        target = _target(read_decisions(layout), live, version)
        servable_scorecard(layout, target, columns)
        manifest = read_manifest(layout, target)
        decision = Decision(
            at=_timestamp(now),
            verdict="rolled back",
            version=target,
            before=live,
            live=target,
            reason=f"rolled back by hand from {live}",
            model_sha256=manifest.model_sha256,
            data_version=manifest.data_version,
        )
        record_decision(layout, decision)
        return decision


def _target(decisions: Sequence[Decision], live: str, version: str | None) -> str:
    target = version or predecessor(decisions, live)
    if target is None:
        raise DeploymentError(f"no version served before {live}")
    if target == live:
        raise DeploymentError(f"{target} serves already")
    if target not in ever_live(decisions):
        raise DeploymentError(f"{target} has never served, so there is no rolling back to it")
    return target


def approve(layout: Layout, version: str, columns: Columns, *, now: datetime) -> Decision:
    """Let a held version serve. Raises DeploymentError when it is unknown, not held, or cannot serve."""
    return _decide_held(layout, version, "approved", now, columns)


def reject(layout: Layout, version: str, *, now: datetime) -> Decision:
    """Turn a held version down: what serves stays. Raises DeploymentError when it is unknown or not held."""
    return _decide_held(layout, version, "rejected", now)


def _decide_held(
    layout: Layout, version: str, verdict: Verdict, now: datetime, columns: Columns | None = None
) -> Decision:
    with writing(layout.deployment, f"risk {verdict}"):
        held = last_decision(read_decisions(layout), version)
        if held is None:
            raise DeploymentError(f"no such version: {version}")
        if not version_folder(layout, version).is_dir():
            raise DeploymentError(f"{version} was {held.verdict} at {held.at} and is not kept")
        if held.verdict != "held":
            raise DeploymentError(f"{version} is not held: it was {held.verdict} at {held.at}")
        if columns is not None:
            servable_scorecard(layout, version, columns)
        live = live_version(layout)
        decision = Decision(
            at=_timestamp(now),
            verdict=verdict,
            version=version,
            before=live,
            live=version if verdict == "approved" else live,
            reason=f"{verdict} by hand; it was held: {held.reason}",
            model_sha256=held.model_sha256,
            data_version=held.data_version,
            figures=held.figures,
        )
        record_decision(layout, decision)
        return decision


def _timestamp(now: datetime) -> str:
    return now.astimezone(UTC).isoformat(timespec="seconds")
