from __future__ import annotations

from dataclasses import replace

from risk_assets.domain.deployment.challenger import Challenger
from risk_assets.domain.deployment.decisions import Decision
from risk_assets.domain.drift.verdict import DriftVerdict
from risk_assets.domain.intake.ingestion import HeldFile, Ingestion
from risk_assets.domain.intake.source_file import SourceFile
from risk_assets.domain.ranking.risk_summary import RankedClient, RiskSummary
from risk_assets.domain.scoring.metrics import Confusion, Estimate, Metrics
from risk_assets.reporting.run_summary import RunResults, run_summary

LIVE = "v0001-3fa9c1d2"
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
    all_positive_f1=0.33,
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


DRIFT = DriftVerdict("stable", "F1 on 300 new rows holds.", 300, "statistical", version=LIVE)
DEPLOYED = RunResults(live=LIVE, metrics=METRICS)


def test_the_summary_tells_rows_version_with_its_score_drift_riskiest_clients_and_report() -> None:
    results = replace(DEPLOYED, ingestion=INGESTION, drift=DRIFT, risks=RISKS, report="/data/summary_report.pdf")

    assert run_summary(results).splitlines() == [
        "Rows        10,000 in 1 file (3 duplicates, 2 quarantined)",
        "Deployed    v0001-3fa9c1d2: F1 0.571 (95 % interval 0.533 to 0.610) on 2,000 test rows",
        "Drift       F1 on 300 new rows holds.",
        "Clients     2,113 of 10,000 current at high risk (31% or more); 0 have left; the first to call:",
        "             1  hqxb   83.1%  activity is 0: odds × 8.2; size is 3: odds × 1.4",
        "Report      /data/summary_report.pdf",
    ]


def test_the_first_to_call_are_told_with_the_intervals_of_their_risks() -> None:
    [client] = RISKS.top
    sure = replace(RISKS, top=(replace(client, risk_low=0.78, risk_high=0.87),))

    told = run_summary(replace(DEPLOYED, risks=sure)).splitlines()[-1].replace("\xa0", " ")

    assert (
        told == "             1  hqxb   83.1%  (78 to 87 %)      activity is 0: odds × 8.2; size is 3: odds × 1.4"
    )


def test_a_challenger_that_does_not_serve_is_named_beside_the_version_that_does() -> None:
    rejected = Decision("2026-03-01T12:00:00+00:00", "rejected", "v0002-aa11bb22", LIVE, LIVE, "worse", "m2", "d2")
    trained = replace(METRICS, model_sha256="m2", threshold=0.27, f1=Estimate(0.5576, 0.52, 0.59))

    text = run_summary(replace(DEPLOYED, challenger=Challenger(trained, rejected)))

    assert text.splitlines() == [
        "Deployed    v0001-3fa9c1d2: F1 0.571 (95 % interval 0.533 to 0.610) on 2,000 test rows",
        "Challenger  v0002-aa11bb22 does not serve (rejected): F1 0.558 (0.520 to 0.590) at threshold 0.270.",
    ]


def test_results_that_are_older_than_what_they_are_made_of_are_marked() -> None:
    stale = {
        "trained_model": "finaldata changed",
        "client_risk": "finaldata changed",
        "report": "client_risk stale",
    }

    text = run_summary(
        replace(DEPLOYED, ingestion=INGESTION, risks=replace(RISKS, top=()), report="r.pdf", stale=stale)
    )

    marks = [line.partition(" [")[2] for line in text.splitlines()]
    assert marks == [
        "",
        "stale: finaldata changed]",
        "stale: finaldata changed]",
        "stale: client_risk stale]",
    ]


def test_what_a_terminal_would_obey_or_drown_in_is_shown_harmless_and_short() -> None:
    top = (
        RankedClient("\x1b[31mred\nAll is well", 0.9, 1, 1, ("x is \x1b]0;title\x07: odds × 2.0",)),
        RankedClient("z" * 500_000, 0.8, 2, 1, ()),
    )
    text = run_summary(RunResults(risks=replace(RISKS, top=top)))

    first, second = text.splitlines()[2:]
    assert " ".join(first.split()) == "1 □[31mred All is well 90.0% x is □]0;title□: odds × 2.0"
    assert len(second) < 100


def test_results_that_do_not_exist_yet_are_left_out() -> None:
    assert run_summary(RunResults()) == "Deployed    nothing yet"


def test_a_file_that_a_person_refused_is_not_said_to_wait_for_a_decision() -> None:
    held = HeldFile("march.csv", "ab", 200, ("calls: all 0",), "refused", "Anna")

    lines = run_summary(RunResults(ingestion=replace(INGESTION, held=(held,)))).splitlines()

    assert "Refused     march.csv by Anna: calls: all 0" in lines
