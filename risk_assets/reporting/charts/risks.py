"""How the clients spread over the range of risk."""

from __future__ import annotations

from risk_assets.domain.ranking.risk_summary import RiskSummary
from risk_assets.reporting.charts.canvas import axes, figure, name_axes, png, sentence_alone, write
from risk_assets.reporting.charts.marks import risk_bins
from risk_assets.reporting.style import INK, ORANGE, PALE_BLUE, RULE, TEXT_WIDTH
from risk_assets.reporting.wording import count

HEIGHT = 1.35
#: From here on a text would not fit on the right of the threshold.
FAR_RIGHT = 0.6


def risk_histogram(risks: RiskSummary) -> bytes:
    """Return the number of clients in equal bins of risk, those above the threshold in orange, as PNG."""
    if not any(risks.histogram):
        return sentence_alone("No client has been scored yet.")
    chart = figure(TEXT_WIDTH, HEIGHT)
    drawn = axes(chart, 0.55, 0.38, TEXT_WIDTH - 0.75, HEIGHT - 0.58)
    bins = risk_bins(risks)
    middles = [(bin_.low + bin_.high) / 2 for bin_ in bins]
    colours = [ORANGE if bin_.flagged else PALE_BLUE for bin_ in bins]
    drawn.bar(middles, risks.histogram, width=0.92 / len(bins), color=colours, linewidth=0)
    top = max(risks.histogram) * 1.12
    drawn.set(xlim=(0, 1), ylim=(0, top), xticks=[0, 0.25, 0.5, 0.75, 1])
    drawn.set_xticklabels(["0", "25 %", "50 %", "75 %", "100 %"])
    drawn.locator_params(axis="y", nbins=3, integer=True)
    drawn.yaxis.set_major_formatter(lambda clients, _: count(round(clients)))
    drawn.grid(axis="y", color=RULE, linewidth=0.4)
    drawn.axvline(risks.threshold, color=INK, linewidth=0.9)
    side = "left" if risks.threshold < FAR_RIGHT else "right"
    gap = 0.008 if side == "left" else -0.008
    text = f"threshold {risks.threshold:.3f}: {count(risks.flagged)} of {count(risks.clients)} clients above it"
    write(drawn, risks.threshold + gap, top, text, ha=side, va="center")
    name_axes(drawn, "attrition risk", "clients")
    return png(chart)
