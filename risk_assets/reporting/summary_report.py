"""The report for people: one PDF for client managers and engineers, and its charts as pictures."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from risk_assets.reporting import charts as draw
from risk_assets.reporting.content import ReportContent
from risk_assets.reporting.wording import digest, moment, shorten
from risk_assets.storage import atomic


def build_report(content: ReportContent, target: Path, charts: Path, *, created_at: str | None = None) -> int:
    """Write the PDF to `target` and its charts into the folder `charts`, and return the number of pages.

    `created_at` (ISO 8601) is the date that it bears, else when the newest of what it tells was recorded: the same
    content gives the same bytes. Pictures of an earlier report that this one does not have are removed.
    """
    pictures = draw_all(content)
    with atomic.replacing(target) as staged:
        at = datetime.fromisoformat(created_at or content.newest).astimezone(UTC)
        pages = _print(content, pictures, staged, at)
    for name, png in pictures.items():
        atomic.write_bytes(charts / name, png)
    for old in set(charts.glob("*.png")) - {charts / name for name in pictures}:
        old.unlink()
    return pages


def draw_all(content: ReportContent) -> dict[str, bytes]:
    """Return every chart of the report as PNG by file name."""
    shapes = draw.shapes(content.scorecard, content.reference, content.columns)
    pairs = draw.pairs(content.scorecard, content.reference, content.columns)
    moved = draw.moved(content.drift.judgements, content.columns) if content.drift else None
    return {
        "risk_histogram.png": draw.risk_histogram(content.risks),
        **({"backtest.png": draw.backtest_chart(content.backtest)} if content.backtest else {}),
        "confusion_matrix.png": draw.confusion_matrix(content.metrics, content.labels),
        "quality.png": draw.quality(content.metrics),
        "gains.png": draw.gains_chart(content.metrics),
        **{f"shapes_{place}.png": png for place, png in enumerate(shapes, start=1)},
        **{f"pairs_{place}.png": png for place, png in enumerate(pairs, start=1)},
        "history.png": draw.history(content.scores, content.decisions),
        **({"moved.png": moved} if moved else {}),
        "drift_history.png": draw.drift_history(content.drift_history, content.columns),
        "timings.png": draw.timings(content.diagnostics.timings),
    }


def _print(content: ReportContent, pictures: dict[str, bytes], target: Path, at: datetime) -> int:
    from risk_assets.reporting.pages import (
        appendix,
        backtest,
        calls,
        data,
        document,
        drift,
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
    spread = front.risk_spread(content.risks, pictures["risk_histogram.png"])
    first, has_spread = front.front_page(content, spread, moment(at.isoformat()))
    story = [
        *first,
        *backtest.backtest_pages(content, pictures.get("backtest.png")),
        *history.history_pages(content, pictures["history.png"], pictures["drift_history.png"]),
        *model.model_pages(content, pictures["confusion_matrix.png"], pictures["quality.png"], shapes, pairs),
        *calls.calls_pages(content.metrics, pictures["gains.png"], () if has_spread else spread, content.columns),
        *data.data_pages(content.ingestion, content.diagnostics.profile),
        *drift.drift_pages(content.drift, pictures.get("moved.png"), content.columns),
        *lineage.lineage_pages(content),
        *appendix.appendix_pages(content.diagnostics, pictures["timings.png"]),
    ]
    return document.print_pages(story, target, identity=_identity(content), at=at)


def _identity(content: ReportContent) -> str:
    """Name the version that serves, and the model behind it."""
    if content.manifest is None:
        return "no version serves yet"
    return f"version {shorten(content.manifest.version, 40)} · model {digest(content.manifest.model_sha256)}"
