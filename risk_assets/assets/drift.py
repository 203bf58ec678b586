"""Whether the deployed model still fits the world."""

from datetime import UTC, datetime

import dagster as dg

from risk_assets.domain.columns import Columns
from risk_assets.domain.drift.verdict import DriftRules, DriftVerdict
from risk_assets.domain.scoring.metrics import ScorePoint
from risk_assets.reporting.contact_words import untreated_sentence
from risk_assets.reporting.markdown import picture
from risk_assets.resources.declaration import Metadata, graph_asset
from risk_assets.resources.home import Home
from risk_assets.storage.deployment.versions import read_decisions
from risk_assets.storage.layout import Layout
from risk_assets.storage.records import append_record, read_history, write_record


@graph_asset(
    upstream=["finaldata", "deployed_model"],
    also_reads=["latest_score", "predictions", "contacts"],  # scores so far, what was served, and who was called
    code_version="6",
    settings=["drift_policy", "bootstrap_samples", "seed", "columns.display"],
    owners=["team:ml"],
    kinds={"scipy"},
    pool="drift",
    check_specs=[
        dg.AssetCheckSpec("no_drift", asset="drift", description="The live version still fits the new rows.")
    ],
)
def drift(home: Home) -> dg.MaterializeResult:
    """The verdict on the live version, from rows of files that it was not trained on.

    Performance (of files whose outcomes are known), each feature and the risk score (of all files) are measured,
    judged and summed up: drifted, stable, insufficient data or no labels yet. Served clients are judged beside
    them. The label-free estimate of F1 rests on its risks and is blind to a change of the relation itself. Where
    clients were called, figures of the others, weighted to stand for all, are given beside and decide nothing.
    """
    from risk_assets.storage.contacts.calls import read_calls
    from risk_assets.storage.drift.comparison import compare_new_rows

    settings, layout = home.settings, home.layout
    rules = DriftRules(policy=settings.drift_policy, samples=settings.bootstrap_samples, seed=settings.seed)
    with home.session() as session:
        calls = read_calls(settings, layout, session)
        verdict = compare_new_rows(layout, session, rules, now=datetime.now(UTC), calls=calls)
    write_record(layout.drift, verdict)
    append_record(layout.drift_history, verdict.for_history)
    return dg.MaterializeResult(
        data_version=dg.DataVersion(f"{verdict.data_version}-{verdict.version}-{verdict.verdict}"),
        metadata=_metadata(layout, verdict, settings.history_runs, settings.client_columns),
        check_results=[
            dg.AssetCheckResult(
                check_name="no_drift",
                passed=verdict.verdict != "drifted",
                severity=dg.AssetCheckSeverity.WARN,
                metadata={"verdict": verdict.verdict, "why": verdict.sentence},
            )
        ],
    )


def _metadata(layout: Layout, verdict: DriftVerdict, shown: int, columns: Columns) -> Metadata:
    from risk_assets.reporting.charts import drift_history, history, moved

    verdicts = read_history(layout.drift_history, DriftVerdict)[-shown:]
    scores = read_history(layout.score_history, ScorePoint)[-shown:]
    shares = moved(verdict.judgements, columns)
    return {
        "verdict": verdict.verdict,
        "why": verdict.sentence,
        "new rows": verdict.n,
        "judgements": dg.MetadataValue.md(
            "\n".join(f"- {each.sentence}" for each in verdict.judgements) or "none"
        ),
        "estimated F1 without labels": verdict.estimated_f1 if verdict.estimated_f1 is not None else "not given",
        **({"not called": untreated_sentence(verdict.untreated)} if verdict.untreated else {}),
        "what has moved": dg.MetadataValue.md(picture(shares, "shares before and now") if shares else "nothing"),
        "drift over time": dg.MetadataValue.md(picture(drift_history(verdicts, columns), "drift over time")),
        "score over time": dg.MetadataValue.md(
            picture(history(scores, read_decisions(layout)), "score and decisions over time")
        ),
    }
