"""Results of a made-up company, as the graph would hand them to the report."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import replace

from risk_assets.domain.contacts.assignment import Effect
from risk_assets.domain.deployment.decisions import Decision, Manifest, Verdict
from risk_assets.domain.diagnostics import Dependency, DependencyReport, Diagnostics, Timing
from risk_assets.domain.drift.profile import CategoricalProfile, NumericProfile, Profile
from risk_assets.domain.drift.verdict import DriftVerdict, DriftWord, Judgement, Measurement
from risk_assets.domain.intake.ingestion import Ingestion
from risk_assets.domain.intake.source_file import SourceFile
from risk_assets.domain.model.scorecard import Scorecard
from risk_assets.domain.model.shapes import CategoricalShape, NumericShape
from risk_assets.domain.ranking.risk_summary import RankedClient, RiskSummary
from risk_assets.domain.scoring.backtest import Backtest, BacktestPeriod, UntreatedLists
from risk_assets.domain.scoring.metrics import (
    CalibrationBin,
    CalibrationFit,
    Confusion,
    Estimate,
    Gains,
    GroupScore,
    Metrics,
    RowFigures,
    RuleOutcome,
    ScorePoint,
    UntreatedScore,
)
from risk_assets.reporting.content import ReportContent

ACTIVITY = ("lastmonth_activity", "lastyear_activity", "number_of_employees")
CONTRACTS = ("Month-to-month", "Two year", "One year")


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


MODEL = sha256("model 7")


def estimate(value: float, spread: float = 0.03) -> Estimate:
    return Estimate(value, value - spread, value + spread)


def numeric_profile(name: str, place: int = 0, *, rows: int = 10_000, missing: int = 0) -> NumericProfile:
    """A heavy-tailed column: exponential quantiles, each column wider than the one before."""
    scale = 40.0 * (1 + place)
    quantiles = tuple(-scale * math.log(1 - share / 100.5) for share in range(101))
    counts = tuple(round(rows * math.exp(-bar / 3) * 0.28) for bar in range(20))
    edges = tuple(quantiles[-1] * bar / 20 for bar in range(21))
    return NumericProfile(
        name, rows, missing, scale, 0.69 * scale, scale, 0.0, quantiles[-1], edges, counts, quantiles
    )


def categorical_profile(name: str, values: Sequence[str] = CONTRACTS, rows: int = 10_000) -> CategoricalProfile:
    counts = tuple((value, rows // (place + 2)) for place, value in enumerate(values))
    return CategoricalProfile(name, rows, 12, len(values), counts)


def numeric_shape(name: str, place: int = 0) -> NumericShape:
    """Three parabolic pieces that fall, then rise a little; later columns matter less."""
    scale, weight = 40.0 * (1 + place), 1.6 / (1 + place)
    pieces = (
        (0.4 * weight, -1.4 * weight, weight),
        (0.2 * weight, -0.6 * weight, 0.0),
        (0.3 * weight, 0.0, -0.4 * weight),
    )
    return NumericShape(name, (0.0, 0.4 * scale, 1.2 * scale, 4 * scale), pieces, 0.2, 0.1)


def categorical_shape(name: str, values: Sequence[str] = CONTRACTS, weight: float = 0.9) -> CategoricalShape:
    table = {value: weight * math.cos(1.3 * place) for place, value in enumerate(values)}
    return CategoricalShape(name, table, 0.0, -0.1, 0.05)


def profile(numeric: Sequence[str] = ACTIVITY, categorical: Sequence[str] = ()) -> Profile:
    columns = tuple(numeric_profile(name, place, missing=37 * place) for place, name in enumerate(numeric))
    return Profile(10_000, 9_812, 2_104, columns, tuple(categorical_profile(name) for name in categorical))


def scorecard(numeric: Sequence[str] = ACTIVITY, categorical: Sequence[str] = ()) -> Scorecard:
    shapes = tuple(numeric_shape(name, place) for place, name in enumerate(numeric))
    tables = tuple(categorical_shape(name, weight=0.9 / (1 + place)) for place, name in enumerate(categorical))
    return Scorecard(-1.2, 0.314, shapes, tables)


def metrics() -> Metrics:
    steps = [step / 40 for step in range(41)]
    return Metrics(
        n=2_000,
        positives=412,
        threshold=0.314,
        f1=estimate(0.571),
        precision=estimate(0.525),
        recall=estimate(0.626),
        accuracy=estimate(0.806, 0.02),
        roc_auc=estimate(0.823, 0.02),
        average_precision=estimate(0.61),
        brier=estimate(0.121, 0.01),
        log_loss=estimate(0.39, 0.02),
        confusion=Confusion(1_355, 233, 154, 258),
        calibration=tuple(
            CalibrationBin(low / 10, low / 10 + 0.1, 900 // (1 + low), low / 10 + 0.05, min(low / 10 + 0.07, 1.0))
            for low in range(9)
        ),
        roc=tuple((step, step**0.35) for step in steps),
        precision_recall=tuple((step, 1 - 0.79 * step**2) for step in steps),
        all_positive_f1=0.342,
        model_sha256=MODEL,
    )


def untreated() -> UntreatedScore:
    """What test rows tell of which a tenth were called, as those were not and as all were."""
    true, off = CalibrationFit(0.012, 0.011, None, estimate(0.02, 0.08)), estimate(-0.31, 0.09)
    return UntreatedScore(
        rows=2_000,
        called=204,
        unspoken=31,
        untreated=RowFigures(1_765, 0.212, estimate(0.583), estimate(0.834), true),
        every=RowFigures(2_000, 0.171, estimate(0.521), estimate(0.779), replace(true, level=off)),
    )


def effect() -> Effect:
    """Calls that kept three of a hundred clients, which may be chance."""
    return Effect(400, 100, 72, 21, 0.03, -0.05, 0.11, 41_200.0, -68_000.0, 150_000.0, 3_600)


def backtest(untreated: UntreatedLists | None = None) -> Backtest:
    """Three months in which a hundred clients would have been named."""
    months = tuple(
        BacktestPeriod(f"2026-0{month}-28", 9_000, 1_000, 90, 100, 40, "activity", 31, 120, 45, 0.81)
        for month in (1, 2, 3)
    )
    bars = tuple(CalibrationBin(low / 10, low / 10 + 0.1, 300, low / 10, low / 10) for low in range(10))
    curve = tuple((step / 50, 1 - (1 - step / 50) ** 4.5) for step in range(1, 51))
    shares = estimate(0.4), estimate(0.31), estimate(0.09, 0.01), estimate(4.4, 0.4), estimate(1.3, 0.2)
    return Backtest(90, 100, months, *shares, bars, curve, 140, untreated)


def level(column: str, name: str, weak: str = "", *, sensitive: bool = False) -> GroupScore:
    """The figures of a level of a column."""
    half, auc, off = estimate(0.5), estimate(0.8, 0.03), estimate(0.08, 0.21)
    return GroupScore(
        column, name, 420, 90, estimate(0.2), half, estimate(0.6), auc, off, weak, sensitive=sensitive
    )


def scored_metrics(levels: Sequence[str] = ("north", "south", "west")) -> Metrics:
    """Metrics with what calls reach, how true risks are, and figures by region."""
    curve = tuple((step / 50, 1 - (1 - step / 50) ** 4.5) for step in range(1, 51))
    ages = (level("age", name, sensitive=True) for name in ("18 to 31", "32 to 46", "47 to 58", "59 to 77"))
    nothing = replace(level("age", "missing", sensitive=True), left=0, precision=None, recall=None)
    groups = (
        *(level("region", name, "ranks worse" if place == 1 else "") for place, name in enumerate(levels)),
        *ages,
        replace(nothing, roc_auc=None, level=None),
    )
    return replace(
        metrics(),
        calibration_fit=CalibrationFit(0.018, 0.015, estimate(1.02, 0.05), estimate(0.03, 0.06)),
        rules=(
            RuleOutcome("f1", 0.314, 491, 299, 41_200.0, in_use=True, covered=299 / 412),
            RuleOutcome("capacity", 0.71, 100, 85, 22_800.0, covered=85 / 412),
            RuleOutcome("value", 0.12, 913, 385, 55_300.0, covered=385 / 412),
        ),
        gains=Gains(100, 85, estimate(4.1, 0.3), curve),
        groups=groups,
    )


def source_file(name: str, *, accepted: int = 4_890, quarantined: int = 12) -> SourceFile:
    reasons = {"lastmonth_activity is not a number": quarantined - quarantined // 3}
    reasons |= {"number_of_employees is below 0": quarantined // 3} if quarantined // 3 else {}
    return SourceFile(
        name,
        sha256(name),
        182_000,
        accepted + 98 + quarantined,
        accepted,
        98,
        quarantined,
        reasons={reason: number for reason, number in reasons.items() if number},
        dropped_columns=("notes",),
    )


def ingestion(files: int = 2) -> Ingestion:
    names = [f"clients{place + 1}.csv" for place in range(files)]
    return Ingestion(
        sha256("rows"), "2026-05-09T07:31:04+00:00", 2_104, tuple(source_file(name) for name in names)
    )


def ranked(rank: int, name: str | None = None) -> RankedClient:
    reasons = (
        "lastmonth_activity is 4: odds × 3.1",
        "number_of_employees is 12: odds × 1.9",
        "lastyear_activity is 310: odds ÷ 1.2",
    )
    return RankedClient(name or f"Nordwind Logistics {rank}", 0.97 - 0.013 * rank, rank, 1, reasons)


def risks() -> RiskSummary:
    bars = tuple(round(2_400 * math.exp(-bar / 4.2)) for bar in range(20))
    return RiskSummary(
        sum(bars), sum(bars[6:]), 0.314, bars, tuple(ranked(rank) for rank in range(1, 11)), expected=1_940.2
    )


def measurement(kind: str, name: str, value: float = 0.03, p_value: float | None = 0.4) -> Measurement:
    return Measurement(kind, name, 640, "Kolmogorov-Smirnov", value, 0.05, value, 0.1, p_value)


def drift(
    verdict: DriftWord = "stable", features: Sequence[str] = ACTIVITY, at: str = "2026-05-09T07:33:00+00:00"
) -> DriftVerdict:
    moved = verdict == "drifted"
    judged = tuple(
        Judgement(
            measurement("feature", name, 0.2 if moved and not place else 0.03),
            moved and not place,
            f"{name} is spread {'unlike' if moved and not place else 'like'} the training rows.",
        )
        for place, name in enumerate(features)
    )
    f1 = Judgement(
        measurement("performance", "F1", -0.01, None),
        drifted=moved,
        sentence="F1 on new rows is 0.56, close to 0.57.",
    )
    sentence = "The world has changed." if moved else "The new rows look like the rows the model was trained on."
    return DriftVerdict(
        verdict, sentence, 640, "intervals", (f1, *judged), 0.563, "0007-ab12cd34", sha256("rows"), at
    )


def decision(day: int = 9, verdict: Verdict = "promoted", model: str = MODEL) -> Decision:
    version = f"{day:04d}-{model[:8]}"
    return Decision(
        f"2026-05-{day:02d}T07:32:10+00:00",
        verdict,
        version,
        "0006-77aa00ff",
        version,
        "F1 is at least as good as the champion's: 0.571 against 0.562, lower bound -0.004 above -0.020",
        model,
        sha256("rows"),
        {"f1": 0.571, "lower_bound": -0.004},
        "run-1",
    )


def manifest() -> Manifest:
    names = (
        "trainedmodel.pkl",
        "scorecard.json",
        "latestscore.txt",
        "metrics.json",
        "ingestedfiles.txt",
        "reference.json",
    )
    return Manifest(
        "0009-" + MODEL[:8],
        "2026-05-09T07:32:10+00:00",
        MODEL,
        sha256("rows"),
        "0006-77aa00ff",
        ACTIVITY,
        {"python": "3.12.3", "scikit-learn": "1.9.0", "numpy": "2.4.1"},
        {name: (sha256(name), 4_321 * (place + 1)) for place, name in enumerate(names)},
    )


def scores(number: int) -> tuple[ScorePoint, ...]:
    return tuple(
        ScorePoint(
            f"2026-05-{place % 28 + 1:02d}T{place // 28:02d}:31:00+00:00",
            MODEL if place == number - 1 else sha256(f"model {place}"),
            2_000,
            estimate(0.55 + 0.02 * math.sin(place)),
            estimate(0.82),
            "v1",
        )
        for place in range(number)
    )


def dependencies(number: int = 24) -> DependencyReport:
    found = [
        Dependency(f"package-{place}", f"2.{place}.0", f"2.{place}.0", f"2.{place + (place % 5 == 0)}.0")
        for place in range(number - 1)
    ]
    found.append(Dependency("flask", "3.1.0", "3.1.0", "3.1.2", ("CVE-2026-1234",)))
    return DependencyReport("complete", "complete", tuple(found))


def timings(runs: int = 5) -> tuple[Timing, ...]:
    seconds = {
        "finaldata": 0.9,
        "trained_model": 4.2,
        "latest_score": 1.1,
        "deployed_model": 0.4,
        "client_risk": 0.7,
    }
    return tuple(
        Timing(
            asset, f"run-{run}", f"2026-05-{run + 1:02d}T07:31:00+00:00", base * (1 + 0.1 * math.sin(run + base))
        )
        for run in range(runs)
        for asset, base in seconds.items()
    )


def diagnostics(table: Profile, *, runs: int = 5) -> Diagnostics:
    return Diagnostics("2026-05-09T07:34:00+00:00", table, timings(runs), 9_812, 0.012, dependencies())


def content(
    numeric: Sequence[str] = ACTIVITY, categorical: Sequence[str] = (), *, files: int = 2, history: int = 9
) -> ReportContent:
    """Everything in its usual state: a promoted model, a stable world, nine models so far."""
    table = profile(numeric, categorical)
    past = scores(history)
    verdicts: tuple[Verdict, ...] = ("promoted", "rejected", "promoted", "held", "rolled back", "promoted")
    decisions = tuple(
        decision(place + 1, verdicts[place % 6], point.model_sha256) for place, point in enumerate(past[:27])
    )
    words: tuple[DriftWord, ...] = ("stable", "drifted", "stable", "stable")
    return ReportContent(
        ingestion(files),
        scored_metrics(),
        scorecard(numeric, categorical),
        table,
        risks(),
        diagnostics(table),
        manifest(),
        drift(features=(*numeric, *categorical)),
        decisions,
        past,
        tuple(drift(words[place % 4], (*numeric, *categorical), point.at) for place, point in enumerate(past)),
    )
