"""What came of a run, as a few lines for the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from risk_assets.domain.deployment.challenger import Challenger
from risk_assets.domain.drift.verdict import DriftVerdict
from risk_assets.domain.intake.ingestion import HeldFile, Ingestion
from risk_assets.domain.ranking.risk_summary import RankedClient, RiskSummary
from risk_assets.domain.scoring.backtest import Backtest
from risk_assets.domain.scoring.metrics import Estimate, Metrics
from risk_assets.reporting.wording import (
    backtest_sentence,
    challenger_sentence,
    count,
    interval,
    plural,
    risk_interval,
    score,
    terminal_text,
)

if TYPE_CHECKING:
    from risk_assets.domain.scoring.boosting import BoostingComparison

MARGIN = " " * 12
LONGEST_REASON = 120
LONGEST_SENTENCE = 400
WIDEST_INTERVAL = len("(99.0 to 99.9 %)")


@dataclass(frozen=True)
class RunResults:
    """The results of the graph as they stand after a run; what does not exist yet is None.

    `live` is the version that serves and `metrics` its score. `stale` says by asset why a result is older than
    what it is made of.
    """

    ingestion: Ingestion | None = None
    live: str | None = None
    metrics: Metrics | None = None
    challenger: Challenger | None = None
    drift: DriftVerdict | None = None
    backtest: Backtest | None = None
    risks: RiskSummary | None = None
    report: str | None = None
    stale: Mapping[str, str] = field(default_factory=dict)


def run_summary(results: RunResults) -> str:
    """Return a line or more per result; a result that does not exist yet has none, a stale one says so."""
    lines = []
    if results.ingestion is not None:
        lines.append(_line("Rows", _rows(results.ingestion), results.stale.get("finaldata")))
    trained = results.stale.get("deployed_model") or results.stale.get("trained_model")
    held = results.ingestion.held if results.ingestion else ()
    lines += [_line("Held back" if file.verdict == "suspect" else "Refused", _held(file)) for file in held]
    lines.append(_line("Deployed", _deployed(results), trained if results.live else None))
    if results.challenger is not None:
        lines.append(_line("Challenger", challenger_sentence(results.challenger).removeprefix("Challenger ")))
    if results.backtest is not None:
        lines.append(_line("Backtest", backtest_sentence(results.backtest), results.stale.get("backtest")))
    if results.drift is not None:
        sentence = terminal_text(results.drift.sentence, LONGEST_SENTENCE)
        lines.append(_line("Drift", sentence, results.stale.get("drift")))
    if results.risks is not None:
        lines += _clients(results.risks, results.stale.get("client_risk"))
    if results.report is not None:
        lines.append(_line("Report", results.report, results.stale.get("report")))
    return "\n".join(lines)


def boosting_line(found: BoostingComparison) -> str:
    """Return how the trained model compares with gradient boosting on the same rows, as a line."""
    auc = f"AUC {score(found.boosting_auc)} where the model has {score(found.auc)} ({_ahead(found.auc_ahead)})"
    loss = (
        f"log-loss {score(found.boosting_log_loss)} and {score(found.log_loss)} ({_ahead(found.log_loss_ahead)})"
    )
    return _line("Boosting", f"{auc}, {loss}, on {plural(found.rows, 'test row')}")


def _ahead(estimate: Estimate) -> str:
    return f"ahead by {estimate.value:+.4f}, 95 % interval {estimate.low:+.4f} to {estimate.high:+.4f}"


def _line(title: str, text: str, stale: str | None = None) -> str:
    mark = f" [stale: {stale}]" if stale else ""
    return f"{title:<{len(MARGIN)}}{text}{mark}"


def _rows(ingestion: Ingestion) -> str:
    figures = f"{count(ingestion.duplicates)} duplicates, {count(ingestion.quarantined)} quarantined"
    if ingestion.updates:
        figures = f"{count(ingestion.updates)} updates, {figures}"
    if ingestion.open:
        figures = f"the outcome of {count(ingestion.open)} not known yet; {figures}"
    return f"{count(ingestion.accepted)} in {plural(len(ingestion.files), 'file')} ({figures})"


def _held(file: HeldFile) -> str:
    name, why = terminal_text(file.name), terminal_text("; ".join(file.reasons), LONGEST_SENTENCE)
    if file.verdict == "suspect":
        return f"{name}: {why} (risk accept {name}, or risk refuse {name})"
    return f"{name}{f' by {terminal_text(file.by)}' * bool(file.by)}: {why}"


def _deployed(results: RunResults) -> str:
    if results.live is None:
        return "nothing yet"
    metrics = results.metrics
    if metrics is None:
        return results.live
    f1 = f"F1 {score(metrics.f1.value)} (95 % interval {interval(metrics.f1)})"
    return f"{results.live}: {f1} on {plural(metrics.n, 'test row')}"


def _clients(risks: RiskSummary, stale: str | None) -> list[str]:
    flagged = f"{risks.flagged:,} of {risks.clients:,} current at high risk ({risks.threshold:.0%} or more)"
    found = f"{flagged}; {risks.left:,} have left; the first to call:"
    names = [terminal_text(client.id) for client in risks.top]
    width = max(map(len, names), default=0)
    return [
        _line("Clients", found, stale),
        *(
            f"{MARGIN}{client.rank:>2}  {name:<{width}}  {client.risk:6.1%}{_interval(client)}  {_reasons(client)}"
            for name, client in zip(names, risks.top, strict=True)
        ),
    ]


def _interval(client: RankedClient) -> str:
    """Return the interval in a column as wide as the widest one; nothing where the model cannot tell."""
    found = risk_interval(client.risk_low, client.risk_high)
    return f"  {f'({found})':<{WIDEST_INTERVAL}}" if found else ""


def _reasons(client: RankedClient) -> str:
    return "; ".join(terminal_text(reason, LONGEST_REASON) for reason in client.reasons)
