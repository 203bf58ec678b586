"""The model that serves, and the gate in front of it."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dagster as dg

from risk_assets.domain.deployment.decisions import Decision
from risk_assets.resources.declaration import Metadata, graph_asset, graph_check
from risk_assets.resources.home import Home
from risk_assets.resources.observation import ObservedSources
from risk_assets.storage.deployment.versions import live_version, read_decisions, verify_version

if TYPE_CHECKING:
    from risk_assets.domain.deployment.gate import GateVerdict
    from risk_assets.storage.deployment.challenge import Challenge


@graph_asset(
    upstream=["trained_model", "latest_score", "testdata"],
    also_reads=["finaldata", "contacts"],  # its recent held-out rows judge the challenger; who was called
    code_version="2",
    settings=["gate_margin", "gate_anchor_margin", "bootstrap_samples", "seed"],
    owners=["team:ml"],
    kinds={"python"},
    pool="model",
    check_specs=[
        dg.AssetCheckSpec(
            "gate", asset="deployed_model", description="The newly trained model is the one that serves."
        ),
        dg.AssetCheckSpec(
            "beats_all_positive",
            asset="deployed_model",
            description="The model's F1 is above that of calling every client positive.",
        ),
    ],
)
def deployed_model(
    context: dg.AssetExecutionContext, home: Home, observed_sources: ObservedSources
) -> dg.MaterializeResult:
    """The model that serves. A newly trained one takes its place only when it passes the gate.

    The gate compares both on the same rows that neither was trained on. A challenger that is clearly worse is
    rejected; one that fails on testdata while recent rows favour it is held until somebody runs `risk approve` or
    `risk reject`. Whatever is decided stands in deployments.jsonl, and the champion serves on until replaced.
    """
    from risk_assets.domain.deployment.gate import GateRules, judge_challenger
    from risk_assets.storage.contacts.calls import read_calls
    from risk_assets.storage.deployment.challenge import carry_out, read_challenge

    del observed_sources  # it has noted what the folders hold, for this run's lineage
    settings, layout = home.settings, home.layout
    rules = GateRules(
        margin=settings.gate_margin,
        anchor_margin=settings.gate_anchor_margin,
        samples=settings.bootstrap_samples,
        seed=settings.seed,
    )
    with home.session() as session:
        challenge = read_challenge(layout, session)
        calls = read_calls(settings, layout, session)
    verdict = judge_challenger(challenge.evidence(read_decisions(layout)), rules)
    if calls is not None and verdict.figures:
        verdict = replace(verdict, figures={**verdict.figures, **challenge.untreated(calls)})
    decision = carry_out(layout, challenge, verdict, run_id=context.run.run_id, now=datetime.now(UTC))
    live = live_version(layout)
    return dg.MaterializeResult(
        data_version=dg.DataVersion(live or "none"),
        metadata=_metadata(live, verdict, decision),
        check_results=[_gate(challenge, verdict, live), _beats_all_positive(verdict)],
    )


@graph_check(asset="deployed_model", description="The files of the live version are what its manifest says.")
def files_match_manifest(home: Home) -> dg.AssetCheckResult:
    """Compare the hash of every file of the live version with its manifest."""
    live = live_version(home.layout)
    faults = verify_version(home.layout, live) if live else ("nothing is deployed yet",)
    return dg.AssetCheckResult(passed=not faults, metadata={"why": "; ".join(faults) or "all of them are"})


def _metadata(live: str | None, verdict: "GateVerdict", decision: Decision | None) -> Metadata:
    return {
        "live version": live or "none",
        "decision": verdict.word,
        "reason": verdict.reason,
        **({"challenger": decision.version} if decision else {}),
        **{name.replace("_", " "): value for name, value in verdict.figures.items()},
    }


def _gate(challenge: "Challenge", verdict: "GateVerdict", live: str | None) -> dg.AssetCheckResult:
    serves = verdict.word == "promoted" or challenge.is_champion
    return dg.AssetCheckResult(
        check_name="gate",
        passed=serves,
        severity=dg.AssetCheckSeverity.ERROR if verdict.word == "held" else dg.AssetCheckSeverity.WARN,
        metadata={
            "why": f"{verdict.word}. {verdict.reason}",
            "decision": verdict.word,
            "live version": live or "none",
        },
    )


def _beats_all_positive(verdict: "GateVerdict") -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name="beats_all_positive",
        passed=verdict.warning is None,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"why": verdict.warning or "it does"},
    )
