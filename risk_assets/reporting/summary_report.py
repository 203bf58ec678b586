"""The report for people: one PDF for client managers and engineers, and its charts as pictures."""

from __future__ import annotations

from pathlib import Path

from risk_assets.reporting import charts as draw
from risk_assets.reporting.content import ReportContent
from risk_assets.reporting.wording import digest, moment, shorten
from risk_assets.storage import atomic


def build_report(content: ReportContent, target: Path, charts: Path, *, created_at: str) -> int:
    """Write the PDF to `target` and its charts into the folder `charts`, and return the number of pages.

    `created_at` is ISO 8601 in UTC. The same content and time give the same bytes. Pictures of an earlier
    report that this one does not have are removed.
    """
    pictures = draw_all(content)
    with atomic.replacing(target) as staged:
        pages = _print(content, pictures, staged, moment(created_at))
    for name, png in pictures.items():
        atomic.write_bytes(charts / name, png)
    for old in set(charts.glob("*.png")) - {charts / name for name in pictures}:
        old.unlink()
    return pages


def draw_all(content: ReportContent) -> dict[str, bytes]:
    """Return every chart of the report as PNG by file name."""
    shapes = draw.shapes(content.scorecard, content.reference, content.columns)
    pairs = draw.pairs(content.scorecard, content.reference, content.columns)
    return {
        "risk_histogram.png": draw.risk_histogram(content.risks),
        **({"backtest.png": draw.backtest_chart(content.backtest)} if content.backtest else {}),
        "confusion_matrix.png": draw.confusion_matrix(content.metrics, content.labels),
        "quality.png": draw.quality(content.metrics),
        "gains.png": draw.gains_chart(content.metrics),
        **{f"shapes_{place}.png": png for place, png in enumerate(shapes, start=1)},
        **{f"pairs_{place}.png": png for place, png in enumerate(pairs, start=1)},
        "history.png": draw.history(content.scores, content.decisions),
        "drift_history.png": draw.drift_history(content.drift_history, content.columns),
        "timings.png": draw.timings(content.diagnostics.timings),
    }


def _print(content: ReportContent, pictures: dict[str, bytes], target: Path, date: str) -> int:
    from reportlab.platypus import PageBreak

    from risk_assets.reporting.pages import (
        backtest,
        calls,
        data,
        diagnostics,
        document,
        fonts,
        front,
        history,
        lineage,
        model,
    )

    fonts.register()
    shapes, pairs = (
        tuple(png for name, png in pictures.items() if name.startswith(kind)) for kind in ("shapes_", "pairs_")
    )
    past = (pictures["history.png"], pictures["drift_history.png"], pictures["timings.png"])
    story = [
        *front.front_page(content, pictures["risk_histogram.png"], date),
        PageBreak(),
        *backtest.backtest_pages(content.backtest, pictures.get("backtest.png"), content.columns),
        *data.data_pages(content.ingestion, content.diagnostics.profile),
        *model.model_pages(content, pictures["confusion_matrix.png"], pictures["quality.png"], shapes, pairs),
        *calls.calls_pages(content.metrics, pictures["gains.png"], content.columns),
        *history.drift_pages(content.drift, content.columns),
        *history.history_pages(content, *past),
        *diagnostics.diagnostics_pages(content.diagnostics),
        *lineage.lineage_pages(content),
    ]
    return document.print_pages(story, target, identity=_identity(content), date=date)


def _identity(content: ReportContent) -> str:
    """Name the version that serves, and the model behind it."""
    if content.manifest is None:
        return "no version serves yet"
    return f"version {shorten(content.manifest.version, 40)} · model {digest(content.manifest.model_sha256)}"
