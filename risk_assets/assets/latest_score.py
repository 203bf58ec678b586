"""How good the trained model is, on clients it has never seen."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dagster as dg

from risk_assets.domain.scoring.metrics import Metrics, ScorePoint
from risk_assets.engine.select import LabelledRows
from risk_assets.reporting.contact_words import untreated_sentence
from risk_assets.reporting.markdown import picture
from risk_assets.reporting.score_words import calibration_sentence, lift_sentence, weak_sentence
from risk_assets.reporting.wording import interval, outcome_words
from risk_assets.reporting.wording import score as three_decimals
from risk_assets.resources.declaration import Metadata, graph_asset
from risk_assets.resources.home import Home
from risk_assets.resources.observation import ObservedSources
from risk_assets.settings import Settings
from risk_assets.storage import atomic
from risk_assets.storage.intake.set_apart import read_test_rows
from risk_assets.storage.scoring.latest_score import last_score, save_score

if TYPE_CHECKING:
    from risk_assets.domain.scoring.groups import ScoredRows
    from risk_assets.storage.model.trained_model import ModelRecord


@graph_asset(
    upstream=["trained_model", "testdata"],
    also_reads=["finaldata", "contacts"],  # where test clients are, or what gives them labels, and who was called
    code_version="4",
    settings=[
        "columns",
        "test_share",
        "test_data_format",
        "bootstrap_samples",
        "seed",
        "call_capacity",
        "call_cost",
        "share_kept",
        "threshold_for",
    ],
    owners=["team:ml"],
    kinds={"scikitlearn"},
    pool="model",
    check_specs=[
        dg.AssetCheckSpec(
            "score_against_last",
            asset="latest_score",
            description="The model is not clearly worse than the one before it on the same test rows.",
        )
    ],
)
def latest_score(home: Home, observed_sources: ObservedSources) -> dg.MaterializeResult:
    """The trained model's score on testdata: F1 in latestscore.txt, all metrics with intervals in metrics.json."""
    from risk_assets.domain.scoring.groups import ScoredRows
    from risk_assets.domain.scoring.untreated import with_untreated
    from risk_assets.reporting.charts import confusion_matrix
    from risk_assets.storage.contacts.calls import read_calls
    from risk_assets.storage.model.trained_model import read_model

    del observed_sources  # it has noted what the folders hold, for this run's lineage
    settings, layout = home.settings, home.layout
    record, scorecard = read_model(layout)
    with home.session() as session:
        rows, refused = read_test_rows(layout, session)
        calls = read_calls(settings, layout, session)
    risk = scorecard.risk(rows.columns_for(scorecard))
    scored = ScoredRows(rows.target, risk, scorecard.threshold, rows.ids)
    metrics = _score(settings, rows, scored, record, refused)
    if calls is not None:
        treatment = calls.of(rows.ids, rows.dates)
        metrics = with_untreated(
            metrics, scored, treatment, samples=settings.bootstrap_samples, seed=settings.seed
        )
    version = home.source_state("testdata").version
    before = last_score(layout, test_version=version, besides=record.model_sha256)
    save_score(layout, metrics, test_version=version, now=datetime.now(UTC))
    matrix = confusion_matrix(metrics, outcome_words(settings.client_columns))
    atomic.write_bytes(layout.confusionmatrix, matrix)
    return dg.MaterializeResult(
        data_version=dg.DataVersion(f"{record.version}-{version}"),
        metadata=_metadata(metrics, matrix),
        check_results=[_against(before, metrics)],
    )


def _score(
    settings: Settings, rows: LabelledRows, scored: "ScoredRows", record: "ModelRecord", refused: int
) -> Metrics:
    """Return all metrics of the model on test rows."""
    from risk_assets.domain.scoring.consequences import CallRules, with_consequences
    from risk_assets.domain.scoring.levels import Levels
    from risk_assets.domain.scoring.score import score

    columns = settings.client_columns
    metrics = score(
        scored.target,
        scored.risk,
        threshold=scored.threshold,
        samples=settings.bootstrap_samples,
        seed=settings.seed,
        clients=rows.ids,
        model_sha256=record.model_sha256,
        quarantined=refused,
    )
    texts = {name: rows.features[name].to_numpy() for name in columns.categorical} | dict(rows.carried)
    thresholds, chosen = record.report.thresholds, settings.threshold_for
    return with_consequences(
        metrics,
        scored,
        rules=CallRules(thresholds, settings.call_capacity, settings.call_costs, chosen),
        levels=Levels(texts, columns.sensitive, columns.carried_numbers),
        value=rows.value,
        samples=settings.bootstrap_samples,
        seed=settings.seed,
    )


def _metadata(metrics: Metrics, matrix: bytes) -> Metadata:
    from risk_assets.reporting.charts import gains_chart

    return {
        "dagster/row_count": metrics.n,
        "F1": metrics.f1.value,
        "F1, 95 % interval": f"{metrics.f1.low:.3f} to {metrics.f1.high:.3f}",
        "ROC AUC": metrics.roc_auc.value,
        "threshold": metrics.threshold,
        "test rows refused": metrics.quarantined,
        "first to call": lift_sentence(metrics),
        "calibration": calibration_sentence(metrics),
        "weak spots": weak_sentence(metrics.groups),
        **({"not called": untreated_sentence(metrics.untreated)} if metrics.untreated else {}),
        "calls": dg.MetadataValue.md(picture(gains_chart(metrics), "calls made against leavers reached")),
        "confusion matrix": dg.MetadataValue.md(picture(matrix, "confusion matrix")),
    }


def _against(before: ScorePoint | None, metrics: Metrics) -> dg.AssetCheckResult:
    passed = before is None or metrics.f1.high >= before.f1.value
    return dg.AssetCheckResult(
        check_name="score_against_last",
        passed=passed,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "why": f"F1 {three_decimals(metrics.f1.value)} ({interval(metrics.f1)}), before "
            + (three_decimals(before.f1.value) if before else "none on these rows"),
        },
    )
