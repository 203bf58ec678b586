"""What came of a run, as a few lines for the terminal."""

from __future__ import annotations

from risk_assets.domain.intake.ingestion import Ingestion
from risk_assets.domain.ranking.risk_summary import RankedClient, RiskSummary
from risk_assets.domain.scoring.metrics import Metrics
from risk_assets.reporting.wording import terminal_text

MARGIN = " " * 10
LONGEST_REASON = 120


def run_summary(
    *,
    ingestion: Ingestion | None,
    metrics: Metrics | None,
    live: str | None,
    risks: RiskSummary | None,
    report: str | None,
) -> str:
    """Return a line or more per result; a result that does not exist yet has none."""
    lines = []
    if ingestion is not None:
        lines.append(_line("Rows", _rows(ingestion)))
    if metrics is not None:
        lines.append(_line("Score", _score(metrics)))
    lines.append(_line("Deployed", live or "nothing yet"))
    if risks is not None:
        lines += _clients(risks)
    if report is not None:
        lines.append(_line("Report", report))
    return "\n".join(lines)


def _line(title: str, text: str) -> str:
    return f"{title:<{len(MARGIN)}}{text}"


def _rows(ingestion: Ingestion) -> str:
    left_out = f"{ingestion.duplicates:,} duplicates, {ingestion.quarantined:,} quarantined"
    files = len(ingestion.files)
    return f"{ingestion.accepted:,} in {files:,} file{'' if files == 1 else 's'} ({left_out})"


def _score(metrics: Metrics) -> str:
    f1 = metrics.f1
    return f"F1 {f1.value:.3f} (95 % interval {f1.low:.3f} to {f1.high:.3f}) on {metrics.n:,} test rows"


def _clients(risks: RiskSummary) -> list[str]:
    found = f"{risks.flagged:,} of {risks.clients:,} at high risk ({risks.threshold:.0%} or more); the first:"
    names = [terminal_text(client.id) for client in risks.top]
    width = max(map(len, names), default=0)
    return [
        _line("Clients", found),
        *(
            f"{MARGIN}{client.rank:>2}  {name:<{width}}  {client.risk:6.1%}  {_reasons(client)}"
            for name, client in zip(names, risks.top, strict=True)
        ),
    ]


def _reasons(client: RankedClient) -> str:
    return "; ".join(terminal_text(reason, LONGEST_REASON) for reason in client.reasons)
