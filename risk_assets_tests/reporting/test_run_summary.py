from __future__ import annotations

from dataclasses import replace

from risk_assets.domain.intake.ingestion import Ingestion, SourceFile
from risk_assets.domain.ranking.risk_summary import RankedClient, RiskSummary
from risk_assets.domain.scoring.metrics import Confusion, Estimate, Metrics
from risk_assets.reporting.run_summary import run_summary

F1 = Estimate(0.5714, 0.5332, 0.6101)
METRICS = Metrics(
    n=2000,
    positives=400,
    threshold=0.31,
    f1=F1,
    precision=F1,
    recall=F1,
    accuracy=F1,
    roc_auc=F1,
    average_precision=F1,
    brier=F1,
    log_loss=F1,
    confusion=Confusion(1, 1, 1, 1),
    calibration=(),
    roc=(),
    precision_recall=(),
    always_yes_f1=0.33,
)
INGESTION = Ingestion(
    "data-1", "2026-03-01T12:00:00+00:00", 2000, (SourceFile("a.csv", "0", 1, 10_005, 10_000, 3, 2),)
)
RISKS = RiskSummary(
    clients=10_000,
    flagged=2113,
    threshold=0.31,
    histogram=(),
    top=(RankedClient("hqxb", 0.8314, 1, 1, ("activity is 0: odds × 8.2", "size is 3: odds × 1.4")),),
)


def test_the_summary_tells_rows_score_version_riskiest_clients_and_report() -> None:
    text = run_summary(
        ingestion=INGESTION, metrics=METRICS, live="v0001-3fa9c1d2", risks=RISKS, report="/data/summary_report.pdf"
    )

    assert text.splitlines() == [
        "Rows      10,000 in 1 file (3 duplicates, 2 quarantined)",
        "Score     F1 0.571 (95 % interval 0.533 to 0.610) on 2,000 test rows",
        "Deployed  v0001-3fa9c1d2",
        "Clients   2,113 of 10,000 at high risk (31% or more); the first:",
        "           1  hqxb   83.1%  activity is 0: odds × 8.2; size is 3: odds × 1.4",
        "Report    /data/summary_report.pdf",
    ]


def test_what_a_terminal_would_obey_or_drown_in_is_shown_harmless_and_short() -> None:
    top = (
        RankedClient("\x1b[31mred\nAll is well", 0.9, 1, 1, ("x is \x1b]0;title\x07: odds × 2.0",)),
        RankedClient("z" * 500_000, 0.8, 2, 1, ()),
    )
    text = run_summary(ingestion=None, metrics=None, live=None, risks=replace(RISKS, top=top), report=None)

    first, second = text.splitlines()[2:]
    assert " ".join(first.split()) == "1 □[31mred All is well 90.0% x is □]0;title□: odds × 2.0"
    assert len(second) < 100


def test_results_that_do_not_exist_yet_are_left_out() -> None:
    assert run_summary(ingestion=None, metrics=None, live=None, risks=None, report=None) == "Deployed  nothing yet"
