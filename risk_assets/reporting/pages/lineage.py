"""Lineage: from the files to the model to the decision, as a drawing with versions and counts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from reportlab.graphics.shapes import Drawing, Line, Polygon, Rect, String
from reportlab.lib.colors import HexColor

from risk_assets.domain.deployment.decisions import Manifest
from risk_assets.reporting.content import ReportContent
from risk_assets.reporting.pages.blocks import (
    WIDTH,
    Block,
    cell,
    heading,
    lines,
    note,
    section,
    space,
    table,
    words,
)
from risk_assets.reporting.pages.chart_blocks import drawn
from risk_assets.reporting.style import BLUE, DRIFT_COLOURS, INK, MUTED, ORANGE, RULE, VERDICT_COLOURS, WASH
from risk_assets.reporting.typeface import BOLD, REGULAR, fitted, showable
from risk_assets.reporting.wording import (
    challenger_sentence,
    count,
    digest,
    drift_word,
    interval,
    moment,
    percent,
    plural,
    score,
    volume,
)

ACROSS, UP, GAP, ROW_GAP = 114.0, 50.0, (WIDTH - 4 * 114.0) / 3, 18.0
PADDING = 7.0
TIP = 3.0
#: Points from a line to the next one in a box.
LEADING = 11.0
MOST_FILES = 20
ABOUT = (
    "How the figures of this report came about, by the version that serves: each box was made from those that "
    "point to it. client_risk reads finaldata too; drift, diagnostics and report read what serves."
)


def lineage_pages(content: ReportContent) -> list[Block]:
    """Return the section on where the model that serves came from."""
    return [
        *section("Lineage"),
        words(ABOUT),
        space(8),
        drawn(_drawing(content), ABOUT),
        *([space(4), note(challenger_sentence(content.challenger))] if content.challenger else []),
        *_manifest(content.manifest),
    ]


def _drawing(content: ReportContent) -> Drawing:
    drawing = Drawing(WIDTH, 3 * UP + 2 * ROW_GAP)
    for row, (start, boxes) in enumerate(((1, _lowest(content)), (0, _middle(content)), (0, _upper(content)))):
        for column, (name, texts, colour) in enumerate(boxes, start):
            _box(drawing, (column, row), name, texts, colour)
    for column in range(3):
        _arrow(drawing, (column, 2), (column + 1, 2))
    for column in (0, 2, 3):
        _arrow(drawing, (column, 2), (column, 1))
    _arrow(drawing, (1, 1), (2, 1))
    for column in (1, 2):
        _arrow(drawing, (column, 0), (column + 1, 0))
    _arrow(drawing, (3, 1), (3, 0))
    _rising_arrow(drawing)
    _falling_arrow(drawing)
    return drawing


#: Name, lines and colour.
Box = tuple[str, Sequence[str], str]


def _upper(content: ReportContent) -> tuple[Box, ...]:
    """Return the boxes of the upper row: from the files to the version that serves."""
    data, metrics = content.ingestion, content.metrics
    files, size = plural(len(data.files), "file"), volume(sum(file.bytes for file in data.files))
    features = plural(len(content.scorecard.numeric) + len(content.scorecard.categorical), "feature")
    rows = (
        plural(data.accepted, "row"),
        f"{count(data.duplicates)} duplicates left out",
        _data(data.data_version),
    )
    model = (features, f"threshold {metrics.threshold:.3f}", _model(metrics.model_sha256))
    return (
        ("sourcedata", (f"{files}, {size}", f"{plural(data.read, 'row')} read"), BLUE),
        ("finaldata", rows, BLUE),
        ("trained_model", model, BLUE),
        ("deployed_model", _deployed(content), _decision_colour(content)),
    )


def _middle(content: ReportContent) -> tuple[Box, ...]:
    """Return the boxes of the middle row: what else came of it."""
    data, metrics, risks = content.ingestion, content.metrics, content.risks
    refusing = plural(sum(1 for file in data.files if file.quarantined or file.reason), "file")
    scores = (f"F1 {score(metrics.f1.value)}", interval(metrics.f1), f"ROC AUC {score(metrics.roc_auc.value)}")
    flagged = f"{count(risks.flagged)} at high risk ({percent(risks.flagged, risks.clients)})"
    return (
        ("quarantine", (f"{plural(data.quarantined, 'row')} refused", f"from {refusing}"), MUTED),
        ("testdata", (plural(metrics.n, "row"), f"{count(metrics.positives)} of them positive"), BLUE),
        ("latest_score", scores, BLUE),
        ("client_risk", (plural(risks.clients, "client"), flagged), ORANGE),
    )


def _lowest(content: ReportContent) -> tuple[Box, ...]:
    """Return the boxes of the lowest row: how the world and the system are, and this report."""
    drift, found = content.drift, content.diagnostics
    judged = (f"on {plural(drift.n, 'new row')}", f"policy {drift.policy}") if drift else ()
    colour = DRIFT_COLOURS.get(drift.verdict, MUTED) if drift else MUTED
    timed = f"{plural(found.prediction_rows, 'client')} timed" if found.prediction_rows else "no prediction timed"
    packages = plural(len(found.dependencies.dependencies), "package")
    return (
        ("drift", (drift_word(drift), *judged), colour),
        ("diagnostics", (timed, f"{packages} looked at"), BLUE),
        ("report", ("summary_report.pdf", "this document"), BLUE),
    )


def _data(version: str) -> str:
    return f"data {digest(version)}"


def _model(sha256: str) -> str:
    return f"model {digest(sha256)}"


def _deployed(content: ReportContent) -> tuple[str, ...]:
    decision, manifest = content.decision, content.manifest
    decided = "no decision yet"
    if decision is not None:
        subject = (
            moment(decision.at)[:10] if manifest and decision.version == manifest.version else decision.version
        )
        decided = f"{decision.verdict} {subject}"
    if manifest is None:
        return (decided, "nothing serves")
    return (decided, f"serves {manifest.version}", _model(manifest.model_sha256))


def _decision_colour(content: ReportContent) -> str:
    return VERDICT_COLOURS[content.decision.verdict] if content.decision else MUTED


def _corner(place: tuple[int, int]) -> tuple[float, float]:
    column, row = place
    return column * (ACROSS + GAP), row * (UP + ROW_GAP)


def _box(drawing: Drawing, place: tuple[int, int], name: str, texts: Sequence[str], colour: str) -> None:
    x, y = _corner(place)
    drawing.add(Rect(x, y, ACROSS, UP, fillColor=HexColor(WASH), strokeColor=HexColor(RULE), strokeWidth=0.5))
    drawing.add(Rect(x, y, 2.5, UP, fillColor=HexColor(colour), strokeColor=None))
    room = ACROSS - 2 * PADDING
    styled = [(name, BOLD, 8.0, INK)]
    styled += [(showable(fitted(line, room, 7)), REGULAR, 7.0, MUTED) for line in texts]
    for line, (text, font, size, color) in enumerate(styled):
        height = y + UP - 12 - line * LEADING
        drawing.add(String(x + PADDING + 2, height, text, fontName=font, fontSize=size, fillColor=HexColor(color)))


def _arrow(drawing: Drawing, start: tuple[int, int], end: tuple[int, int]) -> None:
    """Draw an arrow to the next box on the right, or to the one below."""
    (x0, y0), (x1, y1) = _corner(start), _corner(end)
    if start[1] == end[1]:
        _line(drawing, (x0 + ACROSS, y0 + UP / 2), (x1, y1 + UP / 2))
    else:
        _line(drawing, (x0 + ACROSS / 2, y0), (x1 + ACROSS / 2, y1 + UP))


def _rising_arrow(drawing: Drawing) -> None:
    """Draw the way from the score up to the decision, through the gap between their columns."""
    x, y = _corner((2, 1))
    middle, low, high = x + ACROSS + GAP / 2, y + UP / 2, y + UP + ROW_GAP + UP * 0.2
    _path(drawing, (x + ACROSS, low), (middle, low), (middle, high), (x + ACROSS + GAP, high))


def _falling_arrow(drawing: Drawing) -> None:
    """Draw the way from finaldata down to drift, past testdata on its left."""
    (x, top), low = _corner((1, 2)), UP / 2
    start, turn, middle = x + ACROSS / 2, top - ROW_GAP / 2, x - GAP / 2
    _path(drawing, (start, top), (start, turn), (middle, turn), (middle, low), (x, low))


def _path(drawing: Drawing, *points: tuple[float, float]) -> None:
    """Draw a line through these points that ends in a tip."""
    for start, end in pairwise(points[:-1]):
        drawing.add(Line(*start, *end, strokeColor=HexColor(MUTED), strokeWidth=0.8))
    _line(drawing, points[-2], points[-1])


def _line(drawing: Drawing, start: tuple[float, float], end: tuple[float, float]) -> None:
    grey, (x, y) = HexColor(MUTED), end
    drawing.add(Line(*start, x, y, strokeColor=grey, strokeWidth=0.8))
    across = abs(start[1] - y) < 1
    tip = [x, y, x - 5, y + TIP, x - 5, y - TIP] if across else [x, y, x - TIP, y + 5, x + TIP, y + 5]
    drawing.add(Polygon(tip, fillColor=grey, strokeColor=None))


def _manifest(manifest: Manifest | None) -> list[Block]:
    if manifest is None:
        return [space(8), note("No version serves yet, so there is no manifest.")]
    files = sorted(manifest.files.items())[:MOST_FILES]
    rows = [(cell(name, limit=60), volume(size), cell(sha256, MUTED, limit=64)) for name, (sha256, size) in files]
    libraries = ", ".join(f"{name} {version}" for name, version in manifest.libraries.items())
    origin = f"Version {manifest.version}, made from {_data(manifest.data_version)}"
    return [
        *heading("What serves"),
        lines(f"{origin}; before it came {manifest.parent or 'nothing'}.", 2, WIDTH),
        space(4),
        table(("file", "size", "sha256"), rows, (28, 10, 62)),
        space(3),
        *([note(f"Made with {libraries}.")] if libraries else []),
    ]
